"""Measurements of one search: how much of them can be afforded, what is known already, and the rest by training."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tinyfl.compiler.model_source import Calibration
from tinyfl.progress import Progress
from tinyfl.search.cache import MeasuredBefore
from tinyfl.search.effort import choose_effort
from tinyfl.search.space import Candidate, Measured
from tinyfl.types import Graph


class Measurements:
    """Measures candidates on the calibration samples, as many as a few minutes allow for ``parts``."""

    def __init__(
        self, graph: Graph, calibration: Calibration, rate: float, parts: Sequence[Candidate], seed: int
    ) -> None:
        from tinyfl.search import contribution as c

        effort = choose_effort(graph, parts, calibration.y)
        halves = c.halves(calibration.y, effort.per_class, effort.splits, seed)
        self.samples = len(np.unique(np.concatenate([half.learn for half in halves])))
        self._analysis = c.Analysis(graph, rate, calibration.x, calibration.y, halves, seed)
        self._before = MeasuredBefore([graph, calibration.x, calibration.y, list(halves), c.WAY, rate, seed])

    def of(self, candidates: Sequence[Candidate], progress: Progress, task: str) -> dict[Candidate, Measured]:
        """What each candidate reaches; what was measured before is not trained again."""
        known = {c: self._before.of(c) for c in candidates}
        missing = [c for c, m in known.items() if m is None]
        if missing:
            with progress.task(task, total=len(missing)) as bar:
                for c, m in self._analysis.measure(missing):
                    known[c] = m
                    self._before.add(c, m)
                    bar.advance()
        return {c: m for c, m in known.items() if m is not None}
