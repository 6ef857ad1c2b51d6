"""Depthwise convolution with one filter a channel; weights are [kernel_h, kernel_w, c]."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from tinyfl.ops.conv import exact_type, floats, round4
from tinyfl.ops.one_step import OneStep, causal_window
from tinyfl.ops.operator import CallArguments, Parameters, requantise, window_of
from tinyfl.ops.patches import crop, frame, pad, taps
from tinyfl.ops.weighted import UpdateArguments, Weighted
from tinyfl.types import FloatArray, GradConstants, Int8Node, IntArray, Node, Shape, Window

_PLANES_BYTES = 4096  # that a forward kernel gathers at once


def filter_channels(x: FloatArray, weight: FloatArray, win: Window) -> FloatArray:
    """Each channel of [N, H, W, C] correlated with its own filter."""
    y = np.zeros((x.shape[0], *win.out_shape), x.dtype)
    for ky, kx, seen in taps(pad(x, win), win):
        y += seen * weight[ky, kx]
    return y


def filter_channels_input(grad: FloatArray, weight: FloatArray, win: Window) -> FloatArray:
    """Adjoint of ``filter_channels`` in its image."""
    padded = frame(grad.shape[0], win, grad.dtype)
    grad = grad.reshape(len(grad), *win.out_shape)  # a sequence's arrives in its own shape
    for ky, kx, seen in taps(padded, win):
        seen += grad * weight[ky, kx]
    return crop(padded, win)


class Depthwise(Weighted):
    """Depthwise conv1d/conv2d with fused activation."""

    by_rows = True
    sub_channels = False

    def channel_axis(self) -> int:
        """Weights are [kernel_h, kernel_w, c]."""
        return 2

    def trained(self, n: Int8Node, weight: IntArray) -> IntArray:
        """All channels train or none."""
        return weight if n.trained_in_c else weight[..., :0]

    def float_output(self, node: Node, xs: Sequence[FloatArray]) -> FloatArray:
        """Filtered channels plus bias."""
        assert node.weight is not None
        assert node.bias is not None
        return filter_channels(xs[0], node.weight, window_of(node)) + node.bias

    def output(self, n: Int8Node, p: Parameters, xs: Sequence[IntArray]) -> IntArray:
        """Section 4."""
        kind = exact_type(np.abs(p.weight).sum(axis=(0, 1)))
        centred = floats(xs[0], n.input_quant[0].zero_point, kind)
        acc = filter_channels(centred, floats(p.weight, 0, kind), window_of(n)).astype(np.int64) + p.bias
        return requantise(n, acc)

    def input_sum(
        self, n: Int8Node, g: GradConstants, p: Parameters, operand: int, grad_y: IntArray, xs: Sequence[IntArray]
    ) -> IntArray:
        """Section 5.7."""
        acc = filter_channels_input(floats(grad_y), floats(p.weight), window_of(n))
        return acc.astype(np.int64) * g.gmc

    def real_input_grad(
        self, n: Int8Node, p: Parameters, operand: int, grad_y: FloatArray, xs: Sequence[IntArray]
    ) -> FloatArray:
        """Gradient through the dequantised weights."""
        assert n.weight_scale is not None
        return filter_channels_input(grad_y, floats(p.weight) * n.weight_scale, window_of(n))

    def c_weight_update(self, n: Int8Node, a: UpdateArguments) -> str:
        """tf_depthwise_update."""
        return f"tf_depthwise_update(&n{n.index}_win, {a.rate}, {a.x}, {a.grad}, {a.w}, {a.f}, {a.scratch})"

    def weight_sum(self, n: Int8Node, grad_y: FloatArray, x: FloatArray) -> FloatArray:
        """Section 6."""
        win = window_of(n)
        grad_y = grad_y.reshape(len(grad_y), *win.out_shape)
        total = np.zeros((win.kernel_h, win.kernel_w, win.in_c))
        for ky, kx, seen in taps(pad(x - n.input_quant[0].zero_point, win), win):
            total[ky, kx] = np.einsum("nhwc,nhwc->c", seen, grad_y)
        return total

    def one_step(self, n: Int8Node, shapes: Mapping[str, Shape], steps: int) -> OneStep:
        """Its taps one above the other, where no kernel works on four columns."""
        past = causal_window(window_of(n), shapes[n.inputs[0]])
        channels = window_of(n).in_c
        image = replace(n, window=Window(past.taps, 1, channels, 1, 1, channels, past.taps))
        return OneStep(image, past if past.steps else None)

    def macs(self, n: Int8Node | Node) -> int:
        """Pixels x taps x channels."""
        assert n.weight is not None
        return window_of(n).pixels * n.weight.size

    def forward_scratch_bytes(self, n: Int8Node, rows: int) -> int:
        """Planes of four channels and their filters, where a fast kernel serves: as tf_kernels.h states it."""
        win = window_of(n)
        k = win.kernel_w
        if k not in (3, 5, 7) or win.stride_w > 2 or win.in_c < 4:
            return 0
        row_bytes = 8 * round4((round4(win.out_w) - 1) * win.stride_w + k)
        fit = max(1, (_PLANES_BYTES // row_bytes - win.kernel_h) // win.stride_h + 1)
        planes = ((min(fit, rows) - 1) * win.stride_h + win.kernel_h) * row_bytes
        return 16 * win.kernel_h * (k - 1) + planes

    def scratch_bytes(self, n: Int8Node, grad_bytes: int) -> int:
        """The plane of one channel's gradient and its flipped filter."""
        win = window_of(n)
        row = round4((win.in_w + win.pad_left) // win.stride_w + win.kernel_w + 8)
        plane = 16 * win.in_h + 2 * (win.out_h + 1) * row
        return plane + 4 * win.kernel_h * (win.kernel_w + 2)

    def c_forward(self, n: Int8Node, a: CallArguments) -> str:
        """tf_depthwise_s8."""
        i = n.index
        parameters = f"&n{i}_win{a.of_step}, &n{i}_rq, &n{i}_wt"
        return f"tf_depthwise_s8({parameters}, {a.x[0]}, {a.y}, {a.rows}, {a.scratch})"

    def c_input_grad(self, n: Int8Node, a: CallArguments, operand: int) -> str:
        """tf_depthwise_input_grad."""
        i = n.index
        return f"tf_depthwise_input_grad(&n{i}_win, &n{i}_ig, &n{i}_wt, {a.grad_y}, {a.grad_x}, {a.scratch})"
