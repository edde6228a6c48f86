"""Wilson's score interval of a rate."""

import math
from statistics import NormalDist


def wilson_lower(successes: float, trials: float, alpha: float) -> float:
    """Lower end of the one-sided Wilson score interval of a rate; 0 without trials.

    Source: E. B. Wilson, "Probable inference, the law of succession, and statistical inference",
    JASA 22 (1927) 209-212. Its error is `alpha` in the normal approximation: below `alpha` for
    rates above 1/2 (skew to the left), somewhat above it for rates below.

    >>> round(wilson_lower(8, 10, alpha=0.025), 4)
    0.4902
    """
    return _wilson(successes, trials, alpha, sign=-1) if trials > 0 else 0.0


def wilson_upper(successes: float, trials: float, alpha: float) -> float:
    """Upper end of the one-sided Wilson score interval of a rate; 1 without trials.

    >>> round(wilson_upper(8, 10, alpha=0.025), 4)
    0.9433
    """
    return _wilson(successes, trials, alpha, sign=1) if trials > 0 else 1.0


def _wilson(successes: float, trials: float, alpha: float, *, sign: int) -> float:
    z = NormalDist().inv_cdf(1 - alpha)
    rate = min(1.0, successes / trials)  # min: effective counts may exceed 1 by rounding
    centre = rate + z * z / (2 * trials)
    half = z * math.sqrt(rate * (1 - rate) / trials + z * z / (4 * trials * trials))
    bound = (centre + sign * half) / (1 + z * z / trials)
    return min(1.0, max(0.0, bound))
