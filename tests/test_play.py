"""`frostline play`: a person or a policy answers, and the score ends it."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Iterable

import pytest

from frostline.envs import TextEnv
from frostline.play import PlayArgs, main, play_problem, run_play

Type = Callable[[Iterable[str | type[BaseException]]], None]


@pytest.fixture
def keyboard(monkeypatch: pytest.MonkeyPatch) -> Type:
    """Return a function that says what the person will type, line by line."""

    def will_type(lines: Iterable[str | type[BaseException]]) -> None:
        left = iter([*lines, EOFError])

        def fake_input(_cursor: str) -> str:
            line = next(left)
            if isinstance(line, str):
                return line
            raise line

        monkeypatch.setattr(builtins, "input", fake_input)

    return will_type


def answers(count: int, family: str = "arithmetic", level: int = 1) -> list[str]:
    env = TextEnv(family, level=level)
    env.reset(seed=0)
    found = [env.problem.answer]
    for _ in range(count - 1):
        env.reset()
        found.append(env.problem.answer)
    return found


def test_right_answers_are_counted(keyboard: Type, capsys: pytest.CaptureFixture[str]) -> None:
    keyboard(answers(3))
    assert run_play(PlayArgs(problems=3)) == 0
    said = capsys.readouterr().out
    assert said.endswith("Score: 3 of 3 solved.\n")
    assert said.count("CORRECT: ") == 3
    assert "arithmetic, level 1, problem 3 of 3\nCompute " in said


def test_a_wrong_answer_is_explained_and_given_away_at_the_end(
    keyboard: Type, capsys: pytest.CaptureFixture[str]
) -> None:
    keyboard(["0", "n"])
    assert run_play(PlayArgs(family="closed_forms", level=7, problems=1)) == 0
    said = capsys.readouterr().out
    assert "WRONG: wrong on a hidden case\nNot correct: f(1) should be " in said
    assert said.endswith("\nScore: 0 of 1 solved.\n")
    (right,) = answers(1, "closed_forms", 7)
    assert said.count(f"One right answer: {right}\n") == 1


def test_a_program_may_take_several_lines(
    keyboard: Type, capsys: pytest.CaptureFixture[str]
) -> None:
    (right,) = answers(1, "closed_forms", 4)
    keyboard(["def f(n):", f"    return {right}", ""])
    run_play(PlayArgs(family="closed_forms", level=4, problems=1))
    assert capsys.readouterr().out.endswith("Score: 1 of 1 solved.\n")


@pytest.mark.parametrize("end", [EOFError, KeyboardInterrupt])
def test_the_end_of_input_ends_the_game_with_the_score(
    keyboard: Type, capsys: pytest.CaptureFixture[str], end: type[BaseException]
) -> None:
    keyboard([*answers(2), end])
    assert run_play(PlayArgs()) == 0
    assert capsys.readouterr().out.endswith("\n\nScore: 2 of 2 solved.\n")


def test_the_seed_chooses_the_problems(keyboard: Type, capsys: pytest.CaptureFixture[str]) -> None:
    games = []
    for seed in ("0", "0", "1"):
        keyboard(["0"] * 3)
        assert main(["--seed", seed, "--problems", "3", "--max-turns", "1"]) == 0
        games.append(capsys.readouterr().out)
    assert games[0] == games[1] != games[2]


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--family", "arithmetics"], "got 'arithmetics'; did you mean 'arithmetic'?"),
        (["--level", "12"], "got 12; did you mean 11?"),
        (["--split", "tests"], "got 'tests'; did you mean 'test'?"),
        (["--answer-format", "box"], "got 'box'; did you mean 'boxed'?"),
    ],
)
def test_a_bad_argument_is_told_with_the_nearest(args: list[str], message: str) -> None:
    with pytest.raises(ValueError, match=message.replace("?", r"\?")):
        main(args)


def test_a_policy_is_told_what_was_wrong_together_with_the_question() -> None:
    env = TextEnv("arithmetic", max_turns=2)
    prompt, _ = env.reset(seed=0)
    seen = []

    def player(text: str) -> str:
        seen.append(text)
        return "0"

    assert play_problem(env, prompt, player) is False
    assert seen == [prompt, f"{prompt} Not correct."]


def test_a_policy_answers_in_a_persons_place(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from types import SimpleNamespace

    from frostline import agents
    from frostline.agents import rollout

    replies = iter(answers(2))
    asked = []

    def sample(policy: str, prompts: list[str], **how: object) -> SimpleNamespace:
        asked.append((policy, how["generations"], how["temperature"], len(prompts)))
        return SimpleNamespace(texts=[next(replies)])

    monkeypatch.setattr(agents, "load_policy", lambda name: f"policy {name}", raising=False)
    monkeypatch.setattr(rollout, "sample", sample)
    assert run_play(PlayArgs(policy="base", problems=2)) == 0
    assert capsys.readouterr().out.endswith("Score: 2 of 2 solved.\n")
    assert asked == [("policy base", 1, 0.0, 1)] * 2


def test_help_shows_an_example(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    assert "frostline play --family closed_forms --level 4" in capsys.readouterr().out
