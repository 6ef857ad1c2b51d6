"""Generator of the backward pass: calibrated gradient exponents and the integer constants that follow from them.

docs/NUMERICS.md sections 3 and 7. The only pass besides quantisation that computes in floating point.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from tinyfl.compiler.quantize import chunks
from tinyfl.errors import ModelError
from tinyfl.ops import OPS, weighted
from tinyfl.ops.arith import qm, qm_array, rs
from tinyfl.ops.loss import softmax_ce
from tinyfl.ops.operator import NO_PARAMETERS, Parameters, operands
from tinyfl.ops.table import Table, arguments
from tinyfl.types import FloatArray, GradConstants, Int8Graph, Int8Node, IntArray

_LONGEST_SHIFT = 47  # of a finishing shift: 16 bits shifted by it stay in int64


def grad_limit(grad_bits: int) -> int:
    """GQ: 127 or 32767."""
    return (1 << (grad_bits - 1)) - 1


def parameters_of(n: Int8Node) -> Parameters:
    """The node's factory parameters."""
    if n.weight is None or n.bias is None:
        return NO_PARAMETERS
    return Parameters(n.weight, n.bias)


def needs_grad(graph: Int8Graph) -> set[str]:
    """Tensors that a trained parameter lies behind: only their gradients are computed (the pruned backward pass)."""
    needed: set[str] = set()
    for n in graph.nodes:
        if n.trains or any(t in needed for t in n.inputs):
            needed.add(n.output)
        if n.trains and OPS[n.op].trains_through_input:
            needed.update(n.inputs)
    return needed


def integer_activations(
    graph: Int8Graph, x: IntArray, parameters: Mapping[int, Parameters] | None = None
) -> dict[str, IntArray]:
    """Every tensor of the int8 graph for int8 samples x [N, H, W, C]; ``parameters`` by node, else the factory's."""
    values = {graph.input: x}
    for n in graph.nodes:
        p = parameters_of(n) if parameters is None else parameters[n.index]
        y = OPS[n.op].output(n, p, operands(n, values, graph.shapes))
        values[n.output] = y.reshape(len(x), *graph.shapes[n.output])
    return values


def activation_mask(n: Int8Node, y: IntArray) -> IntArray:
    """1 where the gradient passes the fused activation (NUMERICS 5.3)."""
    keep = np.ones(y.shape, np.int64)
    if n.requant.mask_lo:
        keep &= y > n.requant.lo
    if n.requant.mask_hi:
        keep &= y < n.requant.hi
    return keep


def real_peaks(graph: Int8Graph, values: Mapping[str, IntArray], loss_grad: FloatArray) -> dict[str, FloatArray]:
    """Largest absolute value of every needed tensor's exact gradient for each sample, over its partial sums.

    ``values`` are the activations of the integer forward pass; ``loss_grad`` [N, 1, steps, classes] is dL/dlogits in
    nats.
    """
    needed = needs_grad(graph)
    grads = {graph.output: loss_grad}
    peaks = {graph.output: _peak(loss_grad)}
    for n in reversed(graph.nodes):
        if n.output not in needed or n.output not in grads:
            continue
        grad_y = grads.pop(n.output)
        if n.requant.mask_lo or n.requant.mask_hi:
            grad_y = grad_y * activation_mask(n, values[n.output])
        xs = operands(n, values, graph.shapes)
        for operand, tensor in enumerate(n.inputs):
            if tensor not in needed:
                continue
            g = OPS[n.op].real_input_grad(n, parameters_of(n), operand, grad_y, xs)
            g = g.reshape(values[tensor].shape)
            grads[tensor] = grads[tensor] + g if tensor in grads else g
            peaks[tensor] = np.maximum(peaks.get(tensor, 0.0), _peak(grads[tensor]))
    return peaks


def _peak(g: FloatArray) -> FloatArray:
    return np.abs(g).reshape(len(g), -1).max(axis=1)


def calibrate_exponents(
    graph: Int8Graph, x: IntArray, labels: IntArray, grad_bits: int, margin: int, seed: int
) -> dict[str, int]:
    """r_t of every gradient tensor that is not always zero: on the labels given and on uniformly random ones."""
    drawn = np.random.default_rng(seed).integers(0, graph.classes, labels.shape)
    offsets: dict[str, int] = {graph.output: 0}
    for part in chunks(graph.shapes, len(x)):
        values = integer_activations(graph, x[part])
        for targets in (labels[part], drawn[part]):
            for tensor, exponent in _exponents(graph, values, targets, grad_bits).items():
                offsets[tensor] = min(offsets.get(tensor, exponent - margin), exponent - margin)
    return offsets


def _exponents(graph: Int8Graph, values: Mapping[str, IntArray], targets: IntArray, grad_bits: int) -> dict[str, int]:
    """Smallest x_t - e_top of every gradient tensor but the logits' over a few samples."""
    logits = values[graph.output].reshape(len(targets), graph.steps, graph.classes)
    rows = targets.reshape(len(targets), graph.steps)
    losses = [softmax_ce(z, t, grad_bits) for z, t in zip(logits, rows, strict=True)]
    real = np.zeros((len(targets), *graph.shapes[graph.output]))
    for i, loss in enumerate(losses):
        if loss.grad is not None:
            real[i] = (loss.grad * 2.0**-loss.e_top).reshape(real.shape[1:])
    limit = grad_limit(grad_bits)
    smallest = {}
    for tensor, peaks in real_peaks(graph, values, real).items():
        pairs = [(float(p), loss.e_top) for p, loss in zip(peaks, losses, strict=True) if p > 0]
        if pairs and tensor != graph.output:
            smallest[tensor] = min(_largest_exponent(p, limit) - e for p, e in pairs)
    return smallest


def _largest_exponent(peak: float, limit: int) -> int:
    """Largest e with round(peak 2^e) <= limit."""
    e = math.floor(math.log2((limit + 0.5) / peak))
    while math.floor(peak * 2.0**e + 0.5) > limit:
        e -= 1
    return e


def grad_constants(
    graph: Int8Graph, offsets: dict[str, int], grad_bits: int, learning_rate: float
) -> dict[int, GradConstants]:
    """Constants of every node that takes part in the backward pass, by node index.

    A gradient that was always zero (a branch whose weights are still zero) takes the exponent of what it comes from.
    """
    needed = needs_grad(graph)
    r = dict(offsets)
    multipliers: dict[int, GradConstants] = {}
    for n in reversed(graph.nodes):
        if n.output not in needed:
            continue
        multipliers[n.index] = g = _multipliers(n, r[n.output], grad_bits)
        for operand, tensor in enumerate(n.inputs):
            if tensor in needed:
                r[tensor] = min(r.get(tensor, g.ro), g.ro + g.shift(operand))
    out = {}
    for n in graph.nodes:
        if n.index in multipliers:
            g = multipliers[n.index]
            bsh = _finishing_shifts(n, g, r, needed)
            if max(bsh) > _LONGEST_SHIFT:
                g = _shortened(g, tuple(max(0, b - _LONGEST_SHIFT) for b in bsh))
                bsh = _finishing_shifts(n, g, r, needed)
            if any(not 0 <= b <= _LONGEST_SHIFT for b in bsh):
                raise ModelError(f"node {n.name}: its gradient needs a shift of {max(bsh)} bits; recalibrate")
            through = r[n.inputs[0]] if OPS[n.op].trains_through_input else g.ro
            out[n.index] = replace(_with_rates(n, g, learning_rate / graph.steps), bsh=bsh, update_ro=through)
    return out


def _finishing_shifts(n: Int8Node, g: GradConstants, r: Mapping[str, int], needed: set[str]) -> tuple[int, ...]:
    return tuple(g.ro + g.shift(k) - r[t] if t in needed else 0 for k, t in enumerate(n.inputs))


def _shortened(g: GradConstants, bits: tuple[int, ...]) -> GradConstants:
    """The multipliers with fewer bits: what they lose lies far below the sum that the gradient joins."""
    if g.operand_gm:
        rounded = rs(np.array(g.operand_gm, np.int64), np.array(bits, np.int64))
        gs = tuple(a - b for a, b in zip(g.operand_gs, bits, strict=True))
        return replace(g, operand_gm=tuple(int(m) for m in rounded), operand_gs=gs)
    if not g.gm and not g.gmc.size and not g.slopes.size:
        return g
    most = max(bits)
    gm = int(rs(np.array(g.gm, np.int64), most))
    return replace(g, gm=gm, gmc=rs(g.gmc, most), slopes=rs(g.slopes, most), gs=g.gs - most)


def _multipliers(n: Int8Node, ro: int, grad_bits: int) -> GradConstants:
    op = OPS[n.op]
    own = op.backward_constants(n, ro, grad_bits)
    if own is not None:
        return own
    if isinstance(op, Table):
        return _slopes(op, n, ro)
    if n.op == "avg_pool":
        assert n.window is not None
        gm, gs = qm(1 / n.window.taps, 15)
        return GradConstants(ro=ro, gm=gm, gs=gs)
    if n.op in ("mul", "mul_channels"):
        pairs = [qm(q.scale, 15) for q in reversed(n.input_quant)]
        return GradConstants(ro=ro, operand_gm=tuple(m for m, _ in pairs), operand_gs=tuple(s for _, s in pairs))
    if n.weight_scale is None:
        return GradConstants(ro=ro)
    fold_bits, fsh = (8, 8) if grad_bits == 8 else (15, 15)
    top = float(n.weight_scale.max())
    unit = (1 << fold_bits) - 1
    mw = np.maximum(1, np.floor(n.weight_scale / top * unit + 0.5).astype(np.int64))
    _check_budgets(n, grad_limit(grad_bits))
    if n.op == "depthwise":
        m, gs = qm(top, 15)
        return GradConstants(ro=ro, gs=gs, gmc=(m * mw + (1 << (fold_bits - 1))) >> fold_bits)
    fsh = _fold_shift(n, fsh, grad_bits)
    gm, gs = qm(top / unit, 15)
    return GradConstants(ro=ro, mw=mw, fsh=fsh, gm=gm, gs=gs - fsh)


def _slopes(op: Table, n: Int8Node, ro: int) -> GradConstants:
    """Slopes of a function at the 256 values of its input, the steepest with 14 bits."""
    slope = op.slope(arguments(n), n.coefficients)
    steepest = float(np.abs(slope).max())
    gs = qm(steepest, 14)[1] if steepest > 0 else 0
    return GradConstants(ro=ro, gs=gs, slopes=np.floor(slope * 2.0**gs + 0.5).astype(np.int64))


def _fold_shift(n: Int8Node, fsh: int, grad_bits: int) -> int:
    """Enlarge the fold's shift until the input-gradient accumulator stays in int32 (NUMERICS section 7)."""
    assert n.window is not None
    limit = grad_limit(grad_bits)
    taps = n.window.taps * n.window.out_c // n.window.groups
    while 127 * max(1, limit >> (fsh - (8 if grad_bits == 8 else 15))) * taps >= 1 << 31:
        fsh += 1
    return fsh


def _check_budgets(n: Int8Node, limit: int) -> None:
    """Raise ModelError where a gradient's sum could leave 32 bits (NUMERICS section 7)."""
    assert n.window is not None
    pixels, taps = n.window.pixels, n.window.taps
    sums = (
        ("weight", n.trained_in_c > 0, limit * 255 * pixels, "leave the layer's weights frozen"),
        ("bias", n.bias_trained, limit * pixels, "leave the layer's bias frozen"),
        ("input", n.op == "depthwise", limit * 127 * taps, "make the kernel smaller"),
    )
    for what, computed, largest, remedy in sums:
        if computed and largest >= 1 << 31:
            raise ModelError(
                f"node {n.name}: {pixels} pixels overflow the {what} gradient's 32 bits at gradients up to {limit}; "
                f"use 8-bit gradients or {remedy}"
            )


def _with_rates(n: Int8Node, g: GradConstants, learning_rate: float) -> GradConstants:
    empty = np.zeros(0, np.int64)
    km = ks = kb = kbs = empty
    if n.trains:
        assert n.weight_scale is not None
        sx = weighted(n.op).input_scale(n.input_quant)
        if n.trained_in_c:
            km, ks = qm_array(learning_rate * sx / n.weight_scale * 256, 15)
        if n.bias_trained:
            kb, kbs = qm_array(learning_rate / (sx * n.weight_scale), 15)
    return replace(g, km=km, ks=ks, kb=kb, kbs=kbs)
