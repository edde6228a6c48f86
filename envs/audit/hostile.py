"""Is every text graded in bounded time, whatever it holds."""

from __future__ import annotations

import time
from collections.abc import Callable

from ..extract import wrap
from ..problem import Problem, Status, Verdict
from ..text_env import TextEnv
from .finding import Finding
from .guard import time_limit
from .mutations import near_texts
from .subject import ENDLESS, EXECUTED, Subject, each_level, short

SECONDS, PROGRAM_SECONDS = 0.05, 0.6
REPEATS = 3  # the best of them counts: a busy machine is no fault of the family
_DEEP = 100_000
_LONG = 3900  # characters: what fits into the cap on a program

HOSTILE: tuple[str, ...] = (
    *("", " ", "\n", "\0", "\ud800", "\u200b", "\u202e1", "٤٢", "４", "-", "+", ".", ",", "//"),
    *("(" * _DEEP, "[" * _DEEP, "{" * _DEEP, "-" * _DEEP, "9" * _DEEP, "a" * _DEEP, " " * _DEEP),
    *("(" * 190 + "1" + ")" * 190, "[" * 190 + "]" * 190, "\\frac{" * 60, "\\sqrt{" * 60 + "1"),
    *("9**9**9", "9^9^9", "9**9**9**9", "10^999999999", "1e999999999", "1e-999999999", "2!!!!!!"),
    *("x^999999", "(x+1)^99999", "x" * 390, "1/0", "0/0", "0^0", "nan", "NaN", "1.0e9", "0x10"),
    *("(x+1)" * 70, "1+" * 190 + "1", "1," * 190 + "1", "9" * 390, "1/" + "9" * 380),
    *("0." + "3" * 380, "__import__('os').system('true')", "import os", "exec('1')", "exit()"),
    *("open('/etc/passwd')", "().__class__.__bases__[0].__subclasses__()", "{0.__class__}"),
    *("%s%s%s%n", "$(true)", "`id`", "= " * 190, "\\left(" * 60, "\\text{" * 60 + "}" * 60),
    *("<answer>", "</answer><answer>", "\\boxed{", "\\boxed{\\boxed{}}", "<think>" * 500, "```"),
    *("a" * 380 + "!", ("1 " * 195) + "x", "1" + "0" * 380 + "!", "C(99999, 50000)", "99999!"),
)  # fmt: skip
PROGRAMS: tuple[str, ...] = (
    "def f(n):\n    while True:\n        pass",
    "def f(n):\n    return f(n)",
    "lambda n: 9**9**9",
    "lambda n: [0]*10**10",
    "lambda n: 'a'*10**10",
    "lambda n: (" * 300,
    "lambda n: " + "-" * _LONG,
    "lambda n: " + "[" * 200 + "]" * 200,
    "n" + "+n" * (_LONG // 2),
    "lambda n: sum(range(10**12))",
    "import re\ndef f(n):\n    return re.match('(a+)+$', 'a'*40 + 'b')",
    "import os\ndef f(n):\n    return os.system('true')",
    "def f(n):\n    raise SystemExit",
    "def f(n):\n    raise KeyboardInterrupt",
    "def f(n):\n    x = []\n    while True:\n        x.append(x)",
    "class f:\n    pass",
)


@each_level("hostile")
def hostile(subject: Subject, level: int) -> Finding:
    """Hostile text gets a verdict in time: it is not CORRECT, and no error of the verifier."""
    raw, tag = (TextEnv(subject.family, answer_format=name) for name in ("raw", "tag"))
    problem = subject.sample(level)[0]
    texts = [(raw, text) for text in HOSTILE]
    # every level has the same sandbox: a quick look tries the lowest and the highest
    if problem.kind in EXECUTED and (subject.settings.thorough or level in _ends(subject)):
        texts += [(raw, text) for text in PROGRAMS]
    texts += [(tag, wrap(text, "tag")) for text in HOSTILE]
    texts += _two_answers(subject, level, problem, raw, tag)
    limit = PROGRAM_SECONDS if problem.kind in EXECUTED else SECONDS
    slowest, slow_text = 0.0, ""
    for env, text in texts:
        seconds, verdict = timed(lambda env=env, text=text: grade(env, problem, text), limit)  # type: ignore[misc]
        if verdict.status in (Status.CORRECT, Status.VERIFIER_ERROR):
            detail = f"{short(text)!r} is {verdict.status.value}: {short(verdict.reason)}"
            return Finding("hostile", level, False, detail)
        if seconds > slowest:
            slowest, slow_text = seconds, text
    detail = f"slowest: {short(slow_text)!r} in {slowest * 1e3:.1f} ms"
    return Finding("hostile", level, slowest <= limit, detail, {"hostile_ms": slowest * 1e3})


def _ends(subject: Subject) -> tuple[int, int]:
    return subject.levels[0], subject.levels[-1]


def grade(env: TextEnv, problem: Problem, text: str) -> Verdict:
    """Return the verdict on a completion; an exception counts as an error of the verifier."""
    try:
        with time_limit(ENDLESS):
            return env.grade(problem, text)[0]
    except Exception as error:  # whatever a family's verifier raises is a finding
        return Verdict(Status.VERIFIER_ERROR, f"{type(error).__name__}: {error}")


def timed(action: Callable[[], Verdict], limit: float) -> tuple[float, Verdict]:
    """Return seconds and result of an action; the best of three times if one is over the limit."""
    best = float("inf")
    for _ in range(REPEATS):
        start = time.perf_counter()
        verdict = action()
        best = min(best, time.perf_counter() - start)
        if best <= limit:
            break
    return best, verdict


def _two_answers(
    subject: Subject, level: int, problem: Problem, raw: TextEnv, tag: TextEnv
) -> list[tuple[TextEnv, str]]:
    """Return completions that name the reference beside another answer."""
    gold = problem.answer
    if problem.kind in EXECUTED:
        return [(tag, wrap(gold, "tag") + wrap("0", "tag"))]
    other = next(near_texts(problem, subject.rng("hedge", level)), "0")
    joints = (" or ", " and ", "; ", " = ", "\n", " / ", "|")
    hedges = [
        (raw, f"{a}{joint}{b}") for joint in joints for a, b in ((gold, other), (other, gold))
    ]
    return [*hedges, (tag, wrap(gold, "tag") + wrap(other, "tag")), (raw, f"{gold} {gold}")]
