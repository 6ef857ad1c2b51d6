"""The trade-off: for each budget of SRAM the candidate that is predicted to gain most."""

from __future__ import annotations

from dataclasses import dataclass

from tinyfl.search.evolution import evolve
from tinyfl.search.need import Need, Needs
from tinyfl.search.space import Candidate, Gains

_POINTS = 12


@dataclass(frozen=True)
class Point:
    """A candidate, what it needs and what it is predicted to gain."""

    candidate: Candidate
    need: Need
    gain: float


def trade_off(gains: Gains, needs: Needs, seed: int) -> tuple[Point, ...]:
    """Points of rising need and rising gain, from the classifier alone to the best that fits the budget.

    The classifier alone must fit.
    """
    whole = needs.budget.sram
    best = _best(gains, needs, whole, seed, [Candidate()])
    least, most = needs.of(Candidate()).sram, needs.of(best).sram
    found = [Candidate(), best]
    for i in range(1, _POINTS):
        budget = least + (most - least) * i // _POINTS
        found.append(_best(gains, needs, budget, seed, found))
    found.append(_best(gains, needs, whole, seed, found))
    points = (Point(c, needs.of(c), gains.of(c)) for c in dict.fromkeys(found))
    front: list[Point] = []
    for point in sorted(points, key=lambda p: (p.need.sram, -p.gain, p.need.constants)):
        if not front or point.gain > front[-1].gain + 1e-9:
            front.append(point)
    return tuple(front)


def _best(gains: Gains, needs: Needs, sram: int | None, seed: int, start: list[Candidate]) -> Candidate:
    found = evolve(gains, lambda c: needs.fits(c, sram), seed, start)
    return Candidate() if found is None else found
