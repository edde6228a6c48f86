"""Whether pass rates have moved, judged by the scatter of the groups themselves."""

import math
from collections.abc import Iterable, Sequence

Rates = Sequence[float]  # pass rates of single groups


def shift(strata: Iterable[tuple[Rates, Rates]]) -> float:
    """Return by how many standard errors the later groups are better, stratum by stratum.

    The stratified difference of means: sum of w (late - early) over the strata, with the harmonic
    weight w = n m / (n + m) of a stratum's n early and m late groups (Cochran 1954), divided by
    s sqrt(sum of w), where s^2 is the variance of group rates around the mean of their stratum. A
    group is one observation here: however alike its completions are, s shows it, and no
    correlation has to be assumed. 0 if nothing can be compared or no two rates differ.

    >>> round(shift([([0.25, 0.25], [0.75, 0.75])]), 3)
    1.732
    """
    rise = total = squares = 0.0
    spare = 0  # degrees of freedom
    for early, late in strata:
        n, m = len(early), len(late)
        if not n or not m:
            continue
        before, after = sum(early) / n, sum(late) / m
        mean = (n * before + m * after) / (n + m)
        squares += sum((rate - mean) ** 2 for rate in (*early, *late))
        spare += n + m - 1
        weight = n * m / (n + m)
        rise += weight * (after - before)
        total += weight
    if squares == 0:
        return 0.0
    return rise / math.sqrt(squares / spare * total)


def trend(rates: Rates) -> float:
    """Return `shift` from the earlier to the later half of some groups.

    >>> round(trend([0.25, 0.25, 0.75, 0.75]), 3)
    1.732
    """
    half = len(rates) // 2
    return shift([(rates[:half], rates[len(rates) - half :])])
