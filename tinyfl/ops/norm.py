"""Layer norm and RMS norm over the channels of each pixel, without weights (NUMERICS section 12.1)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tinyfl.compiler.c_text import struct
from tinyfl.errors import ModelError
from tinyfl.ops.arith import isqrt, qm, qm_array, rs, sat
from tinyfl.ops.operator import CallArguments, ForwardConstants, Operator, Parameters, pixelwise, requantise, window_of
from tinyfl.types import FloatArray, GradConstants, Int8Node, IntArray, Node, QuantParams, Shape, Window

MOST_CHANNELS = 1024
_LARGEST_EPSILON = 1 << 60
_XHAT_BITS = 10


@dataclass(frozen=True)
class _Rows:
    """What the kernels find out about each pixel: d, 2^(31 + half) / sqrt(V) and half; the last axis is kept."""

    d: IntArray
    inverse: IntArray
    half: IntArray


class Norm(Operator):
    """y = (x - mean) / sqrt(variance + eps); ``coefficients`` are (eps,), ``Int8Node.constants`` (E,).

    ``GradConstants.constants`` are (half of E,).
    """

    by_rows = True
    cheap = True
    stepwise = True
    grad_needs_inputs = True
    centred = True
    """Whether the mean is taken off."""

    def window_for(self, node: Node, shapes: Mapping[str, Shape]) -> Window:
        """The image."""
        return pixelwise(shapes[node.output], shapes[node.output][2])

    def forward_constants(
        self, node: Node, inputs: Sequence[QuantParams], output: QuantParams, weight_scale: FloatArray | None
    ) -> ForwardConstants:
        """The multiplier from Q10 to the output's scale, and E."""
        channels = window_of(node).in_c
        if channels > MOST_CHANNELS:
            raise ModelError(f"node {node.name} normalises {channels} channels; {MOST_CHANNELS} are the most")
        epsilon = channels**2 * node.coefficients[0] / inputs[0].scale ** 2
        e = math.floor(min(max(epsilon, 1.0), float(_LARGEST_EPSILON)) + 0.5)
        return ForwardConstants(*qm_array(np.array([2.0**-_XHAT_BITS / output.scale]), 31), (e,))

    def backward_constants(self, n: Int8Node, ro: int, grad_bits: int) -> GradConstants:
        """1 / s_x."""
        _, half = _normalised(np.array([n.constants[0]], np.int64))
        gm, gs = qm(1 / n.input_quant[0].scale, 15)
        return GradConstants(ro=ro, gm=gm, gs=gs + 16 + int(half[0]), constants=(int(half[0]),))

    def float_output(self, node: Node, xs: Sequence[FloatArray]) -> FloatArray:
        """Section 12.1 on real numbers."""
        x = xs[0]
        d = x - x.mean(axis=3, keepdims=True) if self.centred else x
        return d / np.sqrt((d**2).mean(axis=3, keepdims=True) + node.coefficients[0])

    def output(self, n: Int8Node, p: Parameters, xs: Sequence[IntArray]) -> IntArray:
        """Section 12.1."""
        rows = self._rows(n, xs[0])
        return requantise(n, sat(rs(rows.d * rows.inverse, 31 - _XHAT_BITS + rows.half), -32768, 32767))

    def input_sum(
        self, n: Int8Node, g: GradConstants, p: Parameters, operand: int, grad_y: IntArray, xs: Sequence[IntArray]
    ) -> IntArray:
        """Section 12.1."""
        rows = self._rows(n, xs[0])
        channels = grad_y.shape[3]
        b = rs((grad_y * rows.d).sum(axis=3, keepdims=True) * rows.inverse, 26 + rows.half)
        q = rs(b * rows.inverse, 16)
        t = channels * grad_y - rs(rows.d * q, 20 + rows.half)
        if self.centred:
            t = t - grad_y.sum(axis=3, keepdims=True)
        return rs(t * rs(rows.inverse * g.gm, 15), rows.half - g.constants[0])

    def _rows(self, n: Int8Node, x: IntArray) -> _Rows:
        u = x.reshape(-1, *window_of(n).in_shape) - n.input_quant[0].zero_point
        channels = u.shape[3]
        total = u.sum(axis=3, keepdims=True) if self.centred else np.zeros((*u.shape[:3], 1), np.int64)
        v = channels * (u**2).sum(axis=3, keepdims=True) - total**2 + n.constants[0]
        scaled, half = _normalised(v)
        return _Rows(channels * u - total, (1 << 31) // isqrt(scaled), half)

    def real_input_grad(
        self, n: Int8Node, p: Parameters, operand: int, grad_y: FloatArray, xs: Sequence[IntArray]
    ) -> FloatArray:
        """(g - mean g - xhat mean(g xhat)) / sigma."""
        q = n.input_quant[0]
        x = (xs[0].reshape(-1, *window_of(n).in_shape) - q.zero_point) * q.scale
        d = x - x.mean(axis=3, keepdims=True) if self.centred else x
        sigma = np.sqrt((d**2).mean(axis=3, keepdims=True) + n.coefficients[0])
        xhat = d / sigma
        g = grad_y - xhat * (grad_y * xhat).mean(axis=3, keepdims=True)
        return (g - grad_y.mean(axis=3, keepdims=True) if self.centred else g) / sigma

    def macs(self, n: Int8Node | Node) -> int:
        """Three products an element: its square, its share of the deviation, its scale."""
        return 3 * window_of(n).pixels * window_of(n).in_c

    def c_constants(self, n: Int8Node, shapes: Mapping[str, Shape]) -> str:
        """tf_norm and the scale of the output."""
        i, r = n.index, n.requant
        members = {"m": int(r.m[0]), "s": int(r.s[0]), "zero_point": r.zero_point, "lo": r.lo, "hi": r.hi}
        return struct("tf_norm", f"n{i}_norm", epsilon=n.constants[0], centred=int(self.centred), **members)

    def c_grad_constants(self, n: Int8Node, g: GradConstants, finishes: Mapping[int, str]) -> str:
        """tf_norm_grad."""
        if not finishes:
            return ""
        return struct("tf_norm_grad", f"n{n.index}_ng", finish=finishes[0], gm=g.gm, half=g.constants[0])

    def c_forward(self, n: Int8Node, a: CallArguments) -> str:
        """tf_norm_s8."""
        i = n.index
        return f"tf_norm_s8(&n{i}_win{a.of_step}, &n{i}_norm, {a.x[0]}, {a.y}, {a.rows})"

    def c_input_grad(self, n: Int8Node, a: CallArguments, operand: int) -> str:
        """tf_norm_input_grad."""
        i = n.index
        return f"tf_norm_input_grad(&n{i}_win, &n{i}_norm, &n{i}_ng, {a.x[0]}, {a.grad_y}, {a.grad_x})"


class RmsNorm(Norm):
    """y = x / sqrt(mean of squares + eps)."""

    centred = False


def _normalised(v: IntArray) -> tuple[IntArray, IntArray]:
    """V 4^-half in 2^30..2^32 - 1, and half."""
    half = np.zeros_like(v)
    while (high := v >> 32 > 0).any():
        v, half = np.where(high, v >> 2, v), half + high
    while (low := v < 1 << 30).any():
        v, half = np.where(low, v << 2, v), half - low
    return v, half
