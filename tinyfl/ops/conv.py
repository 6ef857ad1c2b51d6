"""Convolution with any kernel, stride, padding and groups; pointwise and linear layers are its 1x1 cases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from tinyfl.ops.arith import rs
from tinyfl.ops.one_step import OneStep, causal_window
from tinyfl.ops.operator import CallArguments, Parameters, requantise, window_of
from tinyfl.ops.patches import gather, scatter
from tinyfl.ops.weighted import Weighted
from tinyfl.types import FloatArray, GradConstants, Int8Node, IntArray, Node, Shape, Window

_TILES_BYTES = 4096  # of pixels that a forward kernel unpacks at once
_FOLDED_BYTES = 7680, 18432  # of folded gradients that an input gradient keeps at once; the most


def round4(n: int) -> int:
    """The multiple of 4 from n on."""
    return -(-n // 4) * 4


def correlate(x: FloatArray, weight: FloatArray, win: Window) -> FloatArray:
    """Cross-correlation of [N, H, W, C] with [out_c, kernel_h, kernel_w, in_c/groups]; padding contributes 0."""
    n, g = x.shape[0], win.groups
    cols = gather(x, win).reshape(n * win.pixels, win.taps, g, win.in_c // g)
    w = weight.reshape(g, win.out_c // g, win.taps * (win.in_c // g))
    rows = cols.transpose(2, 0, 1, 3).reshape(g, n * win.pixels, -1)
    y = np.matmul(rows, w.transpose(0, 2, 1))
    return y.transpose(1, 0, 2).reshape(n, *win.out_shape)


def correlate_input(grad: FloatArray, weight: FloatArray, win: Window) -> FloatArray:
    """Adjoint of ``correlate`` in its image: [N, out_h, out_w, out_c] -> [N, H, W, C]."""
    n, g = grad.shape[0], win.groups
    w = weight.reshape(g, win.out_c // g, win.taps * (win.in_c // g))
    rows = grad.reshape(n * win.pixels, g, win.out_c // g).transpose(1, 0, 2)
    cols = np.matmul(rows, w).reshape(g, n * win.pixels, win.taps, win.in_c // g).transpose(1, 2, 0, 3)
    return scatter(cols.reshape(n, win.out_h, win.out_w, win.kernel_h, win.kernel_w, win.in_c), win)


def correlate_weight(grad: FloatArray, x: FloatArray, win: Window) -> FloatArray:
    """Adjoint of ``correlate`` in its weight, summed over samples."""
    n, g = grad.shape[0], win.groups
    cols = gather(x, win).reshape(n * win.pixels, win.taps, g, win.in_c // g)
    rows = cols.transpose(2, 0, 1, 3).reshape(g, n * win.pixels, -1)
    outs = grad.reshape(n * win.pixels, g, win.out_c // g).transpose(1, 2, 0)
    return np.matmul(outs, rows).reshape(win.out_c, win.kernel_h, win.kernel_w, win.in_c // g)


def floats(v: IntArray, offset: int = 0, kind: type = np.float64) -> FloatArray:
    """Integers as exact floats, less an offset."""
    return (v - offset).astype(kind)


def exact_type(sums: IntArray) -> type:
    """The float that computes a layer's accumulators exactly; ``sums``: of each output's absolute weights."""
    return np.float32 if 255 * int(sums.max()) < 1 << 24 else np.float64


def beside(win: Window, taps: int) -> Window:
    """One pixel of a convolution whose taps stand in a row."""
    return Window(1, taps, win.in_c, 1, 1, win.out_c, 1, taps, groups=win.groups)


class Conv(Weighted):
    """conv1d/conv2d with fused activation."""

    by_rows = True
    kernel = "conv"

    def channel_axis(self) -> int:
        """Weights are [out_c, kernel_h, kernel_w, in_c/groups]."""
        return 0

    def float_output(self, node: Node, xs: Sequence[FloatArray]) -> FloatArray:
        """Correlation plus bias."""
        assert node.weight is not None
        assert node.bias is not None
        return correlate(xs[0], node.weight, window_of(node)) + node.bias

    def accumulate(self, n: Int8Node, p: Parameters, x: IntArray) -> IntArray:
        """Int32 accumulator: bias + sum w (x - z_x)."""
        kind = exact_type(np.abs(p.weight).sum(axis=(1, 2, 3)))
        centred = floats(x, n.input_quant[0].zero_point, kind)
        return correlate(centred, floats(p.weight, 0, kind), window_of(n)).astype(np.int64) + p.bias

    def output(self, n: Int8Node, p: Parameters, xs: Sequence[IntArray]) -> IntArray:
        """Section 4."""
        return requantise(n, self.accumulate(n, p, xs[0]))

    def input_sum(
        self, n: Int8Node, g: GradConstants, p: Parameters, operand: int, grad_y: IntArray, xs: Sequence[IntArray]
    ) -> IntArray:
        """Section 5.6: fold the channel scales into U, then correlate with the weights."""
        folded = rs(grad_y * g.mw, g.fsh)
        return correlate_input(floats(folded), floats(p.weight), window_of(n)).astype(np.int64) * g.gm

    def real_input_grad(
        self, n: Int8Node, p: Parameters, operand: int, grad_y: FloatArray, xs: Sequence[IntArray]
    ) -> FloatArray:
        """Gradient through the dequantised weights."""
        assert n.weight_scale is not None
        return correlate_input(grad_y * n.weight_scale, floats(p.weight), window_of(n))

    def weight_sum(self, n: Int8Node, grad_y: FloatArray, x: FloatArray) -> FloatArray:
        """Section 6."""
        return correlate_weight(grad_y, x - n.input_quant[0].zero_point, window_of(n))

    def one_step(self, n: Int8Node, shapes: Mapping[str, Shape], steps: int) -> OneStep:
        """Its taps side by side."""
        past = causal_window(window_of(n), shapes[n.inputs[0]])
        image = replace(n, window=beside(window_of(n), past.taps))
        return OneStep(image, past if past.steps else None)

    def macs(self, n: Int8Node | Node) -> int:
        """Pixels x weights of a pixel."""
        assert n.weight is not None
        return window_of(n).pixels * n.weight.size

    def forward_scratch_bytes(self, n: Int8Node, rows: int) -> int:
        """Tiles of four pixels, and a copy of a filter's end: as device_fw/include/tf_kernels.h states it."""
        win = window_of(n)
        frozen = win.in_c // win.groups - n.trained_in_c
        groups = -(-win.taps * n.trained_in_c // 4) + -(-win.taps * frozen // 4)
        pixels = win.out_w * rows if win.taps * win.stride_h * win.stride_w == 1 else win.out_w
        tiles = max(1, min(-(-pixels // 4), _TILES_BYTES // (32 * groups)))
        return 4 * groups * (8 * tiles + 7)

    def scratch_bytes(self, n: Int8Node, grad_bytes: int) -> int:
        """The folded gradients of one window."""
        win = window_of(n)
        return win.taps * win.out_c * grad_bytes

    def update_scratch_bytes(self, n: Int8Node, grad_bytes: int) -> int:
        """Pixels of the channels and gradients that are summed together, up to 64 of each."""
        return 40 * min(64, round4(window_of(n).pixels))

    def c_forward(self, n: Int8Node, a: CallArguments) -> str:
        """tf_conv_s8."""
        i = n.index
        parameters = f"&n{i}_win{a.of_step}, &n{i}_rq, &n{i}_wt"
        return f"tf_{self.kernel}_s8({parameters}, {a.x[0]}, {a.y}, {a.rows}, {a.scratch})"

    def c_input_grad(self, n: Int8Node, a: CallArguments, operand: int) -> str:
        """tf_conv_input_grad."""
        i = n.index
        return f"tf_{self.kernel}_input_grad(&n{i}_win, &n{i}_ig, &n{i}_wt, {a.grad_y}, {a.grad_x}, {a.scratch})"


class Pointwise(Conv):
    """1x1 convolution of stride 1 without groups or padding, and linear layers."""

    kernel = "pointwise"

    def scratch_bytes(self, n: Int8Node, grad_bytes: int) -> int:
        """Folded gradients of a group of pixels as tiles, and transposed rows of weights."""
        win = window_of(n)
        k = round4(win.out_c)
        pixels = round4(win.in_h * win.in_w)
        fit, most = (size // (2 * k) // 4 * 4 for size in _FOLDED_BYTES)
        if pixels > max(8, most):
            pixels = max(8, fit, min(12, most))
        return k * (2 * pixels + 8)


class Logits(Pointwise):
    """The classifier at the end: int16 logits in 1/16 nat instead of int8."""

    by_rows = False

    def forward_scratch_bytes(self, n: Int8Node, rows: int) -> int:
        """None."""
        return 0

    def output(self, n: Int8Node, p: Parameters, xs: Sequence[IntArray]) -> IntArray:
        """z = SAT(RS(acc * fm, fs), -32768, 32767)."""
        acc = self.accumulate(n, p, xs[0])
        return np.clip(rs(acc * n.requant.m, n.requant.s), -32768, 32767)

    def c_forward(self, n: Int8Node, a: CallArguments) -> str:
        """tf_logits_s8."""
        i = n.index
        return f"tf_logits_s8(&n{i}_win{a.of_step}, &n{i}_rq, &n{i}_wt, {a.x[0]}, {a.y})"
