"""Gates: tests that decide from counts whether a level is passed, with stated error rates.

A gate is a pure function of the `Evidence` since its last answer other than "stay". Ask it after
every group; repeated looks are paid for in its error rate, unlike in the usual rule "mean of the
last k above a threshold", which passes every level sooner or later.

The rate is *per test* unless a gate spends it over all of them (`SPRT(spend=True)`). After a
rejection the evidence starts again, and that is a new test: a level that stays at the boundary for
k tests is promoted falsely with probability at most k * alpha (and far less for a level well below
it).
"""

import math
from dataclasses import dataclass
from typing import ClassVar, Literal, Protocol, TypeAlias

from .evidence import Evidence
from .wilson import wilson_lower, wilson_upper

Decision: TypeAlias = Literal["promote", "stay", "reject", "demote"]


class Gate(Protocol):
    """A test of "is this level passed?" on the counts of one level."""

    @property
    def alpha(self) -> float:
        """Error rate of the bounds in the events; `stated_alpha` says what the gate promises."""
        ...

    @property
    def icc(self) -> float:
        """Correlation within a group with which evidence must be added."""
        ...

    @property
    def window(self) -> int | None:
        """Groups the evidence is of: the last so many, or None for all since the last answer."""
        ...

    @property
    def stated_alpha(self) -> float | None:
        """The error rate that the gate states; None if it states none."""
        ...

    @property
    def false_below(self) -> float | None:
        """The pass rate at or below which a promotion is false; None if it states none."""
        ...

    def decide(self, evidence: Evidence, *, rejections: int = 0) -> Decision:
        """Say what follows from the evidence.

        "promote", "stay" (ask again after the next group), "reject" (start again), or "demote"
        (back to the level before).

        Args:
            evidence: of the level, since the last answer other than "stay".
            rejections: tests of this level that ended without a promotion so far.
        """
        ...

    def explain(self, evidence: Evidence, *, rejections: int = 0) -> str:
        """Say with which numbers the decision was made; arguments as those of `decide`."""
        ...


@dataclass(frozen=True, slots=True)
class SPRT:
    """Sequential probability ratio test of pass rate `low` (not passed) against `high` (passed).

    Promotes when the log-likelihood ratio reaches ln(1/alpha), rejects when it falls to ln(beta).
    These are Wald's bounds on the safe side: with them, and not only approximately, at most
    `alpha` of tests promote a level whose rate is `low` or less, and at most `beta` reject one
    whose rate is `high` or more. Between them lies the indifference region.

    The ratio is divided by the design effect (see `Evidence`). For beta-binomial groups of
    correlation `icc` the bound `alpha` still holds if `low` is 1/2 or more, because one group's
    ratio then has mean at most 1 (Ville's inequality; computed in the tests, not proved). For
    smaller `low` it holds at alpha = 0.05 and is exceeded by up to a third at alpha = 0.001 (as
    far as computed, again); if completions are more correlated than `icc` says, clearly.

    Sources: A. Wald, "Sequential tests of statistical hypotheses", Ann. Math. Stat. 16 (1945)
    117-186; for mastery tests Ferguson (1967) and Reckase (1983).

    Args:
        low: highest pass rate at which a promotion is false.
        high: lowest pass rate at which a rejection is false.
        alpha: chance of a false promotion per test.
        beta: chance of a false rejection per test; costs time only.
        icc: assumed correlation of two completions of one problem.
        spend: whether alpha is the chance of a false promotion in all tests of a level together:
            test j = 1, 2, … then has alpha / (j (j + 1)), which sums to alpha (the idea of
            alpha spending: Lan and DeMets, Biometrika 70 (1983) 659-663).

    >>> gate, seen = SPRT(low=0.5, high=0.7, alpha=0.05, beta=0.1, icc=0.0), Evidence()
    >>> [gate.decide(seen := seen.add(4, 4)) for _ in range(3)]
    ['stay', 'stay', 'promote']
    """

    low: float
    high: float
    alpha: float
    beta: float
    icc: float
    spend: bool = False
    window: ClassVar[None] = None

    def __post_init__(self) -> None:
        """Refuse arguments without a test."""
        if not 0 < self.low < self.high < 1:
            raise ValueError(f"SPRT needs 0 < low < high < 1, got {self.low!r}, {self.high!r}")
        if not (0 < self.alpha < 0.5 and 0 < self.beta < 0.5):
            raise ValueError(
                f"SPRT needs alpha and beta between 0 and 0.5, got {self.alpha!r}, {self.beta!r}"
            )
        _check_icc(self.icc)

    @property
    def stated_alpha(self) -> float:
        """Return alpha."""
        return self.alpha

    @property
    def false_below(self) -> float:
        """Return `low`."""
        return self.low

    def log_likelihood_ratio(self, evidence: Evidence) -> float:
        """How much better `high` explains the evidence than `low` does, in nats."""
        right = evidence.effective_successes
        wrong = evidence.effective_trials - right
        return right * math.log(self.high / self.low) + wrong * math.log(
            (1 - self.high) / (1 - self.low)
        )

    def decide(self, evidence: Evidence, *, rejections: int = 0) -> Decision:
        """Compare the log-likelihood ratio with its two bounds."""
        ratio = self.log_likelihood_ratio(evidence)
        if ratio >= self._upper(rejections):
            return "promote"
        return "reject" if ratio <= math.log(self.beta) else "stay"

    def _upper(self, rejections: int) -> float:
        """Return the bound that promotes, in nats."""
        share = 1 / ((rejections + 1) * (rejections + 2)) if self.spend else 1.0
        return -math.log(self.alpha * share)

    def explain(self, evidence: Evidence, *, rejections: int = 0) -> str:
        """Say where the log-likelihood ratio stands."""
        return (
            f"log-likelihood ratio of {self.high:g} to {self.low:g} is "
            f"{self.log_likelihood_ratio(evidence):.2f}, bounds {math.log(self.beta):.2f} "
            f"and {self._upper(rejections):.2f}"
        )


@dataclass(frozen=True, slots=True)
class WilsonLower:
    """Promotes when the Wilson lower bound of the pass rate reaches `threshold`.

    A bound that is looked at after every group is exceeded by luck sooner or later. So this gate
    looks only when the evidence has doubled, after first_look, 2 * first_look, 4 * first_look, …
    groups, `looks` times in all, and each look spends alpha / looks (Bonferroni). At most `alpha`
    of tests then promote a level whose rate is `threshold` or less, as far as Wilson's interval
    keeps its level (see `wilson_lower`). A look rejects if even the upper bound is below
    `threshold`, and the last look rejects whatever it does not promote.

    It asks for more than `SPRT`: a level at exactly `threshold` is not to be promoted.

    Args:
        threshold: highest pass rate at which a promotion is false.
        alpha: chance of a false promotion per test.
        icc: assumed correlation of two completions of one problem.
        first_look: groups before the first look.
        looks: number of looks.

    >>> gate, seen, answers = WilsonLower(threshold=0.7, alpha=0.05, icc=0.3), Evidence(), []
    >>> while not answers or answers[-1] == "stay":
    ...     seen = seen.add(16, 16, icc=gate.icc)
    ...     answers.append(gate.decide(seen))
    >>> seen.groups, answers[-1]
    (8, 'promote')
    """

    threshold: float
    alpha: float
    icc: float
    first_look: int = 4
    looks: int = 4
    window: ClassVar[None] = None

    def __post_init__(self) -> None:
        """Refuse arguments without a test."""
        if not 0 < self.threshold < 1:
            raise ValueError(f"threshold must be between 0 and 1, got {self.threshold!r}")
        if not 0 < self.alpha < 0.5:
            raise ValueError(f"alpha must be between 0 and 0.5, got {self.alpha!r}")
        if self.first_look < 1 or self.looks < 1:
            raise ValueError(
                f"first_look and looks must be at least 1, got {self.first_look}, {self.looks}"
            )
        _check_icc(self.icc)

    @property
    def stated_alpha(self) -> float:
        """Return alpha."""
        return self.alpha

    @property
    def false_below(self) -> float:
        """Return the threshold."""
        return self.threshold

    def decide(self, evidence: Evidence, *, rejections: int = 0) -> Decision:
        """Answer "stay" between looks; compare the bounds with the threshold at a look."""
        last = self.first_look * 2 ** (self.looks - 1)
        if not self._is_look(evidence.groups) and evidence.groups < last:
            return "stay"
        counts = evidence.effective_successes, evidence.effective_trials
        if wilson_lower(*counts, self.alpha / self.looks) >= self.threshold:
            return "promote"
        hopeless = wilson_upper(*counts, self.alpha / self.looks) < self.threshold
        return "reject" if hopeless or evidence.groups >= last else "stay"

    def explain(self, evidence: Evidence, *, rejections: int = 0) -> str:
        """Say where the lower bound stands."""
        lower = wilson_lower(
            evidence.effective_successes, evidence.effective_trials, self.alpha / self.looks
        )
        return f"Wilson lower bound is {lower:.3f}, threshold {self.threshold:g}"

    def _is_look(self, groups: int) -> bool:
        return groups in {self.first_look * 2**look for look in range(self.looks)}


@dataclass(frozen=True, slots=True)
class MeanThreshold:
    """Promotes when the mean of the last groups is above `threshold`: what most trainers do.

    Its error rate is whatever chance makes it: looked at after every group, a window passes every
    level near the threshold sooner or later. Here for the published rules.

    Args:
        threshold: mean above which a level is passed.
        groups: groups that the mean is of.
        below: mean below which the level before comes back; None for never.
        sliding: whether the mean is that of the last `groups` groups, looked at after each; if not,
            it is looked at when `groups` groups are together and the count starts again.
        inclusive: whether a mean equal to the threshold promotes.

    >>> gate, seen = MeanThreshold(0.7, groups=2, sliding=False), Evidence()
    >>> [gate.decide(seen := seen.add(3, 4)) for _ in range(2)]
    ['stay', 'promote']
    """

    threshold: float
    groups: int
    below: float | None = None
    sliding: bool = True
    inclusive: bool = False
    icc: ClassVar[float] = 0.0
    alpha: ClassVar[float] = 0.05  # of the bounds in the events only
    stated_alpha: ClassVar[None] = None
    false_below: ClassVar[None] = None

    def __post_init__(self) -> None:
        """Refuse arguments without a test."""
        if not 0 < self.threshold <= 1 or self.groups < 1:
            raise ValueError(
                f"MeanThreshold needs 0 < threshold <= 1 and groups >= 1, "
                f"got {self.threshold!r} and {self.groups!r}"
            )
        if self.below is not None and not 0 <= self.below < self.threshold:
            raise ValueError(f"below must be in [0, threshold), got {self.below!r}")

    @property
    def window(self) -> int | None:
        """Return the groups of a sliding mean."""
        return self.groups if self.sliding else None

    def decide(self, evidence: Evidence, *, rejections: int = 0) -> Decision:
        """Compare the mean with the thresholds once there are enough groups."""
        if evidence.groups < self.groups:
            return "stay"
        mean = evidence.successes / evidence.trials
        if mean > self.threshold or (self.inclusive and mean == self.threshold):
            return "promote"
        if self.below is not None and mean < self.below:
            return "demote"
        return "stay" if self.sliding else "reject"

    def explain(self, evidence: Evidence, *, rejections: int = 0) -> str:
        """Say where the mean stands."""
        mean = evidence.successes / evidence.trials
        return f"mean of {evidence.groups} groups is {mean:.3f}, threshold {self.threshold:g}"


def _check_icc(icc: float) -> None:
    if not 0 <= icc <= 1:
        raise ValueError(f"icc must be between 0 and 1, got {icc!r}")
