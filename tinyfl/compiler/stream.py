"""A network over sequences as it computes one step: its nodes, what they remember, and where both lie.

Everything but the state lies in the arena, beside the place of the scores, where nothing else is between two calls.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from tinyfl.compiler.memory import ALIGNMENT, plan_memory
from tinyfl.compiler.plan_check import verify
from tinyfl.compiler.segments import tensor_bytes
from tinyfl.ops import OPS
from tinyfl.ops.one_step import NotCausal, OneStep, Past, pixels
from tinyfl.types import Int8Graph, Int8Node, MemoryPlan, Program, Shape, Step

_WORD = 4


@dataclass(frozen=True)
class Remembered:
    """What a node keeps from step to step: ``past`` of its input, else a state of its own, ``bytes`` from ``word`` on.

    Words of the state block are 32 bits; the first one counts the steps.
    """

    node: int
    tensor: str
    past: Past | None
    word: int
    bytes: int


@dataclass(frozen=True)
class Stream:
    """``program`` computes one step, placed by ``plan``; ``most`` steps at most, 0: any number."""

    program: Program
    plan: MemoryPlan
    remembered: tuple[Remembered, ...]
    most: int

    @property
    def state_bytes(self) -> int:
        """Bytes of the state block."""
        return max([_WORD, *(_WORD * r.word + r.bytes for r in self.remembered)])

    @property
    def step_bytes(self) -> int:
        """Bytes of one step of the input."""
        return self.program.graph.shapes[self.program.graph.input][2]


def taps_of(node: int) -> str:
    """Name of the taps that a node reads in one step."""
    return f"taps:{node}"


def stream_of(program: Program, plan: MemoryPlan) -> Stream:
    """The network of ``program`` step by step; raises NotCausal, whose message names the node."""
    graph = program.graph
    nodes = _one_steps(graph)
    remembered: list[Remembered] = []
    word = 1
    for n in nodes:
        size = n.state_bytes if n.past is None else _WORD + n.past.steps * graph.shapes[n.node.inputs[0]][2]
        if size:
            remembered.append(Remembered(n.node.index, n.node.inputs[0], n.past, word, _round(size, _WORD)))
            word += _round(size, _WORD) // _WORD
    most = min((n.most for n in nodes if n.most), default=0)
    one = _program(program, nodes)
    places = plan_memory(one)
    verify(places, one)
    return Stream(one, _beside_scores(places, plan, graph), tuple(remembered), most)


def find_stream(program: Program, plan: MemoryPlan) -> Stream | str:
    """The network step by step, or why there is no such thing."""
    try:
        return stream_of(program, plan)
    except NotCausal as error:
        return str(error)


def with_stream(program: Program, plan: MemoryPlan) -> MemoryPlan:
    """The plan with an arena in which the network can also be computed step by step, if it can at all."""
    stream = find_stream(program, plan)
    if isinstance(stream, str):
        return plan
    return replace(plan, arena_bytes=max(plan.arena_bytes, stream.plan.arena_bytes))


def _one_steps(graph: Int8Graph) -> list[OneStep]:
    """All nodes; those behind the last step's cut see that step alone."""
    height, steps, _ = graph.shapes[graph.input]
    if height > 1:
        raise NotCausal("its input is an image")
    if steps == 1:
        raise NotCausal("its input is a single step")
    return [_one_step(n, graph, steps) for n in graph.nodes]


def _one_step(n: Int8Node, graph: Int8Graph, steps: int) -> OneStep:
    name = f"{n.op} {n.name}"
    try:
        one = OPS[n.op].one_step(n, graph.shapes, steps)
    except NotCausal as error:
        raise NotCausal(f"{name}: {error}") from error
    seen, made = graph.shapes[n.inputs[0]], graph.shapes[n.output]
    if seen[0] != 1 or made[0] != 1:
        raise NotCausal(f"{name}: it computes an image")
    if pixels(made) == 1 < pixels(seen) and n.op != "crop":
        raise NotCausal(f"{name}: it keeps the first step alone")
    if pixels(made) == 1 and (one.past or one.state_bytes or one.most):
        raise NotCausal(f"{name}: it remembers steps of what is computed for the last one alone")
    return one


def _program(program: Program, nodes: list[OneStep]) -> Program:
    """Gathers and forward steps, each buffer of one pixel."""
    graph = program.graph
    shapes: dict[str, Shape] = {t: (1, 1, c) for t, (_, _, c) in graph.shapes.items()}
    sizes: dict[str, int] = {}
    steps, alone = [], []
    for one in nodes:
        n, writes = one.node, [one.node.output]
        if one.past is not None:
            window = n.window
            assert window is not None
            shapes[taps_of(n.index)] = window.in_shape
            steps.append(Step("gather", n.index, 0, n.inputs, (taps_of(n.index),)))
            n = replace(n, inputs=(taps_of(n.index),))
        scratch = OPS[n.op].forward_scratch_bytes(n, 1) if one.scratch_bytes is None else one.scratch_bytes
        if scratch:
            writes.append(f"scratch:forward:{n.index}")
            sizes[writes[-1]] = scratch
        alone.append(n)
        steps.append(Step("forward", n.index, 0, n.inputs, tuple(t for t in writes if t != graph.output)))
    single = replace(graph, nodes=tuple(alone), shapes=shapes)
    sizes |= {t: tensor_bytes(single, t) for s in steps for t in s.writes if t in shapes}
    return replace(program, graph=single, grads={}, steps=tuple(steps), buffer_bytes=sizes)


def _beside_scores(places: MemoryPlan, plan: MemoryPlan, graph: Int8Graph) -> MemoryPlan:
    """The places moved so that none meets the scores of the whole network's plan."""
    scores = plan.placements[graph.output].offset
    start = 0 if places.arena_bytes <= scores else _round(scores + 2 * graph.classes, ALIGNMENT)
    moved = {name: replace(p, offset=p.offset + start) for name, p in places.placements.items()}
    return MemoryPlan(start + places.arena_bytes, moved)


def _round(n: int, to: int) -> int:
    return -(-n // to) * to
