"""Problems of one's own: what a line may be, and what is said of one that is none."""

from __future__ import annotations

import dataclasses
import json
import os
import pickle
import warnings
from pathlib import Path
from typing import Any

import gymnasium
import pytest
from gymnasium.utils.env_checker import check_env
from hypothesis import given
from hypothesis import strategies as st

from frostline.envs import SPLITS, Problem, Status, TaskSpec, TextEnv
from frostline.envs.registry import envs_by_family
from frostline.envs.task_file import SAMPLE, TaskFile, TaskFileEnv
from frostline.envs.task_lines import read_line, read_tasks

OWN = Path(__file__).with_name("data") / "own_tasks.jsonl"
ID = "frostline/TaskFile-v0"
QUESTION = {"question": "What is 2 + 2?", "answer": "4"}
SQUARES = [{"i": n, "o": n * n} for n in (1, 2, 3, 10, -7)]


def written(tmp_path: Path, *lines: Any, name: str = "my.jsonl") -> Path:
    path = tmp_path / name
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def every_problem(family: TaskFile) -> list[Problem]:
    found = []
    for level in range(1, len(family.levels) + 1):
        for split in SPLITS:
            count = sum(task.split == split for task in family.contents(level))
            specs = [TaskSpec(family.name, level, split, i) for i in range(count)]
            found += [family.problem(spec) for spec in specs]
    return found


def by_question(family: TaskFile) -> dict[str, Problem]:
    return {problem.question: problem for problem in every_problem(family)}


@pytest.mark.parametrize("path", [None, OWN, SAMPLE])
def test_every_reference_is_correct(path: Path | None) -> None:
    family = TaskFile(path)
    problems = every_problem(family)
    assert problems
    for problem in problems:
        assert family.verify(problem, problem.answer).status is Status.CORRECT, problem


def test_the_sample_has_problems_in_every_split_of_every_level() -> None:
    family = TaskFile()
    assert (family.name, len(family.levels)) == ("task_file", 3)
    for level in (1, 2, 3):
        for split in SPLITS:
            assert family.problem(TaskSpec("task_file", level, split, 7)).question
    assert len(every_problem(family)) == 30


def test_what_follows_the_last_four_hashes_is_the_answer() -> None:
    problems = by_question(TaskFile(OWN))
    cinema = problems["A cinema sells 29 tickets at $50 each.  How much does it take in?"]
    assert (cinema.kind, cinema.answer) == ("int", "1,450")
    assert TaskFile(OWN).verify(cinema, "1450").status is Status.CORRECT
    assert TaskFile(OWN).verify(cinema, "145").status is Status.WRONG


@pytest.mark.parametrize(
    ("answer", "kind"),
    [("42", "int"), ("-1,450", "int"), (7, "int"), ("2/3", "rat"), ("0.25", "rat"), ("5%", "rat"),
     ("Monday", "text"), ("north east", "text")],
)  # fmt: skip
def test_an_answer_without_a_kind_is_a_number_if_it_can_be(answer: object, kind: str) -> None:
    assert read_line(json.dumps({"question": "?", "answer": answer})).question.kind == kind


def test_a_line_may_name_any_kind() -> None:
    line = {"question": "Factor x^2 - 1.", "answer": "(x-1)*(x+1)", "kind": "poly_fac"}
    assert read_line(json.dumps(line)).question.kind == "poly_fac"


def test_the_examples_that_are_not_shown_are_hidden() -> None:
    problem = next(p for p in every_problem(TaskFile(OWN)) if p.answer == "n*n+1")
    assert problem.question == "f(1)=2, f(2)=5, f(3)=10. Write f(n)."
    assert problem.shown == ((1, 2), (2, 5), (3, 10))
    assert problem.cases == ((20, 401), (-4, 17))
    assert "401" not in problem.question


@pytest.mark.parametrize(
    ("program", "status"),
    [("n*n+1", Status.CORRECT), ("lambda n: n**2 + 1", Status.CORRECT), ("2*n", Status.WRONG),
     ("{1: 2, 2: 5, 3: 10}[n]", Status.WRONG), ("n*n+", Status.MALFORMED)],
)  # fmt: skip
def test_a_program_is_graded_on_the_hidden_examples(program: str, status: Status) -> None:
    family = TaskFile(OWN)
    problem = next(p for p in every_problem(family) if p.answer == "n*n+1")
    assert family.verify(problem, program).status is status


@pytest.mark.parametrize(
    ("program", "status"),
    [("xs[::-1]", Status.CORRECT), ("list(reversed(xs))", Status.CORRECT), ("xs", Status.WRONG),
     ("def f(xs):\n    return xs[::-1]", Status.CORRECT), ("sorted(xs)", Status.WRONG)],
)  # fmt: skip
def test_a_program_over_lists_takes_xs(program: str, status: Status) -> None:
    family = TaskFile(OWN)
    problem = next(p for p in every_problem(family) if "Write f(xs)." in p.question)
    assert problem.question == "f([3, 1, 2])=[2, 1, 3], f([])=[], f([7, 7, 5])=[5, 7, 7]. " + (
        "Write f(xs)."
    )
    assert family.verify(problem, program).status is status


def test_without_a_program_the_reference_looks_the_examples_up() -> None:
    assert eval(read_line(json.dumps({"examples": SQUARES})).question.answer)(-7) == 49
    assert eval(read_line(json.dumps(SORTS)).question.answer)([9, 4]) == [4, 9]


def test_no_hidden_example_shows_in_a_problem(tmp_path: Path) -> None:
    (problem,) = every_problem(TaskFile(written(tmp_path, {"examples": SQUARES})))
    assert problem.cases == ((10, 100), (-7, 49))
    assert "f(3)=9" in repr(problem)
    assert "-7" not in repr(problem)


SORTS = {"examples": [{"i": [9, 4], "o": [4, 9]}, {"i": [], "o": []}, {"i": [3], "o": [3]}]}


@pytest.mark.parametrize(("count", "shown"), [(2, 1), (3, 2), (4, 3), (5, 3), (6, 3), (11, 6)])
def test_half_of_the_examples_are_shown_and_three_at_least(count: int, shown: int) -> None:
    examples = [{"i": n, "o": n} for n in range(count)]
    question = read_line(json.dumps({"examples": examples})).question
    assert len(question.shown) == shown
    assert len(question.cases) == count - shown


def test_a_problem_is_a_pure_function_of_its_task() -> None:
    for problem in every_problem(TaskFile(OWN)):
        again = TaskFile(OWN)
        assert again.problem(problem.task) == problem
        assert again.problem(dataclasses.replace(problem.task, index=2**62 - 1)).question


def test_the_first_indices_ask_every_problem_once(tmp_path: Path) -> None:
    path = written(tmp_path, *({"question": f"{n}?", "answer": n} for n in range(300)))
    family = TaskFile(path)
    asked = []
    for split in SPLITS:
        count = sum(task.split == split for task in family.contents(1))
        asked += [family.problem(TaskSpec(family.name, 1, split, i)).answer for i in range(count)]
    assert sorted(map(int, asked)) == list(range(300))


def test_the_split_depends_on_the_question_and_not_on_the_file(tmp_path: Path) -> None:
    lines = [{"question": f"{n}?", "answer": n} for n in range(100)]
    first = read_tasks(written(tmp_path, *lines))
    other = read_tasks(written(tmp_path, *reversed(lines), name="other.jsonl"))
    assert {t.canonical: t.split for t in first} == {t.canonical: t.split for t in other}
    assert {t.split for t in first} == set(SPLITS)


@given(st.sampled_from(["What  is 2 +\n2?", "what is 2 + 2?", " What is 2 + 2? "]))
def test_spacing_and_case_make_no_new_question(text: str) -> None:
    other = read_line(json.dumps({"question": text, "answer": "4"}))
    assert other.canonical == read_line(json.dumps(QUESTION)).canonical


def test_a_copy_is_left_out_and_one_on_another_level_shares_the_split(tmp_path: Path) -> None:
    named = {**QUESTION, "level": 2, "split": "test"}
    tasks = read_tasks(written(tmp_path, QUESTION, QUESTION, named, {**QUESTION, "level": 2}))
    assert [(task.level, task.split) for task in tasks] == [(1, "test"), (2, "test")]


LINES: list[tuple[Any, str]] = [
    ("[1, 2]", "a line must be a JSON object, got [1, 2]"),
    ("{", "a line must be a JSON object (Expecting property name"),
    ("[" * 100_000, "a line must be a JSON object (RecursionError)"),
    ("9" * 5000, "a line must be a JSON object (ValueError)"),
    ({"question": "?"}, "a line needs question and answer, or examples; no 'answer'"),
    ({"answer": "4"}, "a line needs question and answer, or examples; no 'question'"),
    ({**QUESTION, "levle": 2}, "no key 'levle'; did you mean 'level'?"),
    ({**QUESTION, "Split": "test"}, "no key 'Split'; did you mean 'split'?"),
    ({"questions": "?", "answer": "4"}, "no key 'questions'; did you mean 'question'?"),
    ({**QUESTION, "answer": 4.5}, "answer must be a string or a whole number, got 4.5"),
    ({**QUESTION, "answer": True}, "answer must be a string or a whole number, got true"),
    ({**QUESTION, "answer": "  "}, "answer must be a string of 1 to 1048576 characters, got an em"),
    ({**QUESTION, "question": ""}, "question must be a string of 1 to 50000 characters, got an"),
    ({**QUESTION, "question": "?" * 50_001}, "of 1 to 50000 characters, got 50001 characters"),
    ({**QUESTION, "question": "\ud800"}, "question holds half of a surrogate pair"),
    ({**QUESTION, "kind": "integer"}, "kind must be one of int, "),
    ({**QUESTION, "kind": "integer"}, "got 'integer'; did you mean 'int'?"),
    ({**QUESTION, "kind": ["int"]}, 'kind must be a string, got ["int"]'),
    ({**QUESTION, "kind": "int", "answer": "four"}, "answer must be of kind int; got \"four\": "),
    ({**QUESTION, "answer": "\\sqrt{2}"}, "answer must be of kind text, or name its kind; got"),
    ({**QUESTION, "kind": "poly_exp", "answer": "(x+1)*x"}, "answer must be of kind poly_exp; got"),
    ({**QUESTION, "level": 0}, "level must be a whole number in 1 … 1000, got 0"),
    ({**QUESTION, "level": "2"}, 'level must be a whole number in 1 … 1000, got "2"'),
    ({**QUESTION, "level": True}, "level must be a whole number in 1 … 1000, got true"),
    ({**QUESTION, "split": "tset"}, "split must be one of train, validation, test, got 'tset'"),
    ({**QUESTION, "split": None}, "split must be one of train, validation, test, got None"),
    ({**QUESTION, "shown": 3}, "shown needs examples"),
    ({**QUESTION, "examples": SQUARES}, "a line has examples or a question; got examples and ques"),
    ({"examples": []}, "examples must be a list of two or more, got []"),
    ({"examples": SQUARES[:1]}, "examples must be a list of two or more, got [{"),
    ({"examples": SQUARES[:1] * 2}, "examples must hold two different inputs: one of them is hid"),
    ({"examples": SQUARES, "shown": 5}, "shown must be between 1 and 4, so that one of the exam"),
    ({"examples": SQUARES, "shown": 0}, "so that one of the examples is hidden; got 0"),
    ({"examples": SQUARES, "shown": "3"}, 'so that one of the examples is hidden; got "3"'),
    ({"examples": [*SQUARES, [1, 2]]}, 'an example must be {"i": …, "o": …}, got [1, 2]'),
    ({"examples": [*SQUARES, {"i": 1}]}, 'an example must be {"i": …, "o": …}, got {"i": 1}'),
    ({"examples": [*SQUARES, {"i": 1, "o": 2}]}, "two examples give f(1) different values"),
    ({"examples": [*SQUARES, {"i": [], "o": 2}]}, "inputs of the examples must be all numbers or"),
    ({"examples": [*SQUARES, {"i": 0.5, "o": 2}]}, "a value must be a whole number or a list of"),
    ({"examples": [*SQUARES, {"i": 5, "o": [[1]]}]}, "a list of them, got [[1]]"),
    ({"examples": [*SQUARES, {"i": 5, "o": True}]}, "a list of them, got true"),
    ({"examples": [*SQUARES, {"i": 5, "o": 2**4096}]}, "a list of them, got 1044388881413152506"),
    ({"examples": SQUARES, "answer": "n*n)"}, "answer must be a Python program: unbalanced brac"),
    ({"examples": SQUARES, "answer": "n" * 4001}, "answer must be a string of 1 to 4000 charac"),
    ({"examples": [{"i": n, "o": 9**99} for n in range(99)]}, "give a program as answer"),
    ({"examples": [{"i": n, "o": 9**999} for n in range(199)]}, "the examples shown take more"),
]  # fmt: skip


@pytest.mark.parametrize(("line", "message"), LINES)
def test_a_line_that_is_no_problem_is_told_by_file_and_number(
    tmp_path: Path, line: Any, message: str
) -> None:
    text = line if isinstance(line, str) else json.dumps(line)
    path = tmp_path / "my.jsonl"
    path.write_text(f"{json.dumps(QUESTION)}\n\n{text}\n")
    with pytest.raises(ValueError, match=r"my\.jsonl:3: ") as caught:
        TaskFile(path)
    assert message in str(caught.value)
    assert len(str(caught.value)) < 700


FILES: list[tuple[list[dict[str, Any]], str]] = [
    ([], "my.jsonl: a file must hold at least one line, got none"),
    ([{**QUESTION, "level": 3}], "my.jsonl: levels must be 1 … 3 without a gap; no line has 1"),
    ([QUESTION, {**SORTS, "level": 3}], "levels must be 1 … 3 without a gap; no line has 2"),
    ([QUESTION, SORTS, {**QUESTION, "answer": "5"}],
     "my.jsonl:3: another answer to the question of line 1"),
    ([QUESTION, {**QUESTION, "kind": "rat"}], "my.jsonl:2: another answer to the question of li"),
    ([{**QUESTION, "split": "train"}, {**QUESTION, "split": "test"}],
     "my.jsonl:2: split 'test', but line 1 puts the same question into 'train'"),
]  # fmt: skip


@pytest.mark.parametrize(("lines", "message"), FILES)
def test_lines_that_contradict_each_other_are_told(
    tmp_path: Path, lines: list[dict[str, Any]], message: str
) -> None:
    with pytest.raises(ValueError, match=r"my\.jsonl") as caught:
        TaskFile(written(tmp_path, *lines))
    assert message in str(caught.value)


def test_bytes_that_are_no_text_and_a_huge_line_are_told(tmp_path: Path) -> None:
    path = tmp_path / "my.jsonl"
    path.write_bytes(b'{"question": "\xff"}\n')
    with pytest.raises(ValueError, match=r"my.jsonl:1: a line must be UTF-8"):
        TaskFile(path)
    path.write_bytes(b" " * (2 << 20))
    with pytest.raises(ValueError, match=r"my.jsonl:1: a line may hold 1048576 bytes, got more"):
        TaskFile(path)


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "my.jsonl"
    with path.open("wb") as file:
        file.truncate(300 << 20)  # sparse: it takes no room
    with pytest.raises(ValueError, match="a file may hold 268435456 bytes, got 314572800"):
        TaskFile(path)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"nowhere\.jsonl"):
        TaskFile(tmp_path / "nowhere.jsonl")
    with pytest.raises(ValueError, match="path must be that of a JSON Lines file, got 3"):
        TaskFile(3)  # type: ignore[arg-type]


def test_a_split_without_a_line_is_told(tmp_path: Path) -> None:
    env = gymnasium.make(ID, path=str(written(tmp_path, {**QUESTION, "split": "train"})))
    with pytest.raises(ValueError, match=r"split must be one of train at level 1 of .*my.jsonl"):
        env.reset(seed=0, options={"split": "test"})


def test_a_file_is_read_again_only_when_it_changes(tmp_path: Path) -> None:
    path = written(tmp_path, QUESTION)
    first = read_tasks(path)
    assert read_tasks(path) is first
    written(tmp_path, QUESTION, SORTS)
    os.utime(path, ns=(1, 1))
    assert len(read_tasks(path)) == 2


def test_two_files_are_two_families(tmp_path: Path) -> None:
    paths = [written(tmp_path, QUESTION, name=name) for name in ("a.jsonl", "My tasks-2.jsonl")]
    found = envs_by_family([gymnasium.make(ID, path=path) for path in paths])
    assert list(found) == ["task_file_a", "task_file_my_tasks_2"]


def test_a_subclass_names_its_file_for_the_command_line(tmp_path: Path) -> None:
    class Mine(TaskFile):
        name = "mine"
        file = str(written(tmp_path, SORTS))

    family = Mine()
    assert (family.name, family.answer_noun) == ("mine", "Python program")
    (problem,) = every_problem(family)
    assert problem.task.family == "mine"


def test_the_task_in_info_reproduces_the_problem() -> None:
    env = TaskFileEnv(OWN)
    prompt, info = env.reset(seed=4)
    assert info["task"].family == "task_file_own_tasks"
    assert TaskFileEnv(OWN).reset(options={"task": info["task"]})[0] == prompt


@pytest.mark.parametrize("options", [{}, {"path": str(OWN)}])
def test_gymnasium_finds_no_fault(options: dict[str, Any]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_env(gymnasium.make(ID, **options).unwrapped)


def test_options_of_every_environment_are_taken(tmp_path: Path) -> None:
    env = gymnasium.make(ID, level=2, split="test", answer_format="tag", max_turns=2)
    inner = env.unwrapped
    assert isinstance(inner, TextEnv)
    prompt, info = env.reset(seed=1)
    assert "inside <answer></answer>" in prompt
    assert (info["task"].level, info["task"].split) == (2, "test")
    assert env.step("?")[2] is False
    assert env.step(f"<answer>{inner.problem.answer}</answer>")[1] == 1.0
    with pytest.raises(ValueError, match=r"level must be .* between 1 and 3 for task_file, got 4"):
        gymnasium.make(ID, level=4)


@pytest.mark.parametrize("path", [None, OWN])
def test_a_pickled_family_asks_the_same_problems(path: Path | None) -> None:
    family = TaskFile(path)
    copy = pickle.loads(pickle.dumps(family))
    assert copy.name == family.name
    assert every_problem(copy) == every_problem(family)


def test_a_pickled_environment_goes_on_with_the_same_series() -> None:
    env = TaskFileEnv(OWN)
    env.reset(seed=5)
    copy = pickle.loads(pickle.dumps(env))
    assert [env.reset()[0] for _ in range(3)] == [copy.reset()[0] for _ in range(3)]


@pytest.mark.parametrize(
    "vector",
    [{"vectorization_mode": "sync"},
     {"vectorization_mode": "async",
      "vector_kwargs": {"shared_memory": False, "context": "spawn"}}],
)  # fmt: skip
def test_vectors_ask_the_same_problems(vector: dict[str, Any]) -> None:
    envs = gymnasium.make_vec(ID, num_envs=2, path=str(OWN), **vector)
    try:
        prompts, infos = envs.reset(seed=7)
        family = TaskFile(OWN)
        tasks = infos["task"]
        for task, prompt in zip(tasks, prompts, strict=True):
            assert prompt.startswith(family.problem(task).question)
        answers = [family.problem(tasks[0]).answer, "?"]
        assert envs.step(answers)[1].tolist() == [1.0, 0.0]
    finally:
        envs.close()
