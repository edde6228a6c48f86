import math
import subprocess
import sys

import pytest

from frostline.agents.subsets.schedules import (
    KINDS,
    Observed,
    Schedule,
    parse_schedule,
)


def trace(schedule: Schedule, layers: int, iterations: int, seed: int = 0) -> list[list[int]]:
    """Return the active layers of each iteration of a schedule that needs no metrics."""
    phase = schedule.start(range(layers), seed)
    found = [list(phase.active)]
    for _ in range(iterations - 1):
        phase = schedule.advance(phase, Observed(), range(layers), seed)
        found.append(list(phase.active))
    return found


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("progressive:every=20", "progressive:order=bottom_up,every=20,keep=1,step=1"),
        ("progressive: on=promotion", "progressive:order=bottom_up,on=promotion,keep=1,step=1"),
        (
            "progressive:on=convergence",
            "progressive:order=bottom_up,on=convergence,keep=1,step=1,threshold=0.1,window=5",
        ),
        ("gradual:every=3", "gradual:order=top_down,every=3,step=1"),
        ("cyclic:every=3", "cyclic:k=1,every=3,order=ascending"),
        (" lisa : every = 3 ", "lisa:k=2,every=3"),
        ("greedy:every=3", "greedy:score=grad_norm,k=2,every=3,explore=0.1,ema=0.0"),
        ("greedy:every=3,explore=1e-3,k=1",
         "greedy:score=grad_norm,k=1,every=3,explore=0.001,ema=0.0"),
    ],
)  # fmt: skip
def test_what_a_text_leaves_out_has_a_default(text: str, canonical: str) -> None:
    assert str(parse_schedule(text)) == canonical


def test_every_kind_has_a_name_that_parses() -> None:
    assert KINDS == ("progressive", "gradual", "cyclic", "lisa", "greedy")
    assert [parse_schedule(f"{kind}:every=2").kind for kind in KINDS] == list(KINDS)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("lise:every=2", "schedule must be one of progressive, gradual, cyclic, lisa, greedy, "
         "got 'lise:every=2'; did you mean 'lisa'?"),
        ("", "got ''"),
        ("lisa", "schedule 'lisa': lisa needs every, such as every=10"),
        ("lisa:", "options must follow the colon, got none"),
        ("lisa:evry=2", "options of lisa are k, every; got 'evry'; did you mean 'every'?"),
        ("lisa:every=2,keep=1", "options of lisa are k, every; got 'keep'"),
        ("lisa:every=2,every=3", "every must be given once, as every=VALUE, got 'every=3'"),
        ("lisa:every", "every must be given as every=VALUE, got 'every'"),
        ("lisa:every=", "every must be given as every=VALUE, got 'every='"),
        ("lisa:every=two", "every must be a whole number, got 'two'"),
        ("lisa:every=1.5", "every must be a whole number, got '1.5'"),
        ("lisa:every=-1", "every must be a whole number, got '-1'"),
        ("lisa:every=٣", "every must be a whole number, got '٣'"),
        ("lisa:every=0", "schedule lisa: every must be a whole number from 1 up, got 0"),
        ("lisa:k=0,every=2", "schedule lisa: k must be a whole number from 1 up, got 0"),
        ("progressive", "needs either every=N or on=promotion|convergence, got neither"),
        ("progressive:every=2,on=promotion", "got every=2 and on=promotion"),
        ("progressive:on=promotions",
         "on must be promotion or convergence, got 'promotions'; did you mean 'promotion'?"),
        ("progressive:every=2,order=topdown",
         "order must be bottom_up or top_down, got 'topdown'; did you mean 'top_down'?"),
        ("progressive:every=2,keep=0", "keep must be a whole number from 1 up, got 0"),
        ("progressive:every=2,step=0", "step must be a whole number from 1 up, got 0"),
        ("progressive:every=2,window=3",
         "threshold and window go with on=convergence alone, got threshold=None, window=3"),
        ("progressive:on=convergence,threshold=0", "threshold must be above 0, got 0.0"),
        ("progressive:on=convergence,window=0", "window must be a whole number from 1 up, got 0"),
        ("gradual:on=convergence", "on must be promotion, got 'convergence'"),
        ("gradual:every=2,step=0", "step must be a whole number from 1 up, got 0"),
        ("cyclic:every=2,order=asc", "order must be ascending or descending or random, got 'asc'"),
        ("greedy:every=2,score=gradnorm", "got 'gradnorm'; did you mean 'grad_norm'?"),
        ("greedy:every=2,explore=1.5", "explore must be in 0 … 1, got 1.5"),
        ("greedy:every=2,explore=nan", "explore must be a number, got 'nan'"),
        ("greedy:every=2,ema=1", "ema must be at least 0 and below 1, got 1.0"),
        ("greedy:every=2,score=contribution",
         "score=contribution and file=PROFILE.json go together, got score=contribution and no"),
        ("greedy:every=2,file=a.json", "got score=grad_norm and file=a.json"),
        ("greedy:every=2,score=contribution,file=a+b", "without ',', '+' and '@', got 'a+b'"),
    ],
)  # fmt: skip
def test_a_bad_schedule_says_what_is_wrong(text: str, message: str) -> None:
    with pytest.raises(ValueError, match="schedule") as error:
        parse_schedule(text)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("lisa:k=5,every=2", "schedule lisa:k=5,every=2: k must be at most the number of "
         "candidate layers, 4, got 5; did you mean k=4?"),
        ("greedy:k=5,every=2", "k must be at most the number of candidate layers, 4, got 5"),
        ("cyclic:k=5,every=2", "k must be at most the number of candidate layers, 4, got 5"),
        ("progressive:keep=5,every=2", "keep must be at most the number of candidate layers, 4"),
        ("gradual:step=5,every=2", "step must be at most the number of candidate layers, 4"),
    ],
)  # fmt: skip
def test_more_layers_than_candidates_are_refused_at_the_start(text: str, message: str) -> None:
    with pytest.raises(ValueError, match="candidate") as error:
        parse_schedule(text).start(range(4), 0)
    assert message in str(error.value)


def test_a_schedule_without_candidates_is_refused() -> None:
    with pytest.raises(ValueError, match="needs candidate layers, got none"):
        parse_schedule("lisa:every=2").start([], 0)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("progressive:every=2,keep=2",
         [[0, 1, 2, 3], [0, 1, 2, 3], [1, 2, 3], [1, 2, 3], [2, 3], [2, 3], [2, 3]]),
        ("progressive:every=1,order=top_down,step=2", [[0, 1, 2, 3], [0, 1], [0], [0]]),
        ("gradual:every=2", [[3], [3], [2, 3], [2, 3], [1, 2, 3], [1, 2, 3], [0, 1, 2, 3]]),
        ("gradual:every=1,order=bottom_up,step=3", [[0, 1, 2], [0, 1, 2, 3], [0, 1, 2, 3]]),
        ("cyclic:every=2", [[0], [0], [1], [1], [2], [2], [3], [3], [0]]),
        ("cyclic:every=1,k=3,order=descending", [[3], [0, 1, 2], [3]]),
    ],
)  # fmt: skip
def test_a_schedule_by_iteration_follows_the_sequence_worked_by_hand(
    text: str, expected: list[list[int]]
) -> None:
    assert trace(parse_schedule(text), 4, len(expected)) == expected


def test_random_schedules_give_the_draws_that_were_recorded() -> None:
    # a change of these numbers changes what every seed means
    lisa = [[2, 4], [2, 3], [2, 5], [2, 5], [0, 2]]
    assert trace(parse_schedule("lisa:k=2,every=1"), 6, 5) == lisa
    cyclic = trace(parse_schedule("cyclic:every=1,order=random"), 4, 8)
    assert cyclic == [[3], [2], [1], [0], [1], [3], [0], [2]]
    assert parse_schedule("greedy:every=1").start(range(6), 0).active == (1, 3)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("progressive:on=promotion,keep=1", [(1, 2, 3), (1, 2, 3), (3,), (3,)]),
        ("progressive:on=promotion,order=top_down", [(0, 1, 2), (0, 1, 2), (0,), (0,)]),
        ("gradual:on=promotion", [(2, 3), (2, 3), (0, 1, 2, 3), (0, 1, 2, 3)]),
    ],
)
def test_each_promotion_is_one_step(text: str, expected: list[tuple[int, ...]]) -> None:
    schedule = parse_schedule(text)
    phase = schedule.start(range(4), 0)
    found = []
    for promotions in (1, 0, 2, 1):
        phase = schedule.advance(phase, Observed(promotions=promotions), range(4), 0)
        found.append(phase.active)
    assert found == expected


def converge(text: str, norms: list[dict[int, float]], layers: int) -> list[tuple[int, ...]]:
    schedule = parse_schedule(text)
    phase = schedule.start(range(layers), 0)
    found = []
    for row in norms:
        phase = schedule.advance(phase, Observed(grad_norms=row), range(layers), 0)
        found.append(phase.active)
    return found


def test_a_layer_freezes_when_its_gradient_norm_is_steady_between_two_windows() -> None:
    # windows of 2: layer 0 goes 5.0, 4.2 (change 0.16: no), 4.0 (0.048: freeze), while layer 1
    # goes 2, 4, 4, 4 and is tested only once layer 0 has frozen
    layer_0 = [6.0, 4.0, 4.4, 4.0, 4.0, 4.0, 9.0, 9.0]
    layer_1 = [2.0, 2.0, 4.0, 4.0, 4.0, 4.0, 4.0, 4.0]
    norms = [{0: a, 1: b, 2: 1.0} for a, b in zip(layer_0, layer_1, strict=True)]
    found = converge("progressive:on=convergence,threshold=0.1,window=2", norms, 3)
    assert found == [(0, 1, 2)] * 5 + [(1, 2)] * 2 + [(2,)]


def test_the_layer_next_in_line_is_tested_and_no_other() -> None:
    norms = [{0: 2.0**i, 1: 1.0} for i in range(6)]
    bottom_up = converge("progressive:on=convergence,window=1", norms, 2)
    top_down = converge("progressive:on=convergence,window=1,order=top_down", norms, 2)
    assert bottom_up == [(0, 1)] * 6
    assert top_down == [(0, 1)] + [(0,)] * 5


def test_layers_that_freeze_together_are_tested_together() -> None:
    # 3 and 4 give 5, as 4 and 3 do: each changes by a third, both together not at all
    norms = [{0: 3.0, 1: 4.0, 2: 1.0}, {0: 4.0, 1: 3.0, 2: 1.0}]
    assert converge("progressive:on=convergence,window=1,step=2", norms, 3)[-1] == (2,)
    assert converge("progressive:on=convergence,window=1,step=1", norms, 3)[-1] == (0, 1, 2)


@pytest.mark.parametrize(
    "silent", [{}, {0: 1.0}, {0: math.nan, 1: 1.0}, {0: 0.0, 1: 0.0}, {0: math.inf, 1: 1.0}]
)
def test_an_iteration_without_signal_is_no_sign_of_convergence(silent: dict[int, float]) -> None:
    text = "progressive:on=convergence,window=1"
    assert converge(text, [{0: 1.0, 1: 1.0}, silent, silent], 2)[-1] == (0, 1)
    assert converge(text, [{0: 1.0, 1: 1.0}, silent, {0: 1.0, 1: 1.0}], 2)[-1] == (1,)


def test_a_random_cycle_is_shuffled_anew() -> None:
    active = trace(parse_schedule("cyclic:every=1,order=random"), 6, 60)
    cycles = {tuple(n for (n,) in active[i : i + 6]) for i in range(0, 60, 6)}
    assert len(cycles) > 5


def test_lisa_draws_every_layer_equally_often_and_by_seed() -> None:
    # 2 of 4 layers: each is active with probability 1/2; 2000 periods have standard error 0.011
    active = trace(parse_schedule("lisa:k=2,every=1"), 4, 2000)
    for layer in range(4):
        assert sum(layer in row for row in active) / 2000 == pytest.approx(0.5, abs=0.045)
    assert active != trace(parse_schedule("lisa:k=2,every=1"), 4, 2000, seed=1)


def test_neighbouring_seeds_share_no_draws() -> None:
    schedule = parse_schedule("lisa:k=2,every=1")
    first, second = trace(schedule, 8, 200), trace(schedule, 8, 201, seed=1)
    for shift in (0, 1):  # as they would if seed and period were added up
        same = sum(a == b for a, b in zip(first, second[shift:], strict=False))
        assert same < 40  # by chance 200 / 28 = 7


@pytest.mark.parametrize(
    ("text", "metric"),
    [
        ("progressive:on=promotion", "promotions"),
        ("progressive:on=convergence", "gradient norms"),
        ("gradual:on=promotion", "promotions"),
        ("greedy:every=2", "scores"),
    ],
)
def test_a_schedule_that_waits_for_a_metric_says_so_and_previews_its_start(
    text: str, metric: str
) -> None:
    schedule = parse_schedule(text)
    assert schedule.depends_on == metric
    assert schedule.phases(range(4), 0, 50) == schedule.start(range(4), 0).history


def test_schedules_import_without_torch() -> None:
    code = (
        "import sys, types\n"
        "import frostline.agents\n"
        "package = types.ModuleType('frostline.agents.subsets')\n"
        "package.__path__ = [frostline.agents.__path__[0] + '/subsets']\n"
        "sys.modules['frostline.agents.subsets'] = package\n"
        "import frostline.agents.subsets.schedules\n"
        "print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
