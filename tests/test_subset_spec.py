"""What a spec says before any model is there: its items, its layers, and what is refused."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frostline.agents.subsets import parse, spec_text
from frostline.agents.subsets.layers import choose_layers


@pytest.mark.parametrize(
    ("spec", "items"),
    [
        ("full", [("full", "full", "", "")]),
        ("layers:3,7,10-14", [("layers", "layers", "3,7,10-14", "")]),
        (
            "attention@first:5+mlp@last:2+head",
            [
                ("modules", "attention", "", "first:5"),
                ("modules", "mlp", "", "last:2"),
                ("part", "head", "", ""),
            ],
        ),
        ("lora:r=8,alpha=32@last:4", [("adapter", "lora", "r=8,alpha=32", "last:4")]),
        (
            " norms + final_norm ",
            [("modules", "norms", "", ""), ("part", "final_norm", "", "")],
        ),
        (
            "lisa:k=2,every=10@layers:1,3+embeddings",
            [("schedule", "lisa", "k=2,every=10", "layers:1,3"), ("part", "embeddings", "", "")],
        ),
        ("steering@middle:4", [("steering", "steering", "", "middle:4")]),
        ("peft:a@b.json@first:2", [("adapter", "peft", "a@b.json", "first:2")]),
    ],
)
def test_a_spec_is_a_list_of_items(spec: str, items: list[tuple[str, ...]]) -> None:
    assert [(i.role, i.word, i.argument, i.layers) for i in parse(spec)] == items


@pytest.mark.parametrize(
    ("spec", "words", "pattern"),
    [
        (r"regex:model\.layers\.(0|1)\.mlp\..*", ["regex"], r"model\.layers\.(0|1)\.mlp\..*"),
        ("head+regex:a+b@c+head", ["head", "regex"], "a+b@c+head"),
        ("regex:regex:x", ["regex"], "regex:x"),
    ],
)
def test_a_regex_takes_the_rest_of_the_line(spec: str, words: list[str], pattern: str) -> None:
    items = parse(spec)
    assert [item.word for item in items] == words
    assert items[-1].argument == pattern


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("frist:5", "unknown item 'frist:5'; did you mean 'first'?"),
        ("layer:3", "unknown item 'layer:3'; did you mean 'layers'?"),
        ("last:1+embedding", "unknown item 'embedding'; did you mean 'embeddings'?"),
        ("last:1+norm", "unknown item 'norm'; did you mean 'final_norm' or 'norms'?"),
        ("atention@first:1", "unknown item 'atention@first:1'; did you mean 'attention'?"),
        ("liza:k=2", "unknown item 'liza:k=2'; did you mean 'lisa'?"),
        ("qqq", "unknown item 'qqq'; an item starts with one of first:k, last:k, middle:k, …"),
        ("", "an item is empty"),
        ("last:1+", "an item is empty"),
        ("+last:1", "an item is empty"),
        ("last:1++regex:x", "an item is empty"),
        ("full+head", "full stands alone, drop head"),
        ("lora+full", "full stands alone, drop lora"),
        ("full+regex:x", "full stands alone, drop regex:x"),
        ("full:3", "full takes no argument, got '3'"),
        ("full@first:2", "full names layers itself, drop @first:2"),
        ("first:5@last:2", "first:5 names layers itself, drop @last:2"),
        ("head@first:2", "head is outside the layers, drop @first:2"),
        ("mlp:first:2", "mlp takes no argument, got 'first:2'; did you mean mlp@first:2?"),
        ("mlp@", "'mlp@' needs layers after the @, such as mlp@first:5"),
        ("lora+dora@first:1", "there may be one adapter, got lora and dora@first:1"),
        (
            "lisa:k=1,every=2+cyclic:every=2",
            "there may be one schedule, got lisa:k=1,every=2 and cyclic:every=2",
        ),
        (
            "lisa:k=1,every=2+head+lora",
            "a schedule may be joined by embeddings, head and final_norm only, drop lora",
        ),
        ("regex", "regex needs a pattern, regex:PATTERN"),
        ("regex: ", "regex needs a pattern, regex:PATTERN"),
        ("regex:(", "regex:( is no regular expression: missing ), unterminated subpattern …"),
    ],
)
def test_a_bad_spec_is_refused_with_the_rule_and_the_near_miss(spec: str, message: str) -> None:
    expected = re.escape(f"trainable spec {spec!r}: {message}").replace("…", ".*")
    with pytest.raises(ValueError, match=f"^{expected}$"):
        parse(spec)


@pytest.mark.parametrize(
    ("text", "layers"),
    [
        ("first:1", [0]),
        ("first:12", range(12)),
        ("last:3", [9, 10, 11]),
        ("middle:4", [4, 5, 6, 7]),
        ("middle:3", [4, 5, 6]),
        ("middle:12", range(12)),
        ("every:1", range(12)),
        ("every:5", [0, 5, 10]),
        ("layers:1", [1]),
        ("layers: 4 , 2-3,3", [2, 3, 4]),
    ],
)
def test_layers_are_chosen_by_position(text: str, layers: list[int]) -> None:
    assert choose_layers(text, 12) == tuple(layers)


@given(st.integers(1, 60), st.data())
def test_the_middle_layers_start_at_half_the_count_less_half_of_k(
    count: int, data: st.DataObject
) -> None:
    k = data.draw(st.integers(1, count))
    chosen = choose_layers(f"middle:{k}", count)
    assert chosen == tuple(range(chosen[0], chosen[0] + k))
    assert chosen[0] <= count / 2 - k / 2 < chosen[0] + 1


@given(st.integers(1, 60), st.integers(0, 2**40), st.data())
def test_random_layers_are_a_pure_function_of_the_seed(
    count: int, seed: int, data: st.DataObject
) -> None:
    k = data.draw(st.integers(1, count))
    chosen = choose_layers(f"random:{k}", count, seed=seed)
    assert chosen == choose_layers(f"random:{k}", count, seed=seed)
    assert len(set(chosen)) == k
    assert list(chosen) == sorted(chosen)
    assert set(chosen) <= set(range(count))


def test_neighbouring_seeds_choose_different_random_layers() -> None:
    drawn = {choose_layers("random:5", 28, seed=seed) for seed in range(100)}
    assert len(drawn) > 90


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("first:0", "first:k needs 1 <= k <= 12, got '0'"),
        ("first:13", "first:k needs 1 <= k <= 12, got '13'"),
        ("last:-1", "last:k needs 1 <= k <= 12, got '-1'"),
        ("last", "last:k needs 1 <= k <= 12, got ''"),
        ("first:٣", "first:k needs 1 <= k <= 12, got '٣'"),
        ("every:0", "every:n needs 1 <= n <= 12, got '0'"),
        ("middle:x", "middle:k needs 1 <= k <= 12, got 'x'"),
        ("layers:", "'' is no layer number or range a-b"),
        ("layers:1,,2", "'' is no layer number or range a-b"),
        ("layers:1-", "'1-' is no layer number or range a-b"),
        ("layers:3-1", "a range runs upwards, a-b, got '3-1'; did you mean '1-3'?"),
        ("layers:12", "layers are numbered 0 … 11, got '12'"),
        ("layers:3-99", "layers are numbered 0 … 11, got '3-99'"),
        (
            "fist:3",
            "layers must be one of first:k, last:k, middle:k, every:n, random:k, "
            "layers:3,7,10-14; got 'fist:3'; did you mean 'first'?",
        ),
    ],
)
def test_a_bad_choice_of_layers_is_refused(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        choose_layers(text, 12)


@pytest.mark.parametrize(
    ("value", "spec"),
    [
        (" first:5+head ", "first:5+head"),
        (["attention@first:5", "head"], "attention@first:5+head"),
        (["regex:a|b", "head"], "head+regex:a|b"),
        ({"layers": "first:5"}, "first:5"),
        ({"layers": [3, 7]}, "layers:3,7"),
        ({"layers": "full"}, "full"),
        ({"modules": ["attention", "mlp"]}, "attention+mlp"),
        (
            {"layers": "first:5", "modules": ["attention", "mlp"], "embeddings": True},
            "attention@first:5+mlp@first:5+embeddings",
        ),
        (
            {"regex": "a.*", "head": True, "final_norm": True, "embeddings": False},
            "head+final_norm+regex:a.*",
        ),
        ({"adapter": "lora:r=4", "layers": [1]}, "lora:r=4@layers:1"),
        ({"adapter": {"kind": "lora", "r": 8, "modules": "mlp"}}, "lora:r=8,modules=mlp"),
        ({"adapter": {"kind": "ia3", "layers": "last:2"}, "layers": "first:1"}, "ia3@last:2"),
        ({"adapter": {"kind": "peft", "file": "a.json"}}, "peft:a.json"),
        ({"steering": True, "layers": "middle:4"}, "steering@middle:4"),
        (
            {"schedule": {"kind": "lisa", "k": 2, "every": 10}, "head": True},
            "lisa:k=2,every=10+head",
        ),
        ([{"layers": "first:1"}, {"modules": "mlp"}], "first:1+mlp"),
    ],
)
def test_a_table_or_list_is_written_as_one_line(value: object, spec: str) -> None:
    assert spec_text(value) == spec
    assert "+".join(item.text for item in parse(spec)) == spec


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (5, "trainable must be a string, a list or a table, got 5"),
        ([], "trainable must name what trains, got []"),
        ({}, "trainable must name what trains, got {}"),
        ({"head": False}, "trainable must name what trains, got {'head': False}"),
        ({"layer": "first:5"}, "unknown key trainable.layer; did you mean 'layers'?"),
        ({"head": "yes"}, "trainable.head must be true or false, got 'yes'"),
        ({"modules": [3]}, "trainable.modules must be a string, got 3"),
        (
            {"layers": [True]},
            "trainable.layers must be a string or a list of numbers, got [True]",
        ),
        ({"layers": ""}, "trainable.layers must be a string or a list of numbers, got ''"),
        ({"regex": ""}, "trainable.regex must be a string, got ''"),
        (
            {"adapter": {"r": 8}},
            "trainable.adapter must be a string or a table with a kind, got {'r': 8}",
        ),
        (
            {"adapter": {"kind": "lora", "r": [8]}},
            "trainable.adapter.r must be a number, a string or true or false, got [8]",
        ),
        (
            {"adapter": {"kind": "peft", "fille": "a"}},
            "unknown key trainable.adapter.fille; did you mean 'file'?",
        ),
        (
            ["regex:a", {"regex": "b"}],
            "trainable may have one regex, join them with |; got ['regex:a', {'regex': 'b'}]",
        ),
    ],
)
def test_a_bad_table_is_refused(value: object, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        spec_text(value)
