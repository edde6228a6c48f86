"""Samples of `text`: the value is the text in lower case, its spaces collapsed."""

from __future__ import annotations

import random

from .sample import Sample, Sampler

_TEXTS = ("yes", "Monday", "north east", "XIV", "a1b2", "3 January 1970", "b-c", "0x1F", "(a, b)")


def _text(gold: str) -> Sample:
    return Sample("text", " ".join(gold.lower().split()), gold)


def _draw_text(rng: random.Random) -> Sample:
    if rng.random() < 0.5:
        return _text(rng.choice(_TEXTS))
    return _text("".join(rng.choice("abcXYZ019-") for _ in range(rng.randint(1, 12))))


def _text_spellings(sample: Sample) -> list[str]:
    gold = sample.gold
    quoted = [f'"{gold}"', f"'{gold.upper()}'", f"“{gold}”"]
    spaced = [f"  {gold}\n", gold.replace(" ", " \n ")]
    wrapped = [f"\\text{{{gold}}}", f"\\boxed{{{gold}}}", f"${gold}$"]
    return [gold, gold.upper(), gold.lower(), *spaced, *quoted, *wrapped]


def _text_near(sample: Sample) -> list[Sample]:
    gold = sample.gold
    others = [
        f"{gold}s",
        f"not {gold}",
        gold[::-1],
        f"{gold} 1",
        f"x{gold}",
        gold.replace("a", "b"),
    ]
    return [other for text in others if (other := _text(text)).value != sample.value]


def _text_wrong(sample: Sample) -> list[str]:
    gold = sample.gold
    return [f"{gold}!", f"the answer is {gold}", f"{gold} or no", f"{gold}, {gold}", f'"{gold}',
            f"<{gold}>", f"f({gold})", f'""{gold}""']  # fmt: skip


SAMPLERS = (
    # a reference that ends in a full stop is refused, so no spelling may add one
    Sampler("text", _draw_text, _text_spellings, _text_near, _text_wrong, _text, delimiters=False),
)
