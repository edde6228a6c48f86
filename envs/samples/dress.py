"""The outer delimiters and full stops that any answer may stand in."""

from __future__ import annotations

from .sample import Sample, Sampler


def dressed(sampler: Sampler, sample: Sample) -> list[str]:
    """Return every spelling of an answer, and two of them in delimiters.

    >>> from .samplers import SAMPLERS
    >>> sampler = SAMPLERS["int"]
    >>> dressed(sampler, sampler.read("1234"))[:4]
    ['1234', '+1234', '1,234', '1{,}234']
    """
    bodies = list(dict.fromkeys(sampler.spellings(sample)))
    if not sampler.delimiters:
        return bodies
    first, last = bodies[0], bodies[-1]
    return [
        *bodies,
        f"  {last}\n",
        f"${last}$",
        f"$${last}$$",
        f"\\({last}\\)",
        f"\\[ {last} \\]",
        f"\\boxed{{{last}}}",
        f"${first}$.",
        f"{first}.",
    ]
