"""The prose of docs/curricula.md that is written by hand; the tests run its examples."""

USE = """\
A scheduler says what to train on next and hears what became of it. `frostline.curricula` holds the
published rules and ours behind one protocol; whoever has a trainer takes the schedulers alone. They
need numpy and pydantic, no torch and none of our environments. Gymnasium is imported all the same:
`import frostline`, which Python runs first, registers the environments with it.

## Use one

```python
import random

from frostline.curricula import Outcome
from frostline.curricula.presets import frontier

scheduler = frontier({"arithmetic": 5, "fractions": 3}, seed=0)
for iteration in range(100):
    tickets = scheduler.sample(32, policy_version=iteration)
    # the trainer's part: 8 completions each of problem (family, level, index), graded, learned from
    right = [sum(random.random() < 0.9 for _ in range(8)) for ticket in tickets]
    outcomes = [Outcome(t, successes=k, trials=8) for t, k in zip(tickets, right, strict=True)]
    for event in scheduler.update(outcomes):
        print(event.kind, event.family, event.level, event.reason)
```

- Levels count from 1, the easiest; a family at a level is a cell. `ticket.index` says which of its
  problems; `ticket.probability` is the chance of the cell at the draw, for re-weighting.
- Outcomes may come late, in any order, and of fewer completions than asked for. Credit goes to the
  level of the ticket, and a ticket counts once. `Outcome(ticket, 0, 0, error=True)` closes one
  whose verifier failed; nothing is learned from it.
- `probabilities()` are the chances of the next draw, `metrics()` numbers to log.
- `state_dict()` is JSON. A run that was saved and restored goes on as if it had never stopped.
- `scheduler.admits(outcome)` says whether to train on a group: always, unless the rule filters.
- For Gymnasium there are `CurriculumWrapper` and `CurriculumVectorWrapper` in
  `frostline.curricula.wrapper`; for GRPO there is `frostline train --curriculum.kind KIND`.
"""

WRITE = """\
## Write your own

A scheduler is whatever has the methods of `frostline.curricula.Scheduler`; no base class is needed.
Most rules are a composition of the parts below, which brings saving, late outcomes and metrics
along:

```python
from frostline.curricula import Curriculum
from frostline.curricula.estimators import EMA
from frostline.curricula.floors import EvenFloor
from frostline.curricula.scores import Learnability
from frostline.curricula.selection import Softmax


def mine(space, *, seed, temperature=0.05):
    return Curriculum(
        space,
        kind="mine",
        seed=seed,
        estimator=EMA(0.2, prior=0.5),
        score=Learnability(),
        selection=Softmax(temperature),
        floor=EvenFloor(0.1),
        joint=True,  # levels of all families compete; without it families share alike
    )
```

`frostline bench curricula --scheduler mymodule:mine` puts it beside uniform training, `frontier`
and the oracle. If it has parameters named `horizon`, `generations` or `groups`, it is told them.

A score, estimator, mix or floor of your own extends `Score`, `Estimator`, `Mix` or `Floor` and
names in `STATE` the attributes that are to be saved. The parts that there are, in
`frostline.curricula`:
"""

STUDENT = """\
A student of your own is a class that `--student mymodule:Steady` names. Its pass rates are known,
so it can be judged by them; `oracles` may return rules that see them, as the yardstick.

```python
import numpy as np


class Steady:
    name, space = "steady", {"sums": 3}
    groups, generations, lag, budget = 8, 8, 0, 400

    def start(self, seeds):
        return SteadyCohort(seeds)

    def oracles(self):
        return {}


class SteadyCohort:
    def __init__(self, seeds):
        self.chances = np.tile([0.5, 0.2, 0.05], (len(seeds), 1))
        self.streams = [np.random.RandomState(seed) for seed in seeds]

    def rates(self):
        return self.chances.copy()

    def answer(self, cells):  # (seeds, groups): which level, from 0; -1 where no group is
        successes = np.zeros(cells.shape, dtype=np.intp)
        for row, stream in enumerate(self.streams):
            asked = np.flatnonzero(cells[row] >= 0)
            successes[row, asked] = stream.binomial(8, self.chances[row, cells[row, asked]])
        return successes

    def learn(self, cells, successes):
        for level in range(3):
            mixed = (cells == level) & (successes > 0) & (successes < 8)
            gain = 0.01 * (1 - self.chances[:, level])
            self.chances[:, level] += mixed.sum(axis=1) * gain

    def mastered(self):
        return self.chances[:, 2] >= 0.8
```
"""

MEASURED = """\
## How they do on simulated students

A student is a tabular policy whose true pass rates are known, so it is known when its goal is
reached: a true pass rate of 0.8 on the hardest level of every family that can be learned, for
`forgetting` on every level. The scheduler sees its tickets and their successes and nothing else.
The oracle sees the true rates. It is the best of a few rules per student; the optimum is not known
and may be faster. Time is counted in groups generated, a batch being what one step of the student
trains on; a run that has not reached the goal at the student's budget is given up.

This orders schedulers. It does not say that a curriculum helps a language model: on matched seeds
and models some studies find no gain over random sampling (Mordig et al. 2026, arXiv 2603.27226).
"""

FASTER = """\
### Where another rule is faster than frontier

Every pair in which the median over seeds of frontier's time over the rule's is above 1, with
quartiles.
"""

CURVES = """\
## The rules

The curves are mean true pass rates of the levels that can be learned, over batches of groups
generated, means over the seeds. A dot is the median time to mastery, a cross means that at most
half of the seeds get there. Constants are those of the sources unless a rule says otherwise.
"""

AFTER_MASTERY = """\
A run ends when its goal is reached: nothing is trained on any more, and the curve keeps its last
value. That is why `frontier` and the oracle seem to stop below a slower rule: `uniform` raises the
other levels for as long as it needs for the hardest. What is compared is when the goal is reached,
not the height of the curve in the end.
"""
