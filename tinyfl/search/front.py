"""The trade-off: for each budget of SRAM the candidate that is predicted to gain most."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tinyfl.search.evolution import evolve
from tinyfl.search.need import Need, Needs
from tinyfl.search.space import Candidate, Gains

SEARCHES = 13
"""of which the first and the last are for the whole budget, the others for parts of what its choice needs"""


@dataclass(frozen=True)
class Point:
    """A candidate, what it needs and what it is predicted to gain."""

    candidate: Candidate
    need: Need
    gain: float


def trade_off(gains: Gains, needs: Needs, seed: int, advance: Callable[[], None]) -> tuple[Point, ...]:
    """Points of rising need and rising gain, from the classifier alone to the best that fits the budget.

    The classifier alone must fit; ``advance`` is called after each of the ``SEARCHES``.
    """
    whole = needs.budget.sram
    best = _best(gains, needs, whole, seed, [Candidate()])
    least, most = needs.of(Candidate()).sram, needs.of(best).sram
    found = [Candidate(), best]
    advance()
    for i in range(1, SEARCHES):
        budget = least + (most - least) * i // (SEARCHES - 1) if i < SEARCHES - 1 else whole
        found.append(_best(gains, needs, budget, seed, found))
        advance()
    points = (Point(c, needs.of(c), gains.of(c)) for c in dict.fromkeys(found))
    front: list[Point] = []
    for point in sorted(points, key=lambda p: (p.need.sram, -p.gain, p.need.constants)):
        if not front or point.gain > front[-1].gain + 1e-9:
            front.append(point)
    return tuple(front)


def _best(gains: Gains, needs: Needs, sram: int | None, seed: int, start: list[Candidate]) -> Candidate:
    """The best candidate whose real plan fits, too, which the bounds alone cannot promise."""
    while True:
        found = evolve(gains, lambda c: needs.fits(c, sram), seed, start) or Candidate()
        if sram is None or not found.depth or needs.of(found).sram <= sram:
            return found
