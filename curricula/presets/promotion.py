"""Our own rules: the promotion ladder, and `frontier`, the default."""

from collections.abc import Mapping

from ..checks import check_count, check_option, check_order
from ..curriculum import Curriculum
from ..demotion import UpperBound
from ..estimators import DiscountedBeta, LadderBeta
from ..floors import StaleFloor
from ..gates import SPRT, Gate, WilsonLower
from ..ladder import Ladder
from ..mixing import Even, ProgressGated
from ..protocol import Space
from ..quarantine import Quarantine
from ..reach import Reach
from ..replay import Deficit, FixedShare
from ..scores import LogitTarget


def _check_tests(
    demote_below: float,
    reject_at: float,
    promote_at: float,
    alpha: float,
    beta: float,
    icc: float,
) -> None:
    """Refuse thresholds without hysteresis and impossible error rates."""
    check_order(demote_below=demote_below, reject_at=reject_at, promote_at=promote_at)
    check_option("alpha", alpha, 0, 0.5, ends="()")
    check_option("beta", beta, 0, 0.5, ends="()")
    check_option("icc", icc, 0, 1)


def ladder(
    space: Space,
    *,
    seed: int,
    promote_at: float = 0.75,
    reject_at: float = 0.55,
    alpha: float = 0.05,
    beta: float = 0.1,
    icc: float = 0.3,
    wilson: bool = False,
    demote_below: float = 0.2,
    demote_groups: int = 6,
    half_life: float = 8.0,
    replay: float = 0.4,
    floor: float = 0.05,
    start: int | Mapping[str, int] = 1,
    weights: Mapping[str, float] | None = None,
) -> Curriculum:
    """Train at each family's frontier with a fixed share of replay, and promote by test.

    The first rule of this package. The defaults suit a small model that trains for a few hundred
    iterations of some 32 groups of 8 completions: a level with pass rate 0.9 is passed after about
    6 groups, one at 0.75 after about 14, and one at 0.55 or less falsely in at most 5 % of tests.

    Args:
        space: families and their numbers of levels.
        seed: of the private random stream.
        promote_at: pass rate at which a level should be passed.
        reject_at: pass rate at or below which a promotion is false.
        alpha: chance of a false promotion per test, and of a false demotion per look.
        beta: chance of a false rejection per test.
        icc: assumed correlation of two completions of one problem.
        wilson: whether the gate is `WilsonLower` at promote_at instead of `SPRT`.
        demote_below: a passed level whose pass rate is surely below this is lost.
        demote_groups: fewest groups of a level since its promotion for a demotion.
        half_life: age at which an outcome counts half, in groups of its level.
        replay: share of a family's tickets on levels already passed.
        floor: added to a level's failure rate to give its weight within the replay.
        start: first frontier level, for all families or for each (1 where not named).
        weights: relative share of each family; 1 where not named.

    Raises:
        ValueError: if an option is out of range or names what the space does not have.
    """
    _check_tests(demote_below, reject_at, promote_at, alpha, beta, icc)
    check_count("demote_groups", demote_groups, 1)
    check_option("half_life", half_life, 0, ends="(]")
    check_option("replay", replay, 0, 1, ends="[)")
    check_option("floor", floor, 0, ends="(]")
    gate: Gate = SPRT(reject_at, promote_at, alpha, beta, icc)
    if wilson:
        gate = WilsonLower(promote_at, alpha, icc)
    return Curriculum(
        space,
        kind="ladder",
        seed=seed,
        estimator=DiscountedBeta(half_life),
        ladder=Ladder(
            gate,
            demotion=UpperBound(demote_below, alpha, demote_groups, half_life),
            starts=start,
        ),
        replay=FixedShare(replay, floor),
        mix=Even(weights),
    )


def frontier(
    space: Space,
    *,
    seed: int,
    promote_at: float = 0.7,
    reject_at: float = 0.5,
    alpha: float = 0.05,
    beta: float = 0.1,
    icc: float = 0.3,
    target: float = 0.32,
    width: float = 0.45,
    half_life: float = 6.0,
    fade: float = 80.0,
    keep: float = 0.7,
    hold: float = 0.82,
    confirm: float = 0.1,
    floor: float = 0.06,
    demote_below: float = 0.2,
    never: int = 24,
    random: int = 384,
    start: int | Mapping[str, int] = 1,
    weights: Mapping[str, float] | None = None,
) -> Curriculum:
    """Train where a third succeed, wherever that is; promote by test, replay by deficit.

    The default of this package. What is trained on and what is promoted are two questions here. A
    ticket goes to the levels whose estimated pass rate is near `target` (`LogitTarget` on
    `LadderBeta`), so nobody waits for a test to end; a promotion says with a stated error rate that
    a level is passed, opens the next and ends the family's claim. Besides:

    - the sequential test starts when a level looks passed (estimate 0.55), and spends its `alpha`
      over all tests of the level: the chance that a level is ever promoted while its rate is at or
      below `reject_at` is at most `alpha`, as long as completions of one problem correlate no more
      than `icc` (beta-binomial groups; see `SPRT`);
    - passed levels are replayed as far as they have fallen below `keep`, and below `hold` once all
      are passed; a family whose levels all hold is let go;
    - a level without a success in `never` groups, or without a trend in `random`, is set aside;
    - a family without progress loses weight, a finished one keeps little;
    - `floor` of the tickets probe the levels not heard of for longest.

    The constants were chosen on simulated students: the nine of the bench and 120 random ones with
    seeds from 1000. Random students with seeds below 1000 had no part in it.

    Args:
        space: families and their numbers of levels.
        seed: of the private random stream.
        promote_at: pass rate at which a level should be passed.
        reject_at: pass rate at or below which a promotion is false.
        alpha: chance of a false promotion of a level, ever (see above); and of a false demotion
            per look.
        beta: chance of a false rejection per test.
        icc: assumed correlation of two completions of one problem.
        target: pass rate to train at.
        width: how sharply, as a standard deviation in logits.
        half_life: age at which an outcome counts half, in groups of its level.
        fade: the same in groups of its family.
        keep: pass rate below which a passed level is replayed.
        hold: the same once all levels of the family are passed.
        confirm: share of a family's tickets that bring the test of its frontier to an end.
        floor: share of the tickets that probe.
        demote_below: a passed level whose pass rate is surely below this is lost.
        never: groups without a success after which a level is set aside.
        random: groups without a trend after which a level is set aside; even, 0 for never.
        start: first frontier level, for all families or for each (1 where not named).
        weights: relative share of each family; 1 where not named.

    Raises:
        ValueError: if an option is out of range or names what the space does not have.
    """
    _check_tests(demote_below, reject_at, promote_at, alpha, beta, icc)
    check_option("half_life", half_life, 0, ends="(]")
    check_option("fade", fade, 0, ends="(]")
    check_option("keep", keep, 0, 1, ends="(]")
    check_option("hold", hold, 0, 1, ends="(]")
    check_option("confirm", confirm, 0, 1, ends="[)")
    check_option("floor", floor, 0, 1)
    check_count("never", never, 1)
    check_count("random", random, 0)
    return Curriculum(
        space,
        kind="frontier",
        seed=seed,
        estimator=LadderBeta(half_life, fade=fade),
        score=LogitTarget(target, width, tail=0.05),
        ladder=Ladder(
            SPRT(reject_at, promote_at, alpha, beta, icc, spend=True),
            demotion=UpperBound(demote_below, alpha),
            quarantine=Quarantine(never, random),
            reach=Reach(behind=None, ahead=1, at=0.4),
            starts=start,
            begin=0.55,
            ahead=True,
            confirm=confirm,
        ),
        replay=Deficit(keep, hold=hold),
        mix=ProgressGated(weights=weights),
        floor=StaleFloor(floor),
    )
