"""One run of a study: what its line holds, and that whatever happens is a line."""

import math
import random
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import children
import pytest

from frostline.agents.grpo import GRPOAgent
from frostline.agents.policy import Policy
from frostline.bench.job import Alternating, Job, PlainEnv, make_model, make_tokenizer
from frostline.bench.memory import measure_memory
from frostline.config import TrainConfig
from frostline.curricula import PRESETS
from frostline.envs import Problem, Status, TaskSpec, Verdict
from frostline.parts import build_agent
from frostline.study.lines import RunLine, unpack
from frostline.study.plan import Task
from frostline.study.priced_agent import PricedAgent
from frostline.study.run import COLLAPSED_AFTER, Diverged, Record, config_of, exam_tasks, execute
from frostline.study.spec import Study

ITERATIONS = 4


class Dice(children.Coin):
    """A family that is examined and not trained on."""

    name: ClassVar[str] = "dice"

    def draw(self, level: int, rng: random.Random) -> int:
        return 20_000 + rng.randrange(10_000)


@pytest.fixture(scope="module")
def study(tiny: Callable[[str], Path]) -> Study:
    return Study.model_validate(
        {
            "name": "tiny",
            "train": {
                "policy": str(tiny("llama")),
                "family": ["children:Coin"],
                "iterations": ITERATIONS,
                "grpo": {
                    "groups": 4, "num_generations": 4, "max_completion_length": 2,
                    "warmup_iterations": 0,
                },
            },
            "exam": {"problems": 40, "others": ["test_study_run:Dice"], "problems_others": 10},
            "arms": [
                {"trainable": "none"},
                {"trainable": "full"},
                {"trainable": "last:1"},
                {"trainable": "lora:r=2"},
                {
                    "trainable": "first:1", "optimizer": "sgd", "name": "sgd",
                    "rates": [1e-3, 1e-2, 1e-1, 1.0, 10.0],
                },
                {"trainable": "progressive:every=1", "name": "freezing"},
            ],
        }
    )  # fmt: skip


def task(arm: str = "full", **changes: Any) -> Task:
    if arm == "none":
        return replace(Task("none", "none", 0.0, 0, "final", 0), **changes)
    return replace(Task(arm, "frontier", 6e-3, 0, "final", ITERATIONS), **changes)


def run(study: Study, task: Task) -> RunLine:
    return execute(study, task, lambda iteration: None)


def timeless(line: RunLine) -> RunLine:
    return replace(line, seconds={})


@pytest.fixture(scope="module")
def full(study: Study) -> RunLine:
    return run(study, task())


def test_a_line_holds_how_the_run_went(study: Study, full: RunLine) -> None:
    assert (full.status, full.error) == ("ok", "")
    assert Task.of(full) == task()
    assert full.trainable == full.total > 0
    assert len(full.reward) == len(full.signal) == ITERATIONS
    assert all(0 <= value <= 1 for value in (*full.reward, *full.signal))
    assert sum(full.groups.values()) == ITERATIONS * 4
    assert set(full.groups) <= {"coin/1", "coin/2"}
    assert full.levels.keys() == {"coin"}
    assert full.problems == {"coin/1": 20, "coin/2": 20, "dice/1": 5, "dice/2": 5}
    assert all(len(unpack(full.solved[key], n)) == n for key, n in full.problems.items())
    assert full.seconds.keys() == {"generate", "verify", "update", "exam"}
    assert full.split == "test"
    assert full.peak_bytes is not None
    assert full.peak_bytes > 4 * full.total
    assert full.update_flops_share == 1
    assert "1 thread per run" in full.hardware
    assert RunLine.from_dict(full.to_dict()) == full


def test_the_same_run_twice_is_the_same_line(study: Study, full: RunLine) -> None:
    assert timeless(run(study, task())) == timeless(full)


def test_each_iteration_is_told(study: Study) -> None:
    told: list[int] = []
    execute(study, task(), told.append)
    assert told == list(range(1, ITERATIONS + 1))


def test_a_run_trains_as_frostline_train_does(study: Study, full: RunLine) -> None:
    config = config_of(study, task())
    assert config == TrainConfig(
        policy=study.train.policy, family=("children:Coin",), trainable="full", seed=0,
        iterations=ITERATIONS, grpo=study.config(study.arm("full"), 6e-3),
    )  # fmt: skip
    agent, _ = build_agent(config)
    rewards = [round(line["reward"], 4) for line in agent.train(ITERATIONS)]
    assert list(full.reward) == rewards


def test_the_untrained_policy_only_sits_the_exam(study: Study, full: RunLine) -> None:
    line = run(study, task("none"))
    assert line.status == "ok"
    assert (line.trainable, line.total) == (0, full.total)
    assert (line.reward, line.groups, line.levels) == ((), {}, {})
    assert line.seconds.keys() == {"exam"}
    assert line.problems == full.problems
    assert line.update_flops_share is line.peak_bytes is None


@pytest.mark.parametrize(
    ("arm", "full_pays"), [("last:1", 0.7), ("lora:r=2", 1.0), ("freezing", 1.0), ("sgd", 1.0)]
)
def test_a_subset_trains_less_and_pays_less(
    study: Study, full: RunLine, arm: str, full_pays: float
) -> None:
    line = run(study, task(arm))
    assert line.status == "ok"
    assert 0 < line.trainable <= full.trainable
    assert line.update_flops_share is not None
    assert line.update_flops_share < full_pays


def test_all_arms_of_a_seed_sit_the_same_exam_and_tuning_never_sees_the_test_split(
    study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    met: set[TaskSpec] = set()
    original = children.Coin.problem

    def noted(self: children.Coin, spec: TaskSpec) -> Problem:
        met.add(spec)
        return original(self, spec)

    monkeypatch.setattr(children.Coin, "problem", noted)

    def asked(one: Task) -> set[TaskSpec]:
        met.clear()
        assert run(study, one).status == "ok"
        return {spec for spec in met if spec.split != "train"}

    exams = [asked(task(arm, seed=1)) for arm in ("none", "full", "last:1")]
    assert exams[0] == exams[1] == exams[2]
    assert len(exams[0]) == 50
    assert {spec.split for spec in exams[0]} == {"test"}
    assert not exams[0] & asked(task(seed=2))
    tuning = [asked(task(arm, seed=10_001, stage="tune")) for arm in ("full", "last:1")]
    assert tuning[0] == tuning[1]
    assert {(spec.family, spec.split) for spec in tuning[0]} == {("coin", "validation")}
    assert len(tuning[0]) == 10  # a quarter


def test_exams_of_different_numbers_share_no_problem() -> None:
    first, second = ({*exam_tasks({"coin": 2}, {"coin": 7}, "test", number)} for number in (0, 1))
    assert len(first) == len(second) == 7
    assert not first & second


def test_weights_that_are_not_finite_are_a_diverged_line(study: Study) -> None:
    line = run(study, task(rate=1e30))
    assert line.status == "diverged"
    assert line.error == "the distribution of the next token is not finite"
    assert 0 < len(line.reward) < ITERATIONS
    assert line.solved == {}


@pytest.mark.parametrize("name", ["loss", "grad_norm"])
def test_a_loss_or_gradient_that_is_not_finite_is_a_diverged_line(
    study: Study, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = GRPOAgent.step

    def step(self: GRPOAgent) -> dict[str, Any]:
        metrics = original(self)
        return metrics | ({name: math.nan} if metrics["iteration"] == 2 else {})

    monkeypatch.setattr(GRPOAgent, "step", step)
    line = run(study, task())
    assert (line.status, line.error) == ("diverged", f"{name} is nan in iteration 2")
    assert len(line.reward) == 2


def iteration(number: int, reward: float) -> dict[str, Any]:
    return {
        "iteration": number, "reward": reward, "signal": 0.0, "loss": 0.0, "grad_norm": 0.0,
        "groups": [["coin", 1, 0, 4]], "seconds": {}, "events": [], "curriculum": {}, "active": [0],
    }  # fmt: skip


def survives(rewards: list[float]) -> bool:
    record = Record()
    try:
        for number, reward in enumerate(rewards, 1):
            record.add(iteration(number, reward))
            record.check(iteration(number, reward))
    except Diverged:
        return False
    return True


@pytest.mark.parametrize(
    ("rewards", "expected"),
    [
        ([0.3] + [0.0] * COLLAPSED_AFTER, False),
        ([0.3] + [0.0] * (COLLAPSED_AFTER - 1), True),
        ([0.3] + [0.0] * (COLLAPSED_AFTER - 1) + [0.01] + [0.0] * 5, True),
        ([0.05] + [0.0] * 50, True),  # it never was above
        ([0.0] * 50 + [0.06] + [0.0] * COLLAPSED_AFTER, False),
    ],
)
def test_a_reward_that_falls_to_0_for_good_is_a_collapse(
    rewards: list[float], expected: bool
) -> None:
    assert survives(rewards) is expected


def test_promotions_are_kept_with_iteration_and_the_level_that_was_passed() -> None:
    record = Record()
    event = {"kind": "promotion", "family": "coin", "level": 1, "frontier": 2}
    metrics = iteration(3, 0.5) | {"events": [event, event | {"kind": "demotion"}]}
    record.add(metrics | {"curriculum": {"level/coin": 2.0, "promotions": 1.0}})
    line = record.line(task(), "failed", "no exam")
    assert line.promotions == ((3, "coin", 1),)
    assert line.levels == {"coin": 2}


def test_an_exception_is_a_failed_line_with_its_message(
    study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full_disk(*args: object, **options: object) -> str:
        raise OSError("the disk\nis full")

    monkeypatch.setattr("frostline.study.run.sit_exam", full_disk)
    line = run(study, task())
    assert (line.status, line.error) == ("failed", "OSError: the disk is full")
    assert len(line.reward) == ITERATIONS  # what is known stays


def test_an_error_of_the_verifier_counts_as_not_solved_and_is_counted(
    study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    def verify(self: children.Coin, problem: Problem, answer: str) -> Verdict:
        broken = problem.task.split == "test" and problem.task.index % 2
        return Verdict(Status.VERIFIER_ERROR if broken else Status.CORRECT, "")

    monkeypatch.setattr(children.Coin, "verify", verify)
    line = run(study, task("none"))
    assert line.errors == 24
    assert line.rates() == {"coin": 0.5, "dice": 0.6}


@pytest.mark.parametrize("spec", ["full", "first:2", "last:1", "lora:r=2"])
def test_the_memory_of_a_line_is_what_an_update_takes(spec: str) -> None:
    job = Job(layers=4, prompts=4)  # every group has signal, so that one update is like another

    def make() -> PricedAgent:
        return PricedAgent(
            Policy(make_model(job), make_tokenizer(), "bench"),
            PRESETS["uniform"]({"alternating": 1}, seed=0),
            [PlainEnv(Alternating(job))],
            trainable=spec, config=job.config(), seed=0,
        )  # fmt: skip

    agent, use = measure_memory(make)
    assert isinstance(agent, PricedAgent)
    assert agent.peak_bytes == pytest.approx(use.peak, rel=0.15)  # the larger of two updates


def test_levels_that_are_left_out_are_neither_trained_on_nor_examined(study: Study) -> None:
    train = study.train.model_copy(update={"levels": {"coin": 1}})
    line = run(study.model_copy(update={"train": train}), task())
    rungs = {rung for rung in line.problems if rung.startswith("coin")}
    assert rungs == {"coin/1"}
    assert line.problems["coin/1"] == 40
    assert set(line.groups) == {"coin/1"}
    assert len({rung for rung in line.problems if rung.startswith("dice")}) > 1


def test_seconds_are_the_processor_s_own(study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    original = PricedAgent._update

    def slow(self: PricedAgent, graded: Any) -> dict[str, Any]:
        time.sleep(2)  # as if others had the processor
        return original(self, graded)

    monkeypatch.setattr(PricedAgent, "_update", slow)
    assert run(study, replace(task(), iterations=1)).seconds["update"] < 2


def test_a_line_says_which_layers_a_schedule_trained(study: Study) -> None:
    arm = study.arm("full").model_copy(
        update={"name": "cyclic", "trainable": "cyclic:k=1,every=1,order=ascending"}
    )
    line = run(study.model_copy(update={"arms": (*study.arms, arm)}), task("cyclic", iterations=3))
    assert line.status == "ok"
    assert sum(line.layers.values()) == 3
    assert len(line.layers) > 1
    assert run(study, task()).layers == {}
