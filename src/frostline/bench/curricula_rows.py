"""What a comparison of schedulers found, as rows for a program."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from frostline.curricula.students.metrics import Ratio, Runs, compare

from .curricula_jobs import ORACLE
from .row import Row, geometric_mean

UNIFORM = "uniform"
FRONTIER = "frontier"


@dataclass(frozen=True, slots=True, eq=False)
class Results:
    """The runs of every scheduler with every student.

    Attributes:
        runs: by scheduler and student; the oracle is a scheduler, where a student has one.
        schedulers: in the order of the table.
        students: in the order of the table.
        seeds: runs of each pair.
    """

    runs: Mapping[tuple[str, str], Runs]
    schedulers: Sequence[str]
    students: Sequence[str]
    seeds: int

    def speed_up(self, scheduler: str, student: str) -> Ratio | None:
        """Return uniform's time over the scheduler's; None without an oracle to compare."""
        runs = self.runs.get((scheduler, student))
        return None if runs is None else compare(self.runs[UNIFORM, student], runs)

    def regret(self, scheduler: str, student: str) -> Ratio | None:
        """Return the scheduler's time over the oracle's; None if one of them did not run."""
        runs, oracle = self.runs.get((scheduler, student)), self.runs.get((ORACLE, student))
        return None if runs is None or oracle is None else compare(runs, oracle)

    def worst(self, scheduler: str) -> float | None:
        """Return the smallest median speed-up over students; 0 if one was failed on.

        A student counts whom uniform, the scheduler or the oracle masters on most seeds.
        """
        found = []
        for student in self.students:
            runs = self.runs.get((scheduler, student))
            if runs is None or self.hopeless(student):
                continue
            ratio = compare(self.runs[UNIFORM, student], runs)
            found.append(0.0 if runs.fails else ratio.median)
        return min(found, default=None)

    def hopeless(self, student: str) -> bool:
        """Return whether nobody masters a student on most seeds."""
        return all(runs.fails for (_, other), runs in self.runs.items() if other == student)

    def mean_regret(self, scheduler: str) -> float | None:
        """Return the geometric mean over students of the median regret; None without oracles.

        A run that was given up counts with the budget, so with failures it is a lower bound.
        """
        found = [self.regret(scheduler, student) for student in self.students]
        medians = [ratio.median for ratio in found if ratio]
        return geometric_mean(medians) if medians else None

    def false_promotions(self, scheduler: str) -> tuple[float, float, float | None] | None:
        """Return false promotions, promotions and the stated rate; None if it never promoted."""
        runs = [self.runs[key] for key in self.runs if key[0] == scheduler]
        promotions = sum(float(r.promotions.sum()) for r in runs)
        if not promotions:
            return None
        return sum(float(r.false_promotions.sum()) for r in runs), promotions, runs[0].alpha


def rows_of(results: Results) -> list[Row]:
    """Return the figures of all pairs, then those of the schedulers over all students."""
    pairs = [
        row
        for scheduler in results.schedulers
        for student in results.students
        if (scheduler, student) in results.runs
        for row in _pair(results, scheduler, student)
    ]
    return pairs + [row for name in results.schedulers for row in _overall(results, name)]


def _pair(results: Results, scheduler: str, student: str) -> Iterator[Row]:
    """Yield the figures of one scheduler with one student."""
    name = f"{scheduler}/{student}"
    runs, uniform = results.runs[scheduler, student], results.runs[UNIFORM, student]
    speed_up = compare(uniform, runs)
    times = f"batches of {runs.groups} groups"
    yield Row(f"steps/{name}", _median(runs.batches), times, _median(uniform.batches),
              speed_up.median)  # fmt: skip
    done = runs.mastered
    if (runs.steps[done] < runs.batches[done]).any():  # it discards groups
        yield Row(f"updates/{name}", _median(runs.steps[done]), "updates until mastery")
    yield Row(f"speedup/{name}", speed_up.median, "times uniform")
    yield Row(f"speedup/{name}/q1", speed_up.low, "times uniform")
    yield Row(f"speedup/{name}/q3", speed_up.high, "times uniform")
    regret = results.regret(scheduler, student)
    if regret and scheduler != ORACLE:
        yield Row(f"regret/{name}", regret.median, "times the oracle")
    for figure, unit in (
        ("mastered", "of the seeds"),
        ("area", "mean true pass rate"),
        ("forgetting", "mean loss of pass rate"),
        ("effective", "of the groups"),
    ):
        value, peer = (float(getattr(side, figure).mean()) for side in (runs, uniform))
        yield Row(f"{figure}/{name}", value, unit, peer)


def _overall(results: Results, scheduler: str) -> Iterator[Row]:
    """Yield the figures of one scheduler over all students."""
    worst, regret = results.worst(scheduler), results.mean_regret(scheduler)
    if worst is not None:
        yield Row(f"speedup/{scheduler}/worst", worst, "times uniform")
    if regret is not None and scheduler != ORACLE:
        yield Row(f"regret/{scheduler}/geomean", regret, "times the oracle")
    counted = results.false_promotions(scheduler)
    if counted:
        false, promotions, alpha = counted
        share = false / promotions
        yield Row(f"promotions/{scheduler}", promotions, "promotions")
        yield Row(f"false_promotions/{scheduler}", share, "of the promotions", alpha,
                  share / alpha if alpha else None)  # fmt: skip


def random_rows(results: Results) -> list[Row]:
    """Return how schedulers do on random students, over all runs that the oracle masters."""
    masters = {s: results.runs[ORACLE, s].mastered for s in results.students}
    runs = sum(len(mask) for mask in masters.values())
    able = sum(int(mask.sum()) for mask in masters.values())
    rows = [
        Row("random/students", len(results.students), "students"),
        Row("random/runs", runs, "runs"),
        Row("random/oracle/mastered", able / runs, "of the runs"),
    ]
    if not able:
        return rows
    for scheduler in results.schedulers:
        if scheduler == ORACLE:
            continue
        mastered, regrets, speed_ups = [], [], []
        for student, mask in masters.items():
            mine = results.runs[scheduler, student]
            mastered += mine.mastered[mask].tolist()
            regrets += (mine.batches / results.runs[ORACLE, student].batches)[mask].tolist()
            speed_ups += (results.runs[UNIFORM, student].batches / mine.batches)[mask].tolist()
        name = f"random/{scheduler}"
        rows.append(Row(f"{name}/mastered", float(np.mean(mastered)), "of the oracle's runs"))
        rows.append(Row(f"{name}/regret", _median(regrets), "times the oracle"))
        if scheduler != UNIFORM:
            rows.append(Row(f"{name}/speedup", _median(speed_ups), "times uniform"))
            tenth = float(np.quantile(speed_ups, 0.1))
            rows.append(Row(f"{name}/speedup/p10", tenth, "times uniform"))
    return rows


def _median(values: Sequence[float] | NDArray[np.float64]) -> float:
    return float(np.median(values))
