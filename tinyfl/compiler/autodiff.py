"""Differentiation at compile time: the int8 graph becomes a straight-line program of one training step.

The backward pass is pruned to what the update scheme needs, and a weight is updated as soon as its gradient exists,
so no weight gradient is ever stored.
"""

from __future__ import annotations

from collections.abc import Mapping

from tinyfl.compiler.gradients import needs_grad
from tinyfl.ops import OPS
from tinyfl.types import GradConstants, Int8Graph, Int8Node, Program, Step


def grad_of(tensor: str) -> str:
    """Name of a tensor's gradient buffer."""
    return f"grad:{tensor}"


def differentiate(
    graph: Int8Graph, grads: Mapping[int, GradConstants], grad_bits: int, learning_rate: float
) -> Program:
    """The training step of ``graph``; buffers are sized in bytes."""
    steps = [_forward(n) for n in graph.nodes]
    scratch = {"scratch:loss": 4 * graph.classes}
    steps.append(Step("loss", len(graph.nodes), 0, (graph.output,), (grad_of(graph.output), "scratch:loss")))
    needed = needs_grad(graph)
    written = {graph.output}
    for n in reversed(graph.nodes):
        if n.output in needed and n.output in written:
            steps += _backward(n, needed, written, grad_bits, scratch)
    return Program(graph, grads, tuple(steps), _sizes(graph, steps, scratch, grad_bits), grad_bits, learning_rate)


def _forward(n: Int8Node) -> Step:
    elementwise = n.op in ("add", "activation")
    in_place = tuple((n.output, t) for t in n.inputs) if elementwise else ()
    return Step("forward", n.index, 0, n.inputs, (n.output,), in_place=in_place)


def _backward(n: Int8Node, needed: set[str], written: set[str], grad_bits: int, scratch: dict[str, int]) -> list[Step]:
    gy = grad_of(n.output)
    steps = []
    if n.requant.mask_lo or n.requant.mask_hi:
        steps.append(Step("mask", n.index, 0, (n.output, gy), (gy,)))
    for operand, tensor in enumerate(n.inputs):
        if tensor not in needed:
            continue
        accumulate = tensor in written
        reads = [gy, *(n.inputs if OPS[n.op].grad_needs_inputs else []), *([grad_of(tensor)] if accumulate else [])]
        writes = [grad_of(tensor)]
        size = OPS[n.op].scratch_bytes(n, grad_bits // 8)
        if size:
            name = f"scratch:{n.index}"
            scratch[name] = size
            writes.append(name)
        in_place = ((grad_of(tensor), gy),) if n.op in ("add", "activation") and not accumulate else ()
        steps.append(Step("input_grad", n.index, operand, tuple(reads), tuple(writes), accumulate, in_place))
        written.add(tensor)
    if n.trained_in_c:
        steps.append(Step("update_weight", n.index, 0, (gy, n.inputs[0]), ()))
    if n.bias_trained:
        steps.append(Step("update_bias", n.index, 0, (gy,), ()))
    return steps


def _sizes(graph: Int8Graph, steps: list[Step], scratch: dict[str, int], grad_bits: int) -> dict[str, int]:
    """Bytes of every buffer that lives in the arena; the network's input stays with its owner."""
    sizes = dict(scratch)
    for step in steps:
        for name in step.writes:
            if name.startswith("scratch:"):
                continue
            tensor = name.removeprefix("grad:")
            h, w, c = graph.shapes[tensor]
            element = grad_bits // 8 if name.startswith("grad:") else 2 if tensor == graph.output else 1
            sizes[name] = h * w * c * element
    return sizes
