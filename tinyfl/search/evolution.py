"""Evolutionary search for the candidate with the largest sum of contributions that fits a budget.

As in MCUNetV3 (arXiv 2206.15472), with the memory planner as the judge of what fits. Every individual fits: children
are cut down until they do, then filled up with what still has room.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable

from tinyfl.search.space import Candidate, Gains

Fits = Callable[[Candidate], bool]

_POPULATION = 40
_GENERATIONS = 60
_PATIENCE = 15
"""generations without a better one after which the search ends"""


def evolve(gains: Gains, fits: Fits, seed: int, start: Iterable[Candidate] = ()) -> Candidate | None:
    """The best candidate found, of equals the one that trains less; None if not even the classifier alone fits.

    ``fits`` must hold for whatever trains less than something that fits. The same arguments give the same candidate.
    """
    if not fits(Candidate()):
        return None
    return _Search(gains, fits, random.Random(seed)).best([Candidate(), *start])


class _Search:
    def __init__(self, gains: Gains, fits: Fits, rng: random.Random) -> None:
        self.gains, self.fits, self.rng = gains, fits, rng

    def best(self, start: Iterable[Candidate]) -> Candidate:
        depths = range(self.gains.depth + 1)
        population = self._survivors(
            [self._repaired(c) for c in start] + [self._grown(Candidate().at_depth(d)) for d in depths]
        )
        idle = 0
        for _ in range(_GENERATIONS):
            children = [self._grown(self._child(population)) for _ in range(_POPULATION)]
            better = self._survivors([*population, *children])
            idle = 0 if better[0] != population[0] else idle + 1
            population = better
            if idle == _PATIENCE:
                break
        return self._climbed(population[0])

    def _survivors(self, candidates: Iterable[Candidate]) -> list[Candidate]:
        return sorted(set(candidates), key=self._rank)[:_POPULATION]

    def _rank(self, c: Candidate) -> tuple[float, float, int, tuple[float, ...]]:
        return -round(self.gains.of(c), 9), sum(c.ratios), c.depth, c.ratios

    def _child(self, population: list[Candidate]) -> Candidate:
        a, b = (min(self.rng.choices(range(len(population)), k=2)) for _ in range(2))  # the better of two, twice
        mother, father = population[a], population[b]
        depth = self.rng.choice((mother.depth, father.depth))
        pairs = zip(mother.at_depth(depth).ratios, father.at_depth(depth).ratios, strict=True)
        child = Candidate(tuple(self.rng.choice(pair) for pair in pairs))
        if self.rng.random() < 0.3:
            child = child.at_depth(min(self.gains.depth, max(0, depth + self.rng.choice((-2, -1, 1, 2)))))
        for _ in range(self.rng.randint(0, 2)):
            if child.depth:
                layer = self.rng.randrange(child.depth)
                child = child.with_ratio(layer, self.rng.choice((0.0, *sorted(self.gains.weights[layer]))))
        return child

    def _repaired(self, c: Candidate) -> Candidate:
        """Less and less of ``c``, at random, until it fits."""
        c = Candidate(
            tuple(r if r in self.gains.weights[i] else 0.0 for i, r in enumerate(c.at_depth(self._depth(c)).ratios))
        )
        while not self.fits(c):
            trained = [i for i, r in enumerate(c.ratios) if r]
            if trained and self.rng.random() < 0.8:
                layer = self.rng.choice(trained)
                lower = [r for r in self.gains.weights[layer] if r < c.ratios[layer]]
                c = c.with_ratio(layer, max(lower, default=0.0))
            else:
                c = c.at_depth(c.depth - 1)
        return c

    def _depth(self, c: Candidate) -> int:
        return min(c.depth, self.gains.depth)

    def _grown(self, c: Candidate) -> Candidate:
        """A candidate that fits, its layers filled up in random order as far as that gains something."""
        c = self._repaired(c)
        layers = list(range(c.depth))
        self.rng.shuffle(layers)
        for layer in layers:
            c = self._filled(c, layer)
        return c

    def _filled(self, c: Candidate, layer: int) -> Candidate:
        """``c`` with the ratio of ``layer`` that gains most of those that fit."""
        options = [0.0, *self.gains.weights[layer]]
        here = self._weight(layer, c.ratios[layer])
        for ratio in sorted(options, key=lambda r: (-self._weight(layer, r), r)):
            if self._weight(layer, ratio) <= here:
                return c
            trial = c.with_ratio(layer, ratio)
            if self.fits(trial):
                return trial
        return c

    def _weight(self, layer: int, ratio: float) -> float:
        return self.gains.weights[layer][ratio] if ratio else 0.0

    def _climbed(self, c: Candidate) -> Candidate:
        """The best that exchanges of two layers' ratios, or another depth, can reach."""
        while True:
            trials = sorted((t for t in self._neighbours(c) if self._rank(t) < self._rank(c)), key=self._rank)
            found = next((t for t in trials if self.fits(t)), None)
            if found is None:
                return c
            c = found

    def _neighbours(self, c: Candidate) -> set[Candidate]:
        options = [(0.0, *self.gains.weights[i]) for i in range(c.depth)]
        single = {c.with_ratio(i, r) for i in range(c.depth) for r in options[i]}
        double = {s.with_ratio(i, r) for s in single for i in range(c.depth) for r in options[i]}
        return double | {c.at_depth(d) for d in range(self.gains.depth + 1)}
