"""Differentiation at compile time: the int8 graph becomes a straight-line program of one training step.

The backward pass is pruned to what the update scheme needs. A weight is updated as soon as its gradient exists, so no
weight gradient is ever stored. Of the forward pass it keeps only what it reads: the masks of activations as bits, and
those input channels whose weights train; everything else may be streamed through rings or overwritten.
"""

from __future__ import annotations

from collections.abc import Mapping

from tinyfl.compiler.again import computed_again
from tinyfl.compiler.gradients import needs_grad
from tinyfl.compiler.rows import row_bytes, saved_channels
from tinyfl.compiler.segments import Saved, choose_segments, forward_scratch, lead_over, tensor_bytes
from tinyfl.ops import OPS, weighted
from tinyfl.ops.operator import window_of
from tinyfl.types import GradConstants, Int8Graph, Int8Node, Overlap, Program, Segment, Step


def grad_of(tensor: str) -> str:
    """Name of a tensor's gradient buffer."""
    return f"grad:{tensor}"


def mask_of(tensor: str) -> str:
    """Name of the bits that say where a tensor's gradient passes its activation."""
    return f"mask:{tensor}"


def input_of(n: Int8Node) -> str:
    """Name of the packed input that a node's weight update reads."""
    return f"input:{n.index}"


def kept_of(n: Int8Node) -> str:
    """Name of the gradients that the kernel of a node's input gradient leaves to its updates."""
    return f"kept:{n.index}"


def update_grad(graph: Int8Graph, n: Int8Node) -> str:
    """The gradient that a node's updates read."""
    return kept_of(n) if OPS[n.op].kept_gradient_elements(n, graph.shapes) else grad_of(n.output)


def update_input(graph: Int8Graph, n: Int8Node) -> str:
    """What a node's weight update reads: its whole input where all channels train, else the packed part.

    A flattened input is one pixel: its trained channels are the beginning of the whole.
    """
    if n.window is None:
        return weighted(n.op).update_input(n)
    window = window_of(n)
    flattened = window.in_shape != graph.shapes[n.inputs[0]] and window.in_h * window.in_w == 1
    return n.inputs[0] if flattened or saved_channels(n) == window.in_c else input_of(n)


def ring_of(tensor: str) -> str:
    """Name of the ring of an inner tensor."""
    return f"ring:{tensor}"


def mask_row_bytes(graph: Int8Graph, tensor: str) -> int:
    """Bytes of one row of a tensor's mask."""
    return (row_bytes(graph, tensor) + 7) // 8


def differentiate(
    graph: Int8Graph,
    grads: Mapping[int, GradConstants],
    grad_bits: int,
    learning_rate: float,
    input_in_arena: bool = False,
    fraction_bits: int = 8,
    again: bool = False,
) -> Program:
    """The training step of ``graph``; buffers are sized in bytes.

    ``again``: cheap results are computed twice rather than kept.
    """
    sizes: dict[str, int] = {graph.input: tensor_bytes(graph, graph.input)} if input_in_arena else {}
    top = grad_of(graph.output)
    in_place = (Overlap(top, graph.output, 0),)
    loss = Step("loss", len(graph.nodes), 0, (graph.output,), (top, "scratch:loss"), overlaps=in_place)
    sizes |= {"scratch:loss": 4 * graph.classes, top: graph.steps * graph.classes * grad_bits // 8}
    backward = _backward_pass(graph, grad_bits // 8, sizes)
    if again:
        backward = computed_again(graph, backward, sizes)
    saved = _saved(graph, backward, sizes)
    peak = _live_peak([loss, *backward], sizes)
    segments = choose_segments(graph, saved, peak, input_in_arena)
    steps = [_forward(graph, s, saved, sizes, backward) for s in segments]
    return Program(graph, grads, (*steps, loss, *backward), sizes, grad_bits, learning_rate, fraction_bits)


def _backward_pass(graph: Int8Graph, grad_bytes: int, sizes: dict[str, int]) -> list[Step]:
    needed = needs_grad(graph)
    written = {graph.output}
    steps: list[Step] = []
    for n in reversed(graph.nodes):
        if n.output in needed and n.output in written:
            steps += _backward(graph, n, needed, written, grad_bytes, sizes)
    return steps


def _backward(
    graph: Int8Graph, n: Int8Node, needed: set[str], written: set[str], grad_bytes: int, sizes: dict[str, int]
) -> list[Step]:
    gy = grad_of(n.output)
    steps = []
    if n.requant.mask_lo or n.requant.mask_hi:
        steps.append(Step("mask", n.index, 0, (mask_of(n.output), gy), (gy,)))
    for operand, tensor in enumerate(n.inputs):
        if tensor not in needed:
            continue
        accumulate, gx = tensor in written, grad_of(tensor)
        op = OPS[n.op]
        values = (*(n.inputs if op.grad_needs_inputs else ()), *((n.output,) if op.grad_needs_output else ()))
        reads = (gy, *dict.fromkeys(values), *((gx,) if accumulate else ()))
        scratch = _scratch(f"scratch:{n.index}", op.scratch_bytes(n, grad_bytes), sizes)
        if n.trains:
            scratch += _scratch(kept_of(n), op.kept_gradient_elements(n, graph.shapes) * grad_bytes, sizes)
        sizes[gx] = tensor_bytes(graph, tensor) * grad_bytes
        same = op.grad_in_place and not accumulate and sizes[gx] == sizes[gy]
        overlaps = (Overlap(gx, gy, 0),) if same else ()
        steps.append(Step("input_grad", n.index, operand, reads, (gx, *scratch), accumulate, overlaps))
        written.add(tensor)
    if n.trained_in_c:
        scratch = _scratch(f"scratch:update:{n.index}", OPS[n.op].update_scratch_bytes(n, grad_bytes), sizes)
        steps.append(Step("update_weight", n.index, 0, (update_grad(graph, n), update_input(graph, n)), scratch))
    if n.bias_trained:
        steps.append(Step("update_bias", n.index, 0, (update_grad(graph, n),), ()))
    return steps


def _scratch(name: str, size: int, sizes: dict[str, int]) -> tuple[str, ...]:
    if not size:
        return ()
    sizes[name] = size
    return (name,)


def _saved(graph: Int8Graph, backward: list[Step], sizes: dict[str, int]) -> Saved:
    """Sizes of what the backward pass reads of the forward pass, and which nodes write it."""
    producer = {n.output: n.index for n in graph.nodes}
    bytes_of: dict[int, int] = {}
    whole: set[str] = set()
    for step in backward:
        n = graph.nodes[step.node]
        for name in step.reads:
            if name == mask_of(n.output):
                sizes[name] = graph.shapes[n.output][0] * mask_row_bytes(graph, n.output)
                bytes_of[n.index] = bytes_of.get(n.index, 0) + sizes[name]
            elif name == input_of(n):
                sizes[name] = window_of(n).in_h * window_of(n).in_w * saved_channels(n)
                writer = producer.get(n.inputs[0], n.index)
                bytes_of[writer] = bytes_of.get(writer, 0) + sizes[name]
            elif name in producer or name == graph.input:
                whole.add(name)
    return Saved(bytes_of, frozenset(whole))


def _live_peak(steps: list[Step], sizes: Mapping[str, int]) -> int:
    """Most bytes alive in any of the steps; what they read without writing it is alive from the first one on."""
    last: dict[str, int] = {}
    first: dict[str, int] = {}
    for i, step in enumerate(steps):
        for name in (*step.reads, *step.writes):
            last[name] = i
            first.setdefault(name, i if name in step.writes else 0)
    return max(sum(sizes.get(name, 0) for name in last if first[name] <= i <= last[name]) for i in range(len(steps)))


def _forward(graph: Int8Graph, segment: Segment, saved: Saved, sizes: dict[str, int], backward: list[Step]) -> Step:
    nodes = [graph.nodes[i] for i in segment.nodes]
    out = nodes[-1].output
    inner = set(segment.rings)
    outer = tuple(dict.fromkeys(t for n in nodes for t in n.inputs if t not in inner))
    sizes[out] = tensor_bytes(graph, out)
    for tensor, rows in segment.rings.items():
        sizes[ring_of(tensor)] = rows * row_bytes(graph, tensor)
    scratch = _scratch(f"scratch:forward:{segment.nodes[0]}", forward_scratch(graph, segment), sizes)
    kept = {name for step in backward for name in step.reads}
    keeps = [mask_of(n.output) for n in nodes if mask_of(n.output) in kept]
    for n in graph.nodes:
        writer_inside = n.inputs[0] in {m.output for m in nodes} or (n in nodes and n.inputs[0] == graph.input)
        if input_of(n) in kept and writer_inside:
            keeps.append(input_of(n))
    writes = (out, *(ring_of(t) for t in segment.rings), *scratch, *keeps)
    overlaps = tuple(Overlap(out, t, lead_over(graph, segment, t)) for t in outer)
    return Step("forward", segment.nodes[-1], 0, outer, writes, overlaps=overlaps, segment=segment)
