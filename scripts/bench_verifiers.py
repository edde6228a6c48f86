"""Measure the verifiers: the cost of a usual answer, and of the worst hostile one.

Prints one JSON object. Answers: median and 99th percentile in µs for each kind, over every spelling
of a few references; worst CPU time in ms over hostile completions of up to 100 000 characters (the
limit is 50). Programs: median in µs of `n*n` on ten inputs; worst wall time in seconds over hostile
programs (the limit is 0.5).

Example: python scripts/bench_verifiers.py --repeats 200
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable
from fractions import Fraction

from frostline.envs.answers import KINDS, verify_answer
from frostline.envs.extract import extract, wrap
from frostline.envs.programs.verifier import verify_program
from frostline.envs.samples.renderings import Sample, spellings

SAMPLES = (
    Sample("int", Fraction(-56088)),
    Sample("rat", Fraction(-7, 4)),
    Sample("poly", polynomials=((1, -3, 2, 1),)),
    Sample("poly_exp", polynomials=((1, -3, 2, 1),)),
    Sample("poly_fac", Fraction(2), ((-1, 1), (2, 1), (2, 1))),
    Sample("set", items=frozenset({Fraction(1), Fraction(-1, 2)})),
    Sample("iv", spans=((None, False, Fraction(1), False), (Fraction(2), True, None, False))),
)
PIECES: tuple[str, ...] = (
    "(",
    ")",
    "-",
    "+",
    "9",
    "{",
    "[",
    "$",
    "\\[ ",
    "\\frac",
    "\\frac{",
    "\\boxed{",
    "x",
    "x+",
)
PIECES += (
    " ",
    ",",
    "1,",
    "½",
    "²",
    "^",
    "x^9",
    "(x+1)^9",
    "*",
    "/",
    "1/",
    "\\left",
    "~",
    "\\text{",
)
PIECES += (
    "<answer>",
    "</answer>",
    "</think>",
    "<think>",
    "٤",
    "\u200b",
    " or ",
    "\\cup",
    "U",
    "\n",
)
BOMBS: tuple[str, ...] = (
    "(x+1)^{400}",
    "(" * 30 + "x+1" + ")^2" * 30,
    "*".join(["(x+1)"] * 79),
    "*".join(["(x+y)"] * 79),
    "+".join(["x/7"] * 99),
    "(10^400)^1",
    "+".join([f"x/{p}" for p in range(9000, 9060)]),
    "(1+x)^20(1+x)^20(1+x)^20",
    "999999999999999999999999999999999999999999999999999999999999^10*x",
)
PROGRAMS: tuple[str, ...] = (
    "while True: pass",
    "def f(n):\n    while True: pass",
    "def f(n):\n    return f(n + 1) + f(n - 1)",
    "x = 3**9999\nfor _ in range(40): x = x*x\nf = lambda n: n",
    "def f(n):\n    x = 3**9999\n    for _ in range(40): x = x*x\n    return n",
    "import time\nt = [i for i in range(10**6)]\ndef f(n):\n    while True: pass",
    "f = lambda n: sum(range(10**12))",
    "f = lambda n: 'a' * 10**10",
    "a = [0]\nwhile True: a += a",
    "f = lambda n: 9**9**9**9",
    "while True: print('a' * 10**5)",
    "def f(n):\n    return ('a' * 10**7).count('ab' * 10**3)",
    "(" * 1900 + "n" + ")" * 1900,
    "import time\ntime.sleep(30)\nf = lambda n: n",
)
SQUARES = [(n, n * n) for n in (0, 1, -1, 2, 5, -7, 12, 100, -(10**5), 10**6)]


def seconds(call: Callable[[], object], clock: Callable[[], float]) -> float:
    """Return how long one call takes by a clock."""
    start = clock()
    call()
    return clock() - start


def usual(sample: Sample, repeats: int) -> dict[str, float]:
    """Return median and 99th percentile in µs over the spellings of one answer."""
    texts = spellings(sample)
    gold = sample.gold
    times = sorted(
        seconds(lambda text=text: verify_answer(sample.kind, gold, text), time.perf_counter)  # type: ignore[misc]
        for _ in range(repeats)
        for text in texts
    )
    plain = [
        seconds(lambda: verify_answer(sample.kind, gold, gold), time.perf_counter)
        for _ in range(repeats)
    ]
    return {
        "plain_median_us": round(statistics.median(plain) * 1e6, 1),
        "median_us": round(statistics.median(times) * 1e6, 1),
        "p99_us": round(times[int(len(times) * 0.99)] * 1e6, 1),
    }


def worst_answer() -> tuple[float, str]:
    """Return the highest CPU time in ms of extracting and grading, and on what."""
    texts = [(p * (100_000 // len(p) + 1))[:size] for p in PIECES for size in (390, 99_980)]
    worst = (0.0, "")
    for text in (*texts, *BOMBS):
        for kind, sample in zip(KINDS, SAMPLES, strict=True):
            for completion in (text, wrap(text, "tag"), wrap(text, "boxed")):
                for answer_format in ("raw", "tag", "boxed"):

                    def grade(
                        completion: str = completion,
                        answer_format: str = answer_format,
                        kind: str = kind,
                        gold: str = sample.gold,
                    ) -> None:
                        answer = extract(completion, answer_format)
                        if isinstance(answer, str):
                            verify_answer(kind, gold, answer)

                    cost = seconds(grade, time.process_time) * 1e3
                    worst = max(worst, (cost, f"{kind} {answer_format} {text[:24]!r}"))
    return worst


def main() -> None:
    """Run the measurements and print them."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeats", type=int, default=200, help="timings of each text")
    repeats = parser.parse_args().repeats
    answers = {sample.kind: usual(sample, repeats) for sample in SAMPLES}
    worst_ms, worst_text = worst_answer()
    verify_program("n*n", SQUARES)
    programs = [
        seconds(lambda: verify_program("n*n", SQUARES), time.perf_counter)
        for _ in range(max(20, repeats))
    ]
    slow = [
        (seconds(lambda code=code: verify_program(code, SQUARES), time.perf_counter), code)  # type: ignore[misc]
        for code in PROGRAMS
    ]
    report = {
        "answers": answers,
        "worst_answer_cpu_ms": round(worst_ms, 2),
        "worst_answer": worst_text,
        "program_median_us": round(statistics.median(programs) * 1e6, 1),
        "worst_program_s": round(max(slow)[0], 3),
        "worst_program": max(slow)[1][:60],
    }
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
