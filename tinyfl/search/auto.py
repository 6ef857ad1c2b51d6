"""`--scheme auto`: measures what training each layer brings, and chooses what should gain most within the budget."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from tinyfl.compiler.model_source import Calibration
from tinyfl.extras import need
from tinyfl.progress import Progress
from tinyfl.search.effort import affordable_depth
from tinyfl.search.front import SEARCHES, Point, trade_off
from tinyfl.search.measured import Measurements
from tinyfl.search.need import Budget, Needs, Planner
from tinyfl.search.space import Candidate, Gains, Measured, biases_of, layers_from_end, ratios_of, scheme_of
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
    planner: Planner, calibration: Calibration, rate: float, budget: Budget, seed: int, progress: Progress
) -> Found:
    """The scheme for the planner's graph on the user's samples. The classifier alone must fit the budget.

    Raises ToolError without torch, DataError if a class has too few samples.
    """
    need("--scheme auto", "compiler", "torch")
    graph, needs = planner.graph, Needs(planner, budget)
    parts = parts_of(graph)
    depth = affordable_depth(graph, parts, calibration.y)
    with progress.task("planning what fits", total=depth) as bar:
        parts = list(those_that_fit([c for c in parts if c.depth <= depth], needs, bar.advance))
    measurements = Measurements(graph, calibration, rate, parts, seed)
    measured = measurements.of(parts, progress, "measuring what layers bring")
    gains = gains_of(measured)
    with progress.task("searching under the memory planner", total=SEARCHES) as bar:
        front = trade_off(gains, needs, seed, bar.advance)
    chosen = front[-1].candidate
    confirmed = measurements.of([chosen], progress, "training the chosen scheme")[chosen]
    return Found(graph, budget, seed, measurements.samples, measured, gains, front, confirmed)


def parts_of(graph: Graph) -> list[Candidate]:
    """What contributes: the biases of the last k layers, and those with the weights of one, the k-th last."""
    out = [Candidate()]
    for i, node in enumerate(layers_from_end(graph)):
        biases = biases_of(i + 1)
        out += [biases, *(biases.with_ratio(i, ratio) for ratio in ratios_of(node))]
    return out


def those_that_fit(parts: Sequence[Candidate], needs: Needs, advance: Callable[[], None]) -> Iterator[Candidate]:
    """The parts within the budget, up to the first depth whose biases alone are not."""
    for depth, same in groupby(parts, key=lambda c: c.depth):
        here = list(same)
        fitting = [c for c in here if needs.fits(c, needs.budget.sram)]
        if here[0] not in fitting:
            return
        yield from fitting
        if depth:
            advance()


def gains_of(measured: Mapping[Candidate, Measured]) -> Gains:
    """Contributions: of biases over the classifier alone, of weights over the biases of the same depth."""
    depth = max(c.depth for c in measured)
    biases = [measured[biases_of(d)].accuracy for d in range(depth + 1)]
    weights: list[dict[float, float]] = [{} for _ in range(depth)]
    for c, m in measured.items():
        if any(c.ratios):
            weights[c.depth - 1][c.ratios[-1]] = m.accuracy - biases[c.depth]
    return Gains(tuple(b - biases[0] for b in biases), tuple(weights))
