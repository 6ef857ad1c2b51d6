"""`--scheme auto`: measures what training each layer brings, and chooses what should gain most within the budget."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass

from tinyfl.compiler.model_source import Calibration
from tinyfl.extras import need
from tinyfl.progress import Progress
from tinyfl.search.front import Point, trade_off
from tinyfl.search.measured import Measurements
from tinyfl.search.need import Budget, Needs, Planner
from tinyfl.search.space import Candidate, Gains, Measured, layers_from_end, ratios_of, scheme_of
from tinyfl.types import Graph, UpdateScheme


@dataclass(frozen=True)
class Found:
    """What a search leaves: its choice, and all that it was made from.

    ``measured`` are single layers at most; ``chosen`` is the last point of ``front`` and ``confirmed`` what training it
    as a whole reached.
    """

    graph: Graph
    budget: Budget
    seed: int
    samples: int
    measured: Mapping[Candidate, Measured]
    gains: Gains
    front: tuple[Point, ...]
    confirmed: Measured

    @property
    def chosen(self) -> Point:
        """The point that was chosen."""
        return self.front[-1]

    @property
    def scheme(self) -> UpdateScheme:
        """The scheme that was chosen."""
        return scheme_of(self.chosen.candidate, self.graph)


def search_scheme(
    graph: Graph, calibration: Calibration, planner: Planner, rate: float, budget: Budget, seed: int, progress: Progress
) -> Found:
    """The scheme for ``graph`` on the user's samples. The classifier alone must fit the budget.

    Raises ToolError without torch, DataError if a class has too few samples.
    """
    need("--scheme auto", "compiler", "torch")
    needs = Needs(planner, budget)
    with progress.task("planning what fits"):
        candidates = parts_that_fit(graph, needs)
    measurements = Measurements(graph, calibration, rate, candidates, seed)
    measured = measurements.of(measurements.candidates, progress, "measuring what layers bring")
    gains = gains_of(graph, measured)
    with progress.task("searching under the memory planner"):
        front = trade_off(gains, needs, seed)
    chosen = front[-1].candidate
    confirmed = measurements.of([chosen], progress, "training the chosen scheme")[chosen]
    return Found(graph, budget, seed, measurements.samples, measured, gains, front, confirmed)


def parts_that_fit(graph: Graph, needs: Needs) -> list[Candidate]:
    """What is worth measuring: the biases of the last k layers, and those with one layer's weights, the k-th last's."""
    layers = layers_from_end(graph)
    sram = needs.budget.sram
    depth = bisect_left(range(1, len(layers) + 1), True, key=lambda d: not needs.fits(Candidate((0.0,) * d), sram))
    whole = Candidate(tuple(max(ratios_of(n)) for n in layers[:depth]))
    needs.bound(whole)  # what needs no more than its arena is not planned
    out = [Candidate()]
    for d in range(1, depth + 1):
        biases = Candidate((0.0,) * d)
        out.append(biases)
        parts = (biases.with_ratio(d - 1, ratio) for ratio in ratios_of(layers[d - 1]))
        out += [part for part in parts if needs.fits(part, sram)]
    return out


def gains_of(graph: Graph, measured: Mapping[Candidate, Measured]) -> Gains:
    """Contributions: of biases over the classifier alone, of weights over the biases of the same depth."""
    depth = max(c.depth for c in measured)
    biases = [measured[Candidate((0.0,) * d)].accuracy for d in range(depth + 1)]
    weights: list[dict[float, float]] = [{} for _ in range(depth)]
    for c, m in measured.items():
        if any(c.ratios):
            weights[c.depth - 1][c.ratios[-1]] = m.accuracy - biases[c.depth]
    return Gains(tuple(b - biases[0] for b in biases), tuple(weights))
