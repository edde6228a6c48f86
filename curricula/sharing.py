"""From parts to chances: what share of the tickets every cell gets."""

from dataclasses import dataclass

from .cells import Cells
from .estimators import Estimator
from .floors import Floor
from .ladder import Ladder
from .mixing import Mix, Standing
from .part import Part
from .replay import Replay
from .scores import Moment, Score
from .selection import Selection, mixed_in, spread


@dataclass(frozen=True, slots=True)
class Sharing:
    """The parts of a curriculum, and what they come to; see `Curriculum` for their meaning.

    Attributes:
        cells: of the space.
        estimator: what is believed of pass rates.
        score: what cells are worth.
        selection: from scores to chances.
        ladder: which levels are passed, open or set aside; None opens everything.
        replay: what passed levels get.
        mix: shares of families; None if the cells of all families compete.
        floor: what every open cell gets at least.
    """

    cells: Cells
    estimator: Estimator
    score: Score
    selection: Selection
    ladder: Ladder | None
    replay: Replay | None
    mix: Mix | None
    floor: Floor | None

    def parts(self) -> dict[str, Part]:
        """Return the parts that have a state, by name."""
        parts: dict[str, Part | None] = {
            "estimator": self.estimator,
            "score": self.score,
            "ladder": self.ladder,
            "mix": self.mix,
            "floor": self.floor,
        }
        return {name: part for name, part in parts.items() if part is not None}

    def chances(self, moment: Moment) -> list[float]:
        """Return the chance of every cell; they sum to 1."""
        return self._joint(moment) if self.mix is None else self._mixed(moment)

    def _joint(self, moment: Moment) -> list[float]:
        """Let the open cells of all families compete."""
        places = range(len(self.cells.families))
        cells = [cell for place in places for cell in self._open(place)]
        chances = [0.0] * len(self.cells)
        shares = self._select(cells, self.score.values(cells, moment))
        if self.floor is not None:
            shares = self.floor.lift(cells, shares)
        for cell, share in zip(cells, shares, strict=True):
            chances[cell] = share
        return chances

    def _mixed(self, moment: Moment) -> list[float]:
        """Share tickets between families, then within each."""
        assert self.mix is not None
        within, standings = [], []
        for place in range(len(self.cells.families)):
            cells, shares, standing = self._family(place, moment)
            within.append((cells, shares))
            standings.append(standing)
        chances = [0.0] * len(self.cells)
        for part, (cells, shares) in zip(self.mix.shares(standings), within, strict=True):
            for cell, share in zip(cells, shares, strict=True):
                chances[cell] += part * share
        return chances

    def _family(self, place: int, moment: Moment) -> tuple[list[int], list[float], Standing]:
        """Return the cells of a family that may be drawn, their shares, and how it stands."""
        cells, ladder = self._open(place), self.ladder
        values = self.score.values(cells, moment)
        shares = dict(zip(cells, self._select(cells, values), strict=True))
        finished, replay = False, 0.0
        if ladder is not None:
            finished = ladder.finished(place)
            cell = ladder.to_confirm(place, self.estimator)
            if cell is not None:
                shares = mixed_in(shares, ladder.confirm, {cell: 1.0})
            replay, parts = self._replayed(place, finished)
            shares = mixed_in(shares, replay, parts)
        drawn, lifted = list(shares), list(shares.values())
        if self.floor is not None:
            drawn, lifted = self._lift(place, shares)
        return drawn, lifted, Standing(finished, replay)

    def _replayed(self, place: int, finished: bool) -> tuple[float, dict[int, float]]:
        """Return what replay takes of a family's tickets, and its parts."""
        assert self.ladder is not None
        passed = [cell for cell in self.cells.ranges[place] if self.ladder.passed[cell]]
        if self.replay is None or not passed:
            return 0.0, {}
        rates = [self.estimator.rate(cell) for cell in passed]
        replay, weights = self.replay.split(rates, finished=finished)
        return replay, dict(zip(passed, spread(weights), strict=True))

    def _select(self, cells: list[int], values: list[float]) -> list[float]:
        """Return the chances of open cells; those set aside score what the quarantine says."""
        ladder = self.ladder
        if ladder is not None and ladder.quarantine is not None:
            weight = ladder.quarantine.weight
            values = [
                weight if ladder.shut[cell] else value
                for cell, value in zip(cells, values, strict=True)
            ]
        return self.selection(values)

    def _lift(self, place: int, shares: dict[int, float]) -> tuple[list[int], list[float]]:
        """Apply the floor to what may be drawn and to what is in quarantine."""
        assert self.floor is not None
        drawn = list(shares)
        if self.ladder is not None:
            shut = self.ladder.shut
            run = self.cells.ranges[place]
            drawn += [cell for cell in run if shut[cell] and cell not in shares]
        return drawn, self.floor.lift(drawn, [shares.get(cell, 0.0) for cell in drawn])

    def _open(self, place: int) -> list[int]:
        """Return the cells of a family that are scored."""
        if self.ladder is None:
            return list(self.cells.ranges[place])
        return self.ladder.open(place, self.estimator)
