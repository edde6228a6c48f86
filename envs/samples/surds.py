"""Samples of `surd`: the value is the sorted terms `(radicand, imaginary, coefficient)`."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import TypeAlias, cast

from ..answers.characters import clean
from ..answers.surds import parse_surd
from .sample import Sample, Sampler

Term: TypeAlias = tuple[int, bool, Fraction]
Terms: TypeAlias = tuple[Term, ...]
Style: TypeAlias = Callable[[str, str, str, bool], str]

_RADICANDS = (1, 2, 3, 5, 6, 7, 10, 11, 13, 15, 30, 101)
_DENOMINATORS = (1, 1, 1, 2, 3, 4, 5, 12)


def surd(terms: Terms) -> Sample:
    """Return the sample of a sum of terms, none of them 0 and no two alike."""
    terms = tuple(sorted(terms))
    return Sample("surd", terms, _sum(terms, _plain))


def _draw(rng: random.Random) -> Sample:
    keys = {(rng.choice(_RADICANDS), rng.random() < 0.3) for _ in range(rng.randint(1, 3))}
    if all(key == (1, False) for key in keys):
        keys.add((rng.choice(_RADICANDS[1:]), False))
    terms = [
        (*key, Fraction(rng.choice((-1, 1)) * rng.randint(1, 12), rng.choice(_DENOMINATORS)))
        for key in sorted(keys)
    ]
    return surd(tuple(terms))


def _plain(top: str, bottom: str, root: str, unit: bool) -> str:
    number = f"{top or 1}/{bottom}" if bottom else top
    parts = [number, f"sqrt({root})" if root else "", "i" if unit else ""]
    return "*".join(part for part in parts if part) or "1"


def _divided_last(top: str, bottom: str, root: str, unit: bool) -> str:
    body = _plain(top, "", root, unit)
    return f"{body} / {bottom}" if bottom else body


def _latex(top: str, bottom: str, root: str, unit: bool) -> str:
    number = f"\\frac{{{top or 1}}}{{{bottom}}}" if bottom else top
    return (number + (f"\\sqrt{{{root}}}" if root else "") + ("i" if unit else "")) or "1"


def _numerator(top: str, bottom: str, root: str, unit: bool) -> str:
    body = _latex(top, "", root, unit)
    return f"\\dfrac{{{body}}}{{{bottom}}}" if bottom else body


def _unicode(top: str, bottom: str, root: str, unit: bool) -> str:
    number = f"{top or 1}/{bottom}" if bottom else top
    return (number + ("i" if unit else "") + (f"√{root}" if root else "")) or "1"


def _loose(top: str, bottom: str, root: str, unit: bool) -> str:
    parts = ["i"] * unit + [f"sqrt{{{root}}}"] * bool(root)
    number = [f"({top or 1}/{bottom})" if parts else f"{top or 1}/{bottom}"] if bottom else [top]
    return " \\cdot ".join(part for part in parts + number if part) or "1"


_STYLES: tuple[Style, ...] = (_plain, _divided_last, _latex, _numerator, _unicode, _loose)


def _term(term: Term, style: Style) -> str:
    """Return a term without its sign."""
    radicand, unit, coefficient = term
    top, bottom = abs(coefficient.numerator), coefficient.denominator
    return style(
        "" if top == 1 else str(top),
        "" if bottom == 1 else str(bottom),
        "" if radicand == 1 else str(radicand),
        unit,
    )


def _sum(terms: Terms, style: Style) -> str:
    text = ""
    for term in terms:
        sign = "-" if term[2] < 0 else "+"
        text += (f" {sign} " if text else sign.replace("+", "")) + _term(term, style)
    return text or "0"


def _terms(sample: Sample) -> Terms:
    return cast(Terms, sample.value)


def _scaled(terms: Terms, factor: int) -> Terms:
    return tuple((radicand, unit, c * factor) for radicand, unit, c in terms)


def _bodies(terms: Terms) -> Iterator[str]:
    for style in _STYLES:
        yield _sum(terms, style)
        yield _sum(terms[::-1], style)
    yield _sum(terms[1:] + terms[:1], _plain).replace(" ", "").replace("-", "\u2212")
    if all(radicand == 1 and not unit for radicand, unit, _ in terms):
        return  # a rational is no quotient of a bracket
    bottom = math.lcm(*(c.denominator for _, _, c in terms))
    for factor in (bottom, 2 * bottom)[bottom == 1 :]:
        yield f"({_sum(_scaled(terms, factor), _plain)})/{factor}"
        yield f"\\frac{{{_sum(_scaled(terms, factor)[::-1], _latex)}}}{{{factor}}}"
        if len(terms) > 1:
            yield f"-({_sum(_scaled(terms, -factor), _unicode)})/{factor}"


def _spellings(sample: Sample) -> list[str]:
    bodies = list(_bodies(_terms(sample)))
    return [*bodies, f"x = {bodies[-1]}", f"$z={bodies[2]}$"]


def _near_misses(sample: Sample) -> list[Sample]:
    terms = _terms(sample)
    others: list[Terms] = []
    for i, (radicand, unit, c) in enumerate(terms):
        rest = terms[:i] + terms[i + 1 :]
        taken = {term[:2] for term in rest}
        changed = [
            *((radicand, unit, new) for new in (-c, c + 1, c - 1, c / 2, c * 10) if new),
            (radicand, not unit, c),
            *((other, unit, c) for other in (1, 2, 3, 6, 11, 14) if other != radicand),
        ]
        others += [(*rest, term) for term in changed if term[:2] not in taken]
        if rest:
            others.append(rest)
    found = dict.fromkeys(tuple(sorted(other)) for other in others)
    # times 1 is the same value, so beside 1 the answer would be no hedge
    one = ((1, False, Fraction(1)),)
    return [surd(other) for other in found if other not in (terms, one)]


def _wrong_forms(sample: Sample) -> list[str]:
    terms, gold = _terms(sample), sample.gold
    forms = [
        f"{gold} + 0",
        f"({gold})",
        f"--{gold}",
        f"1*1*{gold}",
        f"{gold} = {gold}",
        f"{gold} \\pm 0",
        f"({gold})*x/x",
        f"{gold} + sqrt(17) - sqrt(17)",
    ]
    for i, (radicand, unit, c) in enumerate(terms):
        tail = _sum(terms[:i] + terms[i + 1 :], _plain) if len(terms) > 1 else ""
        joined = f" + {tail}".replace("+ -", "- ") if tail else ""
        key, size = (radicand, unit), Fraction(abs(c) + 1)
        # like terms left apart; a square left under the root; a root of -1
        forms.append(_sum(((*key, c + size), (*key, -size)), _plain) + joined)
        forms.append(_sum(((4 * radicand, unit, c / 2),), _plain) + joined)
        if unit:
            forms.append(_sum(((radicand, False, c),), _plain) + "*sqrt(-1)" + joined)
    return forms


def _read(gold: str) -> Sample:
    value = parse_surd(clean(gold))
    if isinstance(value, Fraction):
        raise ValueError("only irrational numbers are covered")
    return surd(value.terms)


SAMPLERS = (Sampler("surd", _draw, _spellings, _near_misses, _wrong_forms, _read),)
