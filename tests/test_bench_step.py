"""`frostline bench step`: the rows, and that both sides do the work they are said to do."""

import json
from typing import Any

import pytest
import torch

from frostline.bench.clock import time_iteration
from frostline.bench.command import figure, specs, table
from frostline.bench.job import END, VOCABULARY, Job, make_agent, make_model, make_tokenizer
from frostline.bench.memory import live_bytes, measure_memory, peak_growth
from frostline.bench.peer import _Trainer, alternating, take_turns
from frostline.bench.products import product_rates
from frostline.bench.row import Row, against
from frostline.cli import EXIT_USAGE
from frostline.cli import main as frostline

TINY = Job(layers=2, width=32, mlp=64, prompts=2, generations=4, completion_tokens=6)
SIZES = "--layers 2 --width 32 --mlp 64 --groups 2 --num-generations 4 --max-completion-length 6"


def rows_of(capsys: pytest.CaptureFixture[str], line: str) -> dict[str, dict[str, Any]]:
    assert frostline(["bench", "step", *line.split(), *SIZES.split(), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert all(set(row) == {"name", "value", "unit", "peer", "ratio"} for row in found)
    assert len({row["name"] for row in found}) == len(found)
    return {row["name"]: row for row in found}


def test_every_figure_has_its_row(capsys: pytest.CaptureFixture[str]) -> None:
    rows = rows_of(capsys, "--rounds 1 --subsets last:1 --others lora:r=2,alpha=4")
    timed, every = ["last:1"], ["full", "last:1", "lora:r=2,alpha=4"]
    assert set(rows) == {
        *(
            f"{part}/{spec}"
            for part in ("iteration", "generation", "update_time")
            for spec in timed
        ),
        *(f"{part}/{spec}" for part in ("update", "memory", "memory_share") for spec in every),
        *(f"flops/{phase}" for phase in ("decoding", "forward", "backward")),
        "switch/cyclic",
    }
    for spec in timed:
        whole = rows[f"iteration/{spec}"]
        assert whole["ratio"] == pytest.approx(whole["peer"] / whole["value"])
        for side in ("value", "peer"):
            parts = rows[f"generation/{spec}"][side] + rows[f"update_time/{spec}"][side]
            assert whole[side] == pytest.approx(parts)
    assert (rows["update/full"]["value"], rows["update/full"]["peer"]) == (1.0, 1.0)
    for spec in every:
        assert 0.8 < rows[f"memory/{spec}"]["ratio"] < 1.2
        share = rows[f"memory/{spec}"]["value"] / rows["memory/full"]["value"]
        assert rows[f"memory_share/{spec}"]["value"] == pytest.approx(share)
    for name in ("decoding", "forward", "backward"):
        assert 0 < rows[f"flops/{name}"]["ratio"] < 1
    assert 0 < rows["switch/cyclic"]["value"] < 0.5


def test_without_a_peer_times_stand_alone(capsys: pytest.CaptureFixture[str]) -> None:
    rows = rows_of(capsys, "--rounds 1 --no-peer --subsets last:1 --others=")
    assert (rows["iteration/last:1"]["peer"], rows["iteration/last:1"]["ratio"]) == (None, None)
    assert "iteration/full" not in rows
    assert rows["update/last:1"]["peer"] < 1  # full is measured all the same, to compare with


def test_prompts_have_the_length_that_the_job_says() -> None:
    job, tokenizer = Job(), make_tokenizer()
    lengths = [len(tokenizer(job.question("test", i) + "\n")["input_ids"]) for i in range(200)]
    assert set(lengths) == set(range(16, 23))
    assert len(tokenizer) == VOCABULARY == make_model(TINY).config.vocab_size
    assert tokenizer.eos_token_id == END


def test_every_group_of_the_native_side_has_signal() -> None:
    agent = make_agent(TINY, "last:1")
    for _ in range(4):
        metrics = agent.step()
        assert metrics["signal"] == 1.0
        assert all(15 <= len(s["prompt"]) <= 21 for s in metrics["samples"])


def test_the_two_sides_take_turns_on_the_same_work(monkeypatch: pytest.MonkeyPatch) -> None:
    turns: list[int] = []
    seen: list[tuple[int, set[str]]] = []
    inner = _Trainer._generate_and_score_completions

    def spy(self: Any, inputs: Any) -> Any:
        result = inner(self, inputs)
        trained = {n for n, p in self.model.named_parameters() if p.requires_grad}
        seen.append((len(turns), trained))
        prompts = result["prompt_mask"].sum(1)
        assert 16 <= prompts.min() <= prompts.max() <= 22
        assert result["completion_ids"].shape == (TINY.prompts * TINY.generations, 6)
        assert (result["advantages"] != 0).all()
        return result

    monkeypatch.setattr(_Trainer, "_generate_and_score_completions", spy)
    times = take_turns(TINY, "last:1", 3, lambda: turns.append(len(turns)))
    assert turns == [0, 1, 2]
    assert [n for n, _ in seen] == [0, 1, 2]
    subset = make_agent(TINY, "last:1").subset
    assert all(trained == set(subset.names) for _, trained in seen)
    assert len(times.total) == len(times.rest) == 3
    for total, rest, update in zip(times.total, times.rest, times.update, strict=True):
        assert 0 < rest < total
        assert update == total - rest


def test_rewards_of_the_peer_differ_within_each_group() -> None:
    assert alternating(["a"] * 4, prompts=["b"] * 4) == [0.0, 1.0, 0.0, 1.0]


def test_phases_add_up_to_the_iteration() -> None:
    agent = make_agent(TINY, "full")
    agent.step()
    timing = time_iteration(agent)
    assert timing.rest + timing.update == timing.total
    assert timing.forward > 0
    assert timing.forward + timing.backward + timing.optimizer == pytest.approx(timing.update)
    assert timing.load.prompts == TINY.prompts
    assert 16 <= timing.load.prompt_tokens <= timing.load.longest_prompt <= 22
    assert 1 <= timing.load.completion_tokens <= timing.load.longest_completion == 6
    assert "step" not in vars(agent.learner.optimizer)  # the stop watch is off again
    assert "update" not in vars(agent.learner)


def test_live_bytes_count_a_storage_once() -> None:
    before = live_bytes()
    a = torch.zeros(1000)
    views = [a[:10], a.view(10, 100), a.detach()]
    assert live_bytes() - before == 4000
    del a, views
    assert live_bytes() == before


def test_the_peak_counts_what_is_freed_again_and_what_only_the_graph_holds() -> None:
    def freed() -> None:
        torch.zeros(1000)
        torch.zeros(500)

    assert peak_growth(freed) == 4000
    x = torch.ones(1000, requires_grad=True)

    def graph() -> None:
        y = x
        for _ in range(3):
            y = y.exp()  # each keeps its result for the backward pass
        y.sum()

    assert peak_growth(graph) >= 3 * 4000


def test_memory_of_an_update_is_that_of_its_agent_alone() -> None:
    make = lambda: make_agent(TINY, "full")  # noqa: E731
    agent, first = measure_memory(make)
    other, second = measure_memory(make)  # while the first agent is alive
    assert agent is not other
    assert (first.before, first.peak) == (second.before, second.peak)
    weights = sum(4 * p.numel() for p in agent.policy.model.parameters())
    assert first.before >= 3 * weights  # weights and both moments
    assert first.peak > first.before


def test_products_are_timed_in_flops_per_second() -> None:
    from frostline.agents.subsets.shape import shape_of

    rates = product_rates(shape_of(make_model(TINY)), rows=8, tokens=64)
    assert set(rates) == {"decoding", "forward", "backward"}
    assert all(1e6 < rate < 1e15 for rate in rates.values())


def test_lists_of_subsets_may_hold_commas_of_their_own() -> None:
    assert specs("full, layers:3,7,10-14,lora:r=8,alpha=16@last:4,norms+head", "subsets") == [
        "full", "layers:3,7,10-14", "lora:r=8,alpha=16@last:4", "norms+head",
    ]  # fmt: skip
    assert specs("", "others") == []


def test_the_table_shows_rows_without_a_peer() -> None:
    found = table([against("update/a", 1.0, "of full", 2.0), Row("switch/b", 0.5, "s")])
    assert found.row_count == 2
    assert [figure(x) for x in (12345.6, 0.5)] == ["12,346", "0.5"]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("stpe", "bench must be one of envs, verifiers, step, curricula, got 'stpe'; did you mean"),
        ("step --rounds 0", "rounds: should be greater than or equal to 1, got 0"),
        ("step --round 3", "did you mean --rounds?"),
        ("step --subsets full,,last:1", "subsets must be trainable subsets between commas"),
        ("step --subsets frist:5 --no-peer", "did you mean 'first'?"),
        ("step --others last:13 --no-peer", "last:k needs 1 <= k <= 12, got '13'"),
    ],
)
def test_a_mistake_is_told_in_one_line(
    line: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert frostline(["bench", *line.split()]) == EXIT_USAGE
    out, err = capsys.readouterr()
    assert message in err
    assert err.count("\n") == 1, "nothing was measured before"
    assert out == ""


def test_bench_alone_lists_what_can_be_measured(capsys: pytest.CaptureFixture[str]) -> None:
    assert frostline(["bench"]) == EXIT_USAGE
    assert "  step       time iterations" in capsys.readouterr().out
