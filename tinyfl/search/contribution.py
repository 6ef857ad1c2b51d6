"""Contribution analysis: what training a part of the network brings on the user's task, over the classifier alone.

The float32 twin learns one half of the samples and is judged by the other half, then the halves change places, for one
or more splits. All runs start from the same briefly trained classifier and see the same mini-batches. What lies before
the first layer that trains gives the same results in every run: it is computed once, from the deepest cut to the last.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch
from torch.nn.functional import cross_entropy

from tinyfl.compiler.float_twin import FloatTwin, Layer, Values
from tinyfl.errors import DataError
from tinyfl.search.effort import BATCH, EPOCHS
from tinyfl.search.space import Candidate, Measured, cut_of, scheme_of
from tinyfl.types import FloatArray, Graph, IntArray

WARM_EPOCHS = 8
"""epochs in which the classifier learns alone before anything else does"""
QUARTERS = 3
"""times that the rate of a run that diverges is divided by four"""
_SLACK = 0.05
"""nats by which the loss may be higher in the last epoch than at the start before the run has diverged"""
_HOPELESS = 1.0
"""nats above the start in any epoch, after which a run is not continued"""
WAY = (BATCH, EPOCHS, WARM_EPOCHS, QUARTERS, _SLACK, _HOPELESS)
"""how a measurement is made; another way gives another number"""
_CHUNK = 16
"""samples computed at once where nothing trains"""


@dataclass(frozen=True)
class Half:
    """Indices of the samples to learn from and of those to judge by."""

    learn: IntArray
    judge: IntArray


def halves(labels: IntArray, per_class: int, splits: int, seed: int) -> tuple[Half, ...]:
    """Both directions of ``splits`` splits of at most ``per_class`` samples of each class; raises DataError."""
    rng = np.random.default_rng(seed)
    out: list[Half] = []
    for _ in range(splits):
        parts: tuple[list[int], list[int]] = ([], [])
        for label in np.unique(labels):
            chosen = rng.permutation(np.flatnonzero(labels == label))[:per_class]
            if len(chosen) < 2:
                raise DataError(
                    f"the calibration file has one sample of class {label}; --scheme auto needs two of each, one to "
                    "learn from and one to judge by"
                )
            for position, i in enumerate(chosen):
                parts[position % 2].append(int(i))
        first, second = (np.sort(np.array(part, np.int64)) for part in parts)
        out += [Half(first, second), Half(second, first)]
    return tuple(out)


@dataclass(frozen=True)
class Warm:
    """Where all runs on one half start: the classifier and its mean loss."""

    classifier: Layer
    loss: float


class Analysis:
    """Measures candidates on samples x [N, H, W, C] with labels y [N]; ``seed`` decides the order of learning.

    Each run computes in one thread, so results do not depend on the number of processors.
    """

    def __init__(
        self, graph: Graph, rate: float, x: FloatArray, y: IntArray, parts: tuple[Half, ...], seed: int
    ) -> None:
        self._graph, self._rate, self._parts, self._seed = graph, rate, parts, seed
        self._x = torch.from_numpy(x.astype(np.float32)).permute(0, 3, 1, 2)
        self._y = torch.from_numpy(y)

    def measure(self, candidates: list[Candidate]) -> Iterator[tuple[Candidate, Measured]]:
        """What each candidate reaches, over all samples that it was judged by; the deepest come first."""
        with ThreadPoolExecutor(os.cpu_count(), initializer=torch.set_num_threads, initargs=(1,)) as pool:
            at_head = self._forward(pool, {self._graph.input: self._x}, 0, cut_of(self._graph, 0))
            heads = list(pool.map(lambda part: self._warm(part, at_head), range(len(self._parts))))
            values: Values = {self._graph.input: self._x}
            start = 0
            for depth in sorted({c.depth for c in candidates}, reverse=True):
                cut = cut_of(self._graph, depth)
                values, start = self._forward(pool, values, start, cut), cut
                here = [c for c in candidates if c.depth == depth]
                jobs = [pool.submit(self._run, c, p, heads[p], values) for c in here for p in range(len(self._parts))]
                for i, c in enumerate(here):
                    runs = [job.result() for job in jobs[i * len(self._parts) : (i + 1) * len(self._parts)]]
                    accuracy = sum(run.accuracy for run in runs) / len(runs)
                    yield c, Measured(accuracy, max(run.lr_shift for run in runs))

    def _forward(self, pool: ThreadPoolExecutor, values: Values, start: int, stop: int) -> Values:
        twin = FloatTwin(self._graph, scheme_of(Candidate(), self._graph), self._rate)

        def part(first: int) -> Values:
            with torch.no_grad():
                return twin.run({t: v[first : first + _CHUNK] for t, v in values.items()}, start, stop)

        parts = list(pool.map(part, range(0, len(self._x), _CHUNK)))
        return {t: torch.cat([p[t] for p in parts]) for t in parts[0]}

    def _warm(self, part: int, values: Values) -> Warm:
        """A classifier that has learned one half."""
        factory = FloatTwin(self._graph, scheme_of(Candidate(), self._graph), self._rate)
        cut, learn = cut_of(self._graph, 0), self._parts[part].learn
        with torch.no_grad():
            at_first = float(cross_entropy(self._scores(factory, values, cut, learn), self._y[learn]))
        start = Warm(factory.layers[self._graph.nodes[-1].name], at_first)
        twin, loss, _ = self._trained(Candidate(), part, start, values, WARM_EPOCHS)
        return Warm(twin.layers[self._graph.nodes[-1].name], loss)

    def _run(self, candidate: Candidate, part: int, warm: Warm, values: Values) -> Measured:
        """What the candidate reaches on one half after learning the other."""
        twin, _, lr_shift = self._trained(candidate, part, warm, values, EPOCHS)
        judge = self._parts[part].judge
        with torch.no_grad():
            scores = self._scores(twin, values, cut_of(self._graph, candidate.depth), judge)
        return Measured(float((scores.argmax(1) == self._y[judge]).double().mean()), lr_shift)

    def _scores(self, twin: FloatTwin, values: Values, cut: int, samples: IntArray) -> torch.Tensor:
        pieces = _pieces(torch.from_numpy(samples), _CHUNK)
        return torch.cat([twin.scores({t: v[i] for t, v in values.items()}, cut) for i in pieces])

    def _trained(
        self, candidate: Candidate, part: int, start: Warm, values: Values, epochs: int
    ) -> tuple[FloatTwin, float, int]:
        """A twin that has learned one half, its loss in the last epoch, and by how many bits its rate was lowered."""
        cut = cut_of(self._graph, candidate.depth)
        for quarters in range(QUARTERS + 1):
            twin = FloatTwin(self._graph, scheme_of(candidate, self._graph), self._rate * 4.0**-quarters)
            classifier = twin.layers[self._graph.nodes[-1].name]
            with torch.no_grad():
                classifier.weight.copy_(start.classifier.weight)
                classifier.bias.copy_(start.classifier.bias)
            loss = self._learn(twin, part, values, cut, epochs, start.loss + _HOPELESS)
            if loss <= start.loss + _SLACK:
                break
        return twin, loss, 2 * quarters

    def _learn(self, twin: FloatTwin, part: int, values: Values, cut: int, epochs: int, limit: float) -> float:
        """Learns one half; returns the mean loss of the last epoch, which is the first one above ``limit``."""
        learn = torch.from_numpy(self._parts[part].learn)
        shuffle = torch.Generator().manual_seed(1000 * self._seed + part)
        mean = math.inf
        for _ in range(epochs):
            total = 0.0
            for i in _pieces(learn[torch.randperm(len(learn), generator=shuffle)], BATCH):
                batch = {t: v[i].contiguous(memory_format=torch.channels_last) for t, v in values.items()}
                total += twin.descend(twin.scores(batch, cut), self._y[i])
            mean = total / len(learn)
            if not mean <= limit:  # NaN is not
                break
        return mean


def _pieces(indices: torch.Tensor, size: int) -> Iterator[torch.Tensor]:
    for start in range(0, len(indices), size):
        yield indices[start : start + size]
