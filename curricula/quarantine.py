"""Quarantine: levels that never or randomly succeed are set aside, and looked at again."""

from dataclasses import dataclass
from typing import TypeAlias

from .trends import shift, trend

Trail: TypeAlias = list[list[int]]  # [successes, trials] of a level's last groups, oldest first


@dataclass(frozen=True, slots=True)
class Quarantine:
    """When a level that is being tested is set aside, and when it comes back.

    A level *never* succeeds if its last `never` groups hold no success. It succeeds *randomly* if
    its last `random` groups, which were enough to learn something, show neither progress nor loss:
    |trend| below `z`, and no gate has passed it meanwhile. It comes back if its probes tell
    otherwise: `successes` right completions after never; or, after at least `probes` groups, a
    shift of `back` standard errors, up or down, against the groups it was set aside with.

    Args:
        never: groups without a success.
        random: groups without a trend; even. 0 switches this rule off.
        z: trend below which a level stands still, in standard errors.
        successes: right completions that bring a dead level back.
        back: shift that brings a random level back, in standard errors.
        probes: fewest groups for that.
        weight: score of a level in quarantine, for scores that are not negative. Small but not 0:
            once nothing better is left, levels set aside are trained on alike, so one that was set
            aside by mistake is not lost behind one that looks better.
    """

    never: int = 24
    random: int = 128
    z: float = 1.0
    successes: int = 2
    back: float = 3.0
    probes: int = 16
    weight: float = 1e-5

    def __post_init__(self) -> None:
        """Refuse rules that cannot fire."""
        if self.never < 1 or self.random < 0 or self.random % 2 or self.successes < 1:
            raise ValueError(
                f"Quarantine needs never >= 1, an even random >= 0 and successes >= 1, got "
                f"{self.never!r}, {self.random!r}, {self.successes!r}"
            )
        if not 0 <= self.weight <= 1:
            raise ValueError(f"weight of a Quarantine must be in 0..1, got {self.weight!r}")

    @property
    def memory(self) -> int:
        """Groups of a level to remember."""
        return max(self.never, self.random)

    def doubt(self, trail: Trail) -> tuple[int, str]:
        """Say on how many of its last groups, and why, a level is set aside; (0, "") if not."""
        if len(trail) >= self.never and not any(s for s, _ in trail[-self.never :]):
            return self.never, f"no success in {self.never} groups"
        if self.random and len(trail) >= self.random:
            z = trend(rates(trail[-self.random :]))
            if abs(z) < self.z:
                reason = f"{self.random} groups without a trend (z = {z:.2f}, below {self.z:g})"
                return self.random, reason
        return 0, ""

    def release(self, before: Trail, probes: Trail) -> str:
        """Say why a level comes back; empty if it stays.

        Args:
            before: the groups that it was set aside with.
            probes: its groups since then, `memory` of them at most.
        """
        if not any(successes for successes, _ in before):
            right = sum(successes for successes, _ in probes)
            return f"{right} successes since" if right >= self.successes else ""
        if len(probes) < self.probes:
            return ""
        z = shift([(rates(before), rates(probes))])
        return f"rate moved by {z:.2f} standard errors" if abs(z) >= self.back else ""


def rates(trail: Trail) -> list[float]:
    """Return the pass rate of each group."""
    return [successes / trials for successes, trials in trail]
