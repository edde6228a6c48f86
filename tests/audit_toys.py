"""Small families for the audit: sound ones, and one for each promise that can be broken."""

import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from frostline.envs import Family, Level, Problem, Question, Status, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound(Level):
    """A level whose knob is the largest number."""

    bound: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Spare(Bound):
    """A level with a second knob."""

    spare: int = 0


class Sums(Family):
    """Add two numbers: a family that keeps every promise."""

    name: ClassVar[str] = "sums"
    summary: ClassVar[str] = "Add two numbers."
    levels: Sequence[Any] = (Bound("small", bound=60), Bound("larger", bound=900))

    def draw(self, level: int, rng: random.Random) -> tuple[int, int]:
        bound = self.levels[level - 1].bound
        return rng.randint(1, bound), rng.randint(1, bound)

    def canonical(self, content: tuple[int, int]) -> str:
        return f"{min(content)} + {max(content)}"

    def ask(self, level: int, content: tuple[int, int], rng: random.Random) -> Question:
        a, b = content
        return Question(f"Compute {a} + {b}.", "int", str(self.value(a, b)))

    def value(self, a: int, b: int) -> int:
        return a + b

    def recompute(self, problem: Problem) -> str | None:
        _, a, _, b = problem.question.rstrip(".").split()
        return str(int(a) + int(b))


class Lines(Family):
    """Write a program for a line: a family of programs that keeps every promise."""

    name: ClassVar[str] = "lines"
    summary: ClassVar[str] = "Find a line from three values."
    levels: Sequence[Any] = (Bound("small", bound=30), Bound("larger", bound=200))

    def draw(self, level: int, rng: random.Random) -> tuple[int, int]:
        bound = self.levels[level - 1].bound
        return rng.randint(2, bound), rng.randint(1, bound)

    def ask(self, level: int, content: tuple[int, int], rng: random.Random) -> Question:
        a, b = content
        shown = tuple((n, a * n + b) for n in (1, 2, 3))
        cases = tuple((n, a * n + b) for n in (0, -3, rng.randint(1000, 9999)))
        text = ", ".join(f"f({n})={y}" for n, y in self.told(shown, cases))
        return Question(f"{text}. Write f(n).", "program", f"{a}*n + {b}", cases, shown)

    def told(self, shown: tuple[Any, ...], cases: tuple[Any, ...]) -> tuple[Any, ...]:
        return shown

    def recompute(self, problem: Problem) -> str | None:
        first, second = (int(part.split("=")[1]) for part in problem.question.split(",")[:2])
        return f"{first} + (n - 1)*{second - first}"


class Fails(Sums):
    def draw(self, level: int, rng: random.Random) -> tuple[int, int]:
        if level == 2 and rng.random() < 0.2:
            raise ValueError("no such numbers")
        return super().draw(level, rng)


class DeadKnob(Sums):
    levels: Sequence[Any] = (Spare("a", bound=60, spare=1), Spare("b", bound=900, spare=2))


class IdleKnob(Sums):
    """Its bound is the same on all levels, and a second knob makes the difference."""

    levels: Sequence[Any] = (Spare("a", bound=60), Spare("b", bound=60, spare=900))

    def draw(self, level: int, rng: random.Random) -> tuple[int, int]:
        row = self.levels[level - 1]
        bound = row.bound + row.spare
        return rng.randint(1, bound), rng.randint(1, bound)


class OneStep(Sums):
    levels: Sequence[Any] = (
        Bound("small", bound=60),
        Bound("large", bound=900),
        Bound("large again", bound=900),
    )


class RejectsItsReference(Sums):
    """A verifier that knows no number above 40."""

    def verify(self, problem: Problem, answer: str) -> Verdict:
        verdict = super().verify(problem, answer)
        large = problem.task.level == 1 and int(problem.answer) > 40
        return Verdict(Status.WRONG, "too large") if large else verdict


class WrongSums(Sums):
    def value(self, a: int, b: int) -> int:
        return a + b + (a % 7 == 0)


class PaysSubstrings(Sums):
    """The reference anywhere in the answer is enough."""

    def verify(self, problem: Problem, answer: str) -> Verdict:
        verdict = super().verify(problem, answer)
        inside = problem.answer in answer and "Compute" not in answer and "<" not in answer
        return Verdict(Status.CORRECT, "inside") if inside else verdict


class PaysConstants(Sums):
    """The remainder of a sum by 4: every constant from 0 to 3 is right on a quarter."""

    def ask(self, level: int, content: tuple[int, int], rng: random.Random) -> Question:
        a, b = content
        return Question(f"Compute ({a} + {b}) mod 4.", "int", str((a + b) % 4))

    def recompute(self, problem: Problem) -> str | None:
        inside = problem.question[len("Compute (") :].partition(")")[0]
        a, _, b = inside.split()
        return str((int(a) + int(b)) % 4)


def _claims(pay: float, why: str) -> Sequence[Any]:
    return (
        Bound("small", bound=60, constant_pay=pay, constant_why=why),
        Bound("larger", bound=900, constant_pay=pay, constant_why=why),
    )


class ClaimsTooMuch(PaysConstants):
    levels: Sequence[Any] = _claims(0.4, "four remainders")


class ClaimsWithoutReason(Sums):
    levels: Sequence[Any] = _claims(0.2, "")


class ClaimsHonestly(PaysConstants):
    levels: Sequence[Any] = _claims(0.25, "four remainders")


class WantsOneSpelling(Sums):
    def verify(self, problem: Problem, answer: str) -> Verdict:
        verdict = super().verify(problem, answer)
        same = answer.strip() == problem.answer
        return verdict if same else Verdict(Status.WRONG, "another text")


class PaysEcho(Sums):
    """The expression itself is an answer."""

    def verify(self, problem: Problem, answer: str) -> Verdict:
        if f"Compute {answer}." == problem.question:
            return Verdict(Status.CORRECT, "equal")
        return super().verify(problem, answer)


class PaysFirstNumber(Sums):
    """Most answers stand in the question."""

    def ask(self, level: int, content: tuple[int, int], rng: random.Random) -> Question:
        a, b = content
        return Question(f"Compute max({max(a, b)}, {min(a, b)}).", "int", str(max(a, b)))

    def recompute(self, problem: Problem) -> str | None:
        inside = problem.question.partition("(")[2].partition(")")[0]
        return str(max(map(int, inside.split(", "))))


class Crashes(Sums):
    def verify(self, problem: Problem, answer: str) -> Verdict:
        if "sqrt" in answer:
            raise ValueError("unbalanced")
        return super().verify(problem, answer)


class Stalls(Sums):
    def verify(self, problem: Problem, answer: str) -> Verdict:
        if "9**9" in answer:
            time.sleep(0.07)
        return super().verify(problem, answer)


class Hashes(Sums):
    """`hash` of a string differs between processes."""

    def ask(self, level: int, content: tuple[int, int], rng: random.Random) -> Question:
        a, b = content if hash(f"{content}") % 2 else content[::-1]
        return super().ask(level, (a, b), rng)


class Remembers(Sums):
    """The next problem depends on how many were asked before."""

    def __init__(self) -> None:
        self.asked = 0

    def ask(self, level: int, content: tuple[int, int], rng: random.Random) -> Question:
        self.asked += 1
        turned = random.Random(self.asked).random() < 0.5
        return super().ask(level, content[::-1] if turned else content, rng)


class DrawsSlowly(Sums):
    def ask(self, level: int, content: tuple[int, int], rng: random.Random) -> Question:
        if rng.random() < 0.01:
            time.sleep(0.06)
        return super().ask(level, content, rng)


class JudgesSlowly(Sums):
    def verify(self, problem: Problem, answer: str) -> Verdict:
        if answer == problem.answer and problem.task.index % 7 == 0:
            time.sleep(0.06)
        return super().verify(problem, answer)


class SharesQuestions(Sums):
    """Two orders of the numbers count as two questions on one level and as one on the other."""

    levels: Sequence[Any] = (Bound("small", bound=30), Bound("larger", bound=40))

    def draw(self, level: int, rng: random.Random) -> tuple[int, int, int]:  # type: ignore[override]
        return (*super().draw(level, rng), level)

    def canonical(self, content: Any) -> str:
        return str(content)

    def ask(self, level: int, content: Any, rng: random.Random) -> Question:
        return super().ask(level, content[:2], rng)


class FewQuestions(Sums):
    levels: Sequence[Any] = (
        Bound("small", bound=13, constant_pay=0.13, constant_why="a sum up to 26"),
        Bound("larger", bound=900),
    )


class TellsTheAnswer(Sums):
    def feedback(self, problem: Problem, answer: str) -> str:
        return f"It is {problem.answer}."


class TellsInTheReason(Sums):
    def verify(self, problem: Problem, answer: str) -> Verdict:
        verdict = super().verify(problem, answer)
        return Verdict(verdict.status, f"expected {problem.answer}")


class JudgesOneCase(Lines):
    """Only the first hidden case is run."""

    def verify(self, problem: Problem, answer: str) -> Verdict:
        from frostline.envs.programs.verifier import verify_program

        return verify_program(answer, problem.cases[:1])


class ShowsHiddenCases(Lines):
    def told(self, shown: tuple[Any, ...], cases: tuple[Any, ...]) -> tuple[Any, ...]:
        return (*shown, cases[-1])


class WrongCases(Lines):
    """One hidden case is not what the reference gives."""

    def ask(self, level: int, content: tuple[int, int], rng: random.Random) -> Question:
        asked = super().ask(level, content, rng)
        (x, y), *rest = asked.cases
        assert isinstance(y, int)
        return asked._replace(cases=((x, y + 1), *rest))
