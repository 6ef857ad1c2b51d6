"""Scaled dot-product attention of the heads of one sequence (NUMERICS section 12.2)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from tinyfl.compiler.c_text import struct
from tinyfl.errors import ModelError
from tinyfl.ops.arith import bit_length, qm, qm_array, rs
from tinyfl.ops.conv import floats, round4
from tinyfl.ops.loss import exp_sixteenths
from tinyfl.ops.one_step import NotCausal, OneStep, same_step
from tinyfl.ops.operator import CallArguments, ForwardConstants, Operator, Parameters, pixelwise, requantise, window_of
from tinyfl.types import FloatArray, GradConstants, Int8Node, IntArray, Node, QuantParams, Shape, Window

MOST_STEPS = 1024
_LARGEST_HEAD = 16383
_LARGEST_LOGIT = 1 << 30
_UNITS = 256  # logits in a nat
_FINE = np.array([math.floor(32768 * math.exp(-f / 256) + 0.5) for f in range(16)], np.int64)
_SPREAD = 260  # more than the values of two weighted means can differ


@dataclass(frozen=True)
class _Heads:
    """u of q, k and v of one sequence, [heads, T, d] each, exact in float64, and its weights p [heads, T, T]."""

    q: FloatArray
    k: FloatArray
    v: FloatArray
    p: IntArray


class Attention(Operator):
    """softmax(scale q k^T) v by heads; the operand's channels are those of q, k and v side by side.

    ``coefficients`` are (heads, causal, scale), ``requant.m`` holds the multipliers of logits and output,
    ``GradConstants.constants`` the shift of dS.
    """

    grad_needs_inputs = True

    def window_for(self, node: Node, shapes: Mapping[str, Shape]) -> Window:
        """T steps of 3 C channels to T of C."""
        return pixelwise(shapes[node.output], 3 * shapes[node.output][2])

    def forward_constants(
        self, node: Node, inputs: Sequence[QuantParams], output: QuantParams, weight_scale: FloatArray | None
    ) -> ForwardConstants:
        """Multipliers to 1/256 nat and from Q15 to the output's scale."""
        win, (heads, _, scale) = window_of(node), node.coefficients
        if win.pixels > MOST_STEPS:
            raise ModelError(f"node {node.name} attends to {win.pixels} steps; {MOST_STEPS} are the most")
        size, rest = divmod(win.out_c, int(heads))
        if rest or size > _LARGEST_HEAD:
            raise ModelError(f"node {node.name}: {win.out_c} channels do not make {int(heads)} heads that it can have")
        to_logits = inputs[0].scale ** 2 * scale * _UNITS
        if not 0 < to_logits * 255**2 * size < _LARGEST_LOGIT:
            raise ModelError(
                f"node {node.name}: scores scaled by {scale:g} leave the range of softmax; scale them down"
            )
        return ForwardConstants(*qm_array(np.array([to_logits, inputs[0].scale * 2.0**-15 / output.scale]), 31))

    def backward_constants(self, n: Int8Node, ro: int, grad_bits: int) -> GradConstants:
        """One exponent for the gradients of q, k and v."""
        win, limit = window_of(n), (1 << (grad_bits - 1)) - 1
        size = win.out_c // int(n.coefficients[0])
        spread = _SPREAD * limit * size
        if spread >= 1 << 31:
            raise ModelError(
                f"node {n.name}: heads of {size} channels overflow their gradient's 32 bits at gradients up to "
                f"{limit}; use 8-bit gradients or more heads"
            )
        sh = max(0, bit_length(spread) - 13)
        gm, g0 = qm(n.input_quant[0].scale ** 2 * n.coefficients[2], 15)
        gs = g0 + 15 - sh
        over = max(0, gs - 15 + bit_length(32769 * win.pixels * limit) - 61)
        if over > 14:
            raise ModelError(f"node {n.name}: its scores are too small to learn from; recalibrate")
        return GradConstants(ro=ro, gm=int(rs(np.array(gm, np.int64), over)), gs=gs - over, constants=(sh,))

    def float_output(self, node: Node, xs: Sequence[FloatArray]) -> FloatArray:
        """Attention on real numbers, sample by sample."""
        heads, causal, scale = node.coefficients
        shape = (*xs[0].shape[:3], xs[0].shape[3] // 3)
        return np.stack([_real(_split(x, int(heads)), bool(causal), scale)[1] for x in xs[0]]).reshape(shape)

    def output(self, n: Int8Node, p: Parameters, xs: Sequence[IntArray]) -> IntArray:
        """Section 12.2."""
        win = window_of(n)
        sums = [_joined(parts.p.astype(np.float64) @ parts.v) for parts in (self._parts(n, x) for x in xs[0])]
        acc = np.stack(sums).astype(np.int64).reshape(-1, *win.out_shape)
        return requantise(n, acc, 1)

    def input_sum(
        self, n: Int8Node, g: GradConstants, p: Parameters, operand: int, grad_y: IntArray, xs: Sequence[IntArray]
    ) -> IntArray:
        """Section 12.2."""
        win = window_of(n)
        sums = [self._grad(n, g, grad, x) for grad, x in zip(grad_y, xs[0], strict=True)]
        return np.stack(sums).reshape(-1, *win.in_shape)

    def _grad(self, n: Int8Node, g: GradConstants, grad_y: IntArray, x: IntArray) -> IntArray:
        """v of one sequence."""
        parts = self._parts(n, x)
        grad = _by_heads(floats(grad_y), int(n.coefficients[0]))
        dp = (grad @ parts.v.transpose(0, 2, 1)).astype(np.int64)
        mean = rs((parts.p * dp).sum(axis=2, keepdims=True), 15)
        ds = floats(rs(parts.p * (dp - mean), g.constants[0]))
        weights = floats(parts.p)
        dq, dk, dv = ds @ parts.k, ds.transpose(0, 2, 1) @ parts.q, weights.transpose(0, 2, 1) @ grad
        scores = np.concatenate([_joined(dq), _joined(dk)], axis=1).astype(np.int64) * g.gm
        return np.concatenate([scores, rs(_joined(dv).astype(np.int64), 15 - g.gs)], axis=1)

    def _parts(self, n: Int8Node, x: IntArray) -> _Heads:
        heads, causal, _ = n.coefficients
        q, k, v = _split(floats(x, n.input_quant[0].zero_point), int(heads))
        acc = (q @ k.transpose(0, 2, 1)).astype(np.int64)
        logits = rs(acc * n.requant.m[0], n.requant.s[0])
        return _Heads(q, k, v, _softmax(logits, _allowed(logits.shape[1], bool(causal))))

    def real_input_grad(
        self, n: Int8Node, p: Parameters, operand: int, grad_y: FloatArray, xs: Sequence[IntArray]
    ) -> FloatArray:
        """Its derivative, sample by sample."""
        q, (heads, causal, scale) = n.input_quant[0], n.coefficients
        out = []
        for x, grad in zip(xs[0], grad_y, strict=True):
            parts = _split((x - q.zero_point) * q.scale, int(heads))
            weights, _ = _real(parts, bool(causal), scale)
            g = _by_heads(grad, int(heads))
            dp = g @ parts[2].transpose(0, 2, 1)
            ds = weights * (dp - (weights * dp).sum(axis=2, keepdims=True)) * scale
            grads = ds @ parts[1], ds.transpose(0, 2, 1) @ parts[0], weights.transpose(0, 2, 1) @ g
            out.append(np.concatenate([_joined(part) for part in grads], axis=1))
        return np.stack(out).reshape(-1, *window_of(n).in_shape)

    def macs(self, n: Int8Node | Node) -> int:
        """Scores and weighted sums."""
        steps = window_of(n).pixels
        pairs = steps * (steps + 1) // 2 if n.coefficients[1] else steps**2
        return 2 * pairs * window_of(n).out_c

    def forward_scratch_bytes(self, n: Int8Node, rows: int) -> int:
        """As tf_kernels.h says."""
        return 4 * window_of(n).pixels + 2 * self._head(n)

    def scratch_bytes(self, n: Int8Node, grad_bytes: int) -> int:
        """As tf_kernels.h says."""
        return 20 * window_of(n).pixels + 4 * self._head(n)

    def _head(self, n: Int8Node) -> int:
        return round4(window_of(n).out_c // int(n.coefficients[0]))

    def one_step(self, n: Int8Node, shapes: Mapping[str, Shape], steps: int) -> OneStep:
        """What k and v were of every step so far, as many as there can be."""
        same_step(n, shapes)
        if not n.coefficients[1]:
            raise NotCausal("it attends to steps that come later; make it causal")
        most, channels = window_of(n).pixels, window_of(n).out_c
        scratch = self.forward_scratch_bytes(n, 1)
        return OneStep(replace(n, window=None), state_bytes=2 * channels * most, scratch_bytes=scratch, most=most)

    def c_constants(self, n: Int8Node, shapes: Mapping[str, Shape]) -> str:
        """tf_attention."""
        r = n.requant
        return struct(
            "tf_attention",
            f"n{n.index}_attention",
            heads=int(n.coefficients[0]),
            causal=int(n.coefficients[1]),
            logit_m=int(r.m[0]),
            logit_s=int(r.s[0]),
            m=int(r.m[1]),
            s=int(r.s[1]),
            zero_point=r.zero_point,
            lo=r.lo,
            hi=r.hi,
        )

    def c_grad_constants(self, n: Int8Node, g: GradConstants, finishes: Mapping[int, str]) -> str:
        """tf_attention_grad."""
        if not finishes:
            return ""
        members = {"finish": finishes[0], "gm": g.gm, "value_shift": 15 - g.gs, "score_shift": g.constants[0]}
        return struct("tf_attention_grad", f"n{n.index}_ag", **members)

    def c_forward(self, n: Int8Node, a: CallArguments) -> str:
        """tf_attention_s8; of a step tf_attention_step."""
        i = n.index
        if a.step:
            state = f"{a.step}, {a.x[0]}, (int8_t *)({a.state})"
            return f"tf_attention_step(&n{i}_win, &n{i}_attention, {state}, {a.y}, {a.scratch})"
        return f"tf_attention_s8(&n{i}_win, &n{i}_attention, {a.x[0]}, {a.y}, {a.scratch})"

    def c_input_grad(self, n: Int8Node, a: CallArguments, operand: int) -> str:
        """tf_attention_input_grad."""
        i = n.index
        parameters = f"&n{i}_win, &n{i}_attention, &n{i}_ag"
        return f"tf_attention_input_grad({parameters}, {a.x[0]}, {a.grad_y}, {a.grad_x}, {a.scratch})"


def _by_heads(x: FloatArray, heads: int) -> FloatArray:
    """[..., C] -> [heads, T, d]."""
    channels = x.shape[-1]
    return x.reshape(-1, heads, channels // heads).transpose(1, 0, 2)


def _joined(x: FloatArray) -> FloatArray:
    """[heads, T, d] -> [T, C]."""
    return x.transpose(1, 0, 2).reshape(x.shape[1], -1)


def _split(x: FloatArray, heads: int) -> list[FloatArray]:
    """q, k and v of one sequence."""
    return [_by_heads(part, heads) for part in np.split(x, 3, axis=-1)]


def _allowed(steps: int, causal: bool) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    return np.tri(steps, dtype=bool) if causal else np.ones((steps, steps), bool)


def _real(parts: Sequence[FloatArray], causal: bool, scale: float) -> tuple[FloatArray, FloatArray]:
    """Weights [heads, T, T] and result [T, C] on real numbers."""
    q, k, v = parts
    scores = np.where(_allowed(q.shape[1], causal), scale * (q @ k.transpose(0, 2, 1)), -np.inf)
    weights = np.exp(scores - scores.max(axis=2, keepdims=True))
    weights /= weights.sum(axis=2, keepdims=True)
    return weights, _joined(weights @ v)


def _softmax(logits: IntArray, allowed: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> IntArray:
    """Weights in Q15 of logits in 1/256 nat, over the last axis."""
    top = np.where(allowed, logits, logits.min()).max(axis=2, keepdims=True)
    d = np.maximum(top - logits, 0)
    terms = np.where(allowed, rs(exp_sixteenths(d >> 4) * _FINE[d & 15], 15), 0)
    total = terms.sum(axis=2, keepdims=True)
    b = np.frexp(total.astype(np.float64))[1].astype(np.int64) - 17
    return rs(terms * ((1 << 31) // (total >> b)), 16 + b)
