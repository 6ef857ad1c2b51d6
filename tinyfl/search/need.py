"""What a candidate needs of a device, by the passes that compile it, and whether that is within the budget.

The arena is the memory planner's. Planning takes about a second for a large network, so bounds decide where they can:
the bytes of trained parameters are a sum; whoever trains more needs no smaller an arena; training weights adds to the
arena of the biases the inputs that it keeps, at most. What lies between the bounds is planned, and whatever is chosen.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from tinyfl.compiler.again import smaller
from tinyfl.compiler.autodiff import differentiate
from tinyfl.compiler.bundle import Bundle
from tinyfl.compiler.cost import constant_bytes, sram_need
from tinyfl.compiler.gradients import grad_constants
from tinyfl.compiler.memory import ALIGNMENT
from tinyfl.compiler.quantize import quantize
from tinyfl.compiler.rows import saved_channels
from tinyfl.compiler.schedule import order_nodes
from tinyfl.compiler.scheme import trained_in_channels
from tinyfl.errors import ModelError
from tinyfl.ops import OPS
from tinyfl.ops.operator import window_of
from tinyfl.search.space import Candidate, biases_of, layers_from_end, scheme_of
from tinyfl.types import FloatArray, Graph, Int8Graph, LayerUpdate, MemoryPlan, Program, UpdateScheme
from tinyfl.wire.messages import MAX_SHARED_TENSORS

_MOST_PLANS = 120
_SAMPLES = 32  # shapes and masks are all that is wanted of the integers


@dataclass(frozen=True)
class Budget:
    """Bytes that a device has, None for any number, and the windows that its store is to hold."""

    sram: int | None
    flash: int | None
    store: int


@dataclass(frozen=True)
class Need:
    """Bytes that a scheme needs in all, and how many of its SRAM are the arena."""

    sram: int
    constants: int
    arena: int


class Planner:
    """Plans schemes for one graph without calibrating their gradients: constants do not change a size.

    ``graph`` is the graph in the order in which it will be computed.
    """

    def __init__(
        self,
        graph: Graph,
        samples: FloatArray,
        learning_rate: float,
        grad_bits: int,
        input_in_arena: bool = False,
        fraction_bits: int = 8,
    ) -> None:
        self.graph = order_nodes(graph)
        self._in_arena = input_in_arena
        self._fraction_bits = fraction_bits
        self._int8 = quantize(self.graph, UpdateScheme(()), samples[:_SAMPLES])
        self._rate = learning_rate
        self._bits = grad_bits
        self._update_bytes: dict[tuple[str, float], int] = {}

    def trained(self, scheme: UpdateScheme) -> Int8Graph:
        """The integer graph with what the scheme trains."""
        nodes = []
        for node, n in zip(self.graph.nodes, self._int8.nodes, strict=True):
            update = scheme.of(n.name)
            channels = trained_in_channels(node, update)
            trains_bias, shared = update is not None and update.bias, update is not None and update.shared
            nodes.append(replace(n, trained_in_c=channels, bias_trained=trains_bias, shared=shared))
        return replace(self._int8, nodes=tuple(nodes))

    def update_bytes(self, node: str, ratio: float) -> int:
        """Bytes of the input that a weight update reads, and of its scratch, each as the arena aligns them."""
        if (node, ratio) not in self._update_bytes:
            n = next(n for n in self.trained(UpdateScheme((LayerUpdate(node, ratio),))).nodes if n.name == node)
            window = window_of(n)
            saved = window.in_h * window.in_w * saved_channels(n)
            sizes = (saved, OPS[n.op].update_scratch_bytes(n, self._bits // 8))
            self._update_bytes[node, ratio] = sum(-(-size // ALIGNMENT) * ALIGNMENT for size in sizes)
        return self._update_bytes[node, ratio]

    def unplanned(self, scheme: UpdateScheme) -> Bundle:
        """All of the scheme but its steps and its arena. Raises ModelError where a layer's sums cannot be held."""
        int8 = self.trained(scheme)
        grads = grad_constants(int8, {int8.output: 0}, self._bits, self._rate)
        program = Program(int8, grads, (), {}, self._bits, self._rate, self._fraction_bits)
        return Bundle(program, MemoryPlan(0, {}), self.graph.parameters)

    def planned(self, scheme: UpdateScheme) -> Bundle:
        """The scheme with its real plan. Raises ModelError."""
        bundle = self.unplanned(scheme)
        empty = bundle.program
        arguments = empty.graph, empty.grads, self._bits, self._rate, self._in_arena, self._fraction_bits
        program, plan = smaller(differentiate(*arguments), differentiate(*arguments, again=True))
        return replace(bundle, program=program, plan=plan)


class Needs:
    """Needs of candidates under one budget, each planned once at most.

    After ``_MOST_PLANS`` plans a candidate that the bounds leave undecided counts as too large.
    """

    def __init__(self, planner: Planner, budget: Budget) -> None:
        self.budget = budget
        self._planner = planner
        self._layers = layers_from_end(planner.graph)
        self._known: dict[Candidate, Need] = {}
        self._parts: dict[Candidate, Need | None] = {}

    @property
    def planned(self) -> int:
        """How many candidates were planned."""
        return len(self._known)

    def of(self, candidate: Candidate) -> Need:
        """The real need. Raises ModelError if the candidate's sums do not stay in 32 bits."""
        if candidate not in self._known:
            bundle = self._planner.planned(scheme_of(candidate, self._planner.graph))
            self._known[candidate] = self._need(bundle)
        return self._known[candidate]

    def fits(self, candidate: Candidate, sram: int | None) -> bool:
        """Whether the candidate is within ``sram`` bytes, the budget's flash and what a federation can share."""
        rest = self._without_arena(candidate)
        if rest is None or (self.budget.flash is not None and rest.constants > self.budget.flash):
            return False
        if candidate.depth + sum(map(bool, candidate.ratios)) > MAX_SHARED_TENSORS:
            return False
        if sram is None or candidate in self._known:
            return sram is None or self._known[candidate].sram <= sram
        biases = self.of(biases_of(candidate.depth)).arena
        if rest.sram + biases > sram:
            return False
        if rest.sram + biases + self._saved(candidate) <= sram:
            return True
        lower = max((n.arena for known, n in self._known.items() if known.within(candidate)), default=0)
        if rest.sram + lower > sram or self.planned >= _MOST_PLANS:
            return False
        return self.of(candidate).sram <= sram

    def _saved(self, candidate: Candidate) -> int:
        """Bytes that the arena may grow by when weights train: inputs are kept, and updates may need scratch."""
        total = 0
        for node, ratio in zip(self._layers, candidate.ratios, strict=False):
            if ratio:
                total += self._planner.update_bytes(node.name, ratio)
        return total

    def _without_arena(self, candidate: Candidate) -> Need | None:
        """Need but for the arena: that of the biases and what the weights of each layer add to it."""
        biases = self._part(biases_of(candidate.depth))
        if biases is None:
            return None
        sram, constants = biases.sram, biases.constants
        for i, ratio in enumerate(candidate.ratios):
            if ratio:
                alone = biases_of(i + 1)
                without, added = self._part(alone), self._part(alone.with_ratio(i, ratio))
                if without is None or added is None:
                    return None
                sram += added.sram - without.sram
                constants += added.constants - without.constants
        return Need(sram, constants, 0)

    def _part(self, candidate: Candidate) -> Need | None:
        if candidate not in self._parts:
            try:
                bundle = self._planner.unplanned(scheme_of(candidate, self._planner.graph))
                self._parts[candidate] = self._need(bundle)
            except ModelError:
                self._parts[candidate] = None
        return self._parts[candidate]

    def _need(self, bundle: Bundle) -> Need:
        return Need(sram_need(bundle, self.budget.store).total, constant_bytes(bundle), bundle.plan.arena_bytes)
