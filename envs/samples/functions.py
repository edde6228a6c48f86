"""Samples of `ratfun`, `func`, `antider` and `limit`.

The value of a function is its plainest spelling: `draw` writes each function in one way only, as
a sum over a fixed basis. Other spellings change the text, not a parsed tree.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from fractions import Fraction

from ..answers.characters import clean
from ..answers.literals import parse_rational
from .numbers import rational_spellings
from .sample import Sample, Sampler

_SUPERSCRIPT = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
_BASIS = ("x^3", "x^2", "x", "x*exp({k}*x)", "exp({k}*x)", "sin({k}*x)", "cos({k}*x)",
          "x*sin({k}*x)", "ln(x)", "x*ln(x)", "sqrt(x)")  # fmt: skip
_NAMES = re.compile(r"\b(sin|cos|tan|ln|exp|sqrt)\b")
_SIMPLE_ANGLE = re.compile(r"\b(sin|cos)\(([0-9]+)\*x\)(?! *[/^(0-9a-z])")
_EXP = re.compile(r"\bexp\(([^()]*)\)")
_FRACTION = re.compile(r"\b([0-9]+)/\(([^()]*)\)(?!\^)")


def _sample(kind: str, text: str) -> Sample:
    return Sample(kind, text, text)


def _nonzero(rng: random.Random, bound: int) -> int:
    return rng.choice((-1, 1)) * rng.randint(1, bound)


def _joined(terms: list[tuple[int, str]]) -> str:
    """Return a sum of multiples of texts."""
    text = ""
    for c, body in terms:
        size = body if abs(c) == 1 and not body.startswith("/") else f"{abs(c)}*{body}"
        size = size.replace("*/", "/").removeprefix("*").removesuffix("*")
        sign = (" - " if c < 0 else " + ") if text else "-" * (c < 0)
        text += sign + size
    return text


def _draw_ratfun(rng: random.Random) -> Sample:
    # a partial fraction is unique
    shift = _nonzero(rng, 9)
    pole = f"/(x {'-' if shift < 0 else '+'} {abs(shift)})"
    terms = [(_nonzero(rng, 9), "x"), (rng.choice((-1, 1)) * rng.randint(2, 9), pole)]
    return _sample("ratfun", _joined(terms))


def _drawer(kind: str) -> Callable[[random.Random], Sample]:
    def draw(rng: random.Random) -> Sample:
        chosen = sorted(rng.sample(range(len(_BASIS)), rng.randint(1, 3)))
        return _sample(kind, _joined(
            [(_nonzero(rng, 9), _BASIS[k].format(k=rng.randint(2, 5))) for k in chosen]
        ))  # fmt: skip

    return draw


def _terms(text: str) -> list[str]:
    """Return the terms of a sum with spaces around its signs, each with its sign in front."""
    found, depth, start = [], 0, 0
    for at, char in enumerate(text):
        depth += (char in "({") - (char in ")}")
        if depth == 0 and text[at : at + 3] in (" + ", " - "):
            found.append(text[start:at])
            start = at
    found.append(text[start:])
    first = found[0]
    found[0] = f" - {first[1:]}" if first.startswith("-") else f" + {first}"
    return found


def _forms(text: str) -> Iterator[str]:
    """Yield spellings of one function; the letter for a name is one that no answer uses."""
    yield text
    yield text.replace(" ", "")
    turned = "".join(reversed(_terms(text)))
    yield turned.removeprefix(" + ").strip()
    yield text.replace("^", "**")
    yield text.replace("*", "·").replace("-", "\u2212")
    yield text.replace("*", " ")
    yield re.sub(r"\^([0-9]+)", lambda m: m[1].translate(_SUPERSCRIPT), text)
    yield _NAMES.sub(r"\\\1", re.sub(r"\^([0-9]+)", r"^{\1}", text)).replace("*", " \\cdot ")
    yield _EXP.sub(r"e^{\1}", text)
    yield re.sub(r"\bln\b", "log", _EXP.sub(r"e^(\1)", text))
    yield _SIMPLE_ANGLE.sub(r"\1 \2x", text)
    yield _SIMPLE_ANGLE.sub(r"\\\1{\2x}", text)
    yield re.sub(r"\bsqrt\(x\)", "x^{1/2}", text)
    yield _FRACTION.sub(r"\\frac{\1}{\2}", text)
    yield f"({text})"
    yield f"-(-({text}))"
    yield f"\\frac{{2({text})}}{{2}}"
    yield f"3*({text}) - 2*({text})"
    yield f"({text})/x^{{-1}}*x^{{-1}}"
    yield f"y = {text}"
    yield f"f(x) = {text}"


def _spellings(sample: Sample) -> list[str]:
    forms = list(_forms(sample.gold))
    if sample.kind == "antider":
        ends = (" + C", " - C", " + c", " + 7", "+1/3 + C", " + ln(2)")
        forms += [f + end for f, end in zip(forms, ends, strict=False)]
        forms.append(f"C + {sample.gold}" if sample.gold[0] != "-" else f"C {sample.gold}")
    return forms


def _near_misses(sample: Sample) -> list[Sample]:
    text = sample.gold
    near = [f"-({text})", f"2*({text})", f"{text} + x", f"({text})*x"]
    if sample.kind != "antider":
        near += [f"{text} + 1", f"{text} - 2"]
    for number in list(re.finditer(r"[0-9]+", text))[:6]:
        near.append(f"{text[: number.start()]}{int(number[0]) + 1}{text[number.end() :]}")
    return [_sample(sample.kind, other) for other in near]


def _wrong_forms(sample: Sample) -> list[str]:
    text = sample.gold
    forms = [f"{text} = {text}", f"{text} = 0", f"|{text}|", f"{text} \\pm 0", f"{text}, {text}",
             f"\\int {text}", f"{text} + D", f"{text} + 1/(x-x)", f"({text}"]  # fmt: skip
    if sample.kind == "antider":
        forms += [f"{text} + C + C", f"{text} + C*x", f"{text} + C^2", f"({text} + C)*1"]
    else:
        forms += [f"{text} + C"]
    return forms


def _reader(kind: str) -> Callable[[str], Sample]:
    def read(gold: str) -> Sample:
        return _sample(kind, gold)

    return read


def _limit(value: Fraction | str) -> Sample:
    return Sample("limit", value, str(value))


def _draw_limit(rng: random.Random) -> Sample:
    if rng.random() < 0.25:
        return _limit(rng.choice(("infinity", "-infinity")))
    # not 1, so that a quotient of two answers is not one of them
    return _limit(Fraction(rng.choice((-1, 1)) * rng.randint(17, 60), rng.randint(1, 16)))


def _limit_spellings(sample: Sample) -> list[str]:
    if isinstance(sample.value, Fraction):
        bodies = [text for text in rational_spellings(sample.value) if "%" not in text]
        return [*bodies, f"L = {bodies[-1]}"]
    sign = "-" * (sample.gold[0] == "-")
    names = ("infinity", "inf", "oo", "∞", "\\infty", "Infinity")
    return [*(sign + name for name in names), f"{sign or '+'}∞", f"{sign or '+'} inf",
            f"L = {sign}\\infty", sign.replace("-", "\u2212") + "∞"]  # fmt: skip


def _limit_near(sample: Sample) -> list[Sample]:
    q = sample.value
    if not isinstance(q, Fraction):
        opposite = "infinity" if sample.gold[0] == "-" else "-infinity"
        return [_limit(opposite), _limit(Fraction(0)), _limit(Fraction(1))]
    others = [q - 1, q + 1, -q] + ([1 / q] if q else [])
    return [_limit(o) for o in others if o not in (q, 1)] + [_limit("infinity")]


def _limit_wrong(sample: Sample) -> list[str]:
    text = sample.gold
    return [f"{text}*1", f"{text} + 0", f"({text})*(1)", f"{text} = {text}", f"{text} or {text}",
            f"{text}, {text}", f"{text} \\pm 0", f"[{text}]", f"{text}%", "undefined"]  # fmt: skip


def _read_limit(gold: str) -> Sample:
    return _limit(gold if gold.endswith("infinity") else parse_rational(clean(gold)))


SAMPLERS = (
    Sampler("ratfun", _draw_ratfun, _spellings, _near_misses, _wrong_forms, _reader("ratfun")),
    Sampler("func", _drawer("func"), _spellings, _near_misses, _wrong_forms, _reader("func")),
    Sampler("antider", _drawer("antider"), _spellings, _near_misses, _wrong_forms,
            _reader("antider")),
    Sampler("limit", _draw_limit, _limit_spellings, _limit_near, _limit_wrong, _read_limit),
)  # fmt: skip
