"""AVERAGE_POOL_2D, MAX_POOL_2D and MEAN."""

from __future__ import annotations

from tinyfl.compiler.frontends.tflite_builder import Builder, Value
from tinyfl.compiler.frontends.tflite_layers import window
from tinyfl.compiler.frontends.tflite_reader import Operator
from tinyfl.types import Window


def average_pool_2d(b: Builder, op: Operator) -> None:
    """AVERAGE_POOL_2D; TFLite does not count its own padding but that of a PAD, which is what ``avg_pool`` counts."""
    x = b.operand(op, padded=True)
    win = _window(b, op, x)
    top, bottom, left, right = x.pad
    reach_h = (win.out_h - 1) * win.stride_h + win.kernel_h
    reach_w = (win.out_w - 1) * win.stride_w + win.kernel_w
    if reach_h > x.shape[0] + top + bottom or reach_w > x.shape[1] + left + right:
        b.refuse(op, "leaves SAME padding out of its mean", "use padding VALID, after a PAD if need be")
    b.emit(op, "avg_pool", [x], win.out_shape, window=win, activation=b.activation(op))


def max_pool_2d(b: Builder, op: Operator) -> None:
    """MAX_POOL_2D; a PAD before it adds zeros, which cannot win over a tensor without negative values."""
    x = b.operand(op, padded=True)
    win = _window(b, op, x)
    q = b.quant[x.tensor]
    if q != b.quant_of(op, op.outputs[0]):
        b.refuse(op, "changes scale or zero point", "quantise the network again")
    if any(x.pad) and (q.zero_point != -128 or max(x.pad[:2]) >= win.kernel_h or max(x.pad[2:]) >= win.kernel_w):
        b.refuse(op, "reads the result of PAD, whose zeros may win", "use padding SAME, or a ReLU before the PAD")
    if b.activation(op) != "none":
        b.refuse(op, f"has a fused {b.activation(op)}", "put the activation before it")
    b.emit(op, "max_pool", [x], win.out_shape, window=win)


def mean(b: Builder, op: Operator) -> None:
    """MEAN over the whole image."""
    x = b.operand(op)
    axes, source = b.constant(op, 1).data, op.inputs[0]
    assert axes is not None
    assert source is not None
    rank = len(source.shape)
    if sorted(int(a) % rank for a in axes.ravel()) != list(range(1, rank - 1)) or rank < 3:
        b.refuse(op, f"is over axes {axes.ravel().tolist()}", "take it over height and width")
    h, w, c = x.shape
    win = Window(h, w, c, 1, 1, c, h, w)
    b.emit(op, "avg_pool", [x], win.out_shape, window=win)


def _window(b: Builder, op: Operator, x: Value) -> Window:
    kernel = int(op.options["FilterHeight"]), int(op.options["FilterWidth"])
    return window(b, op, x, kernel, x.shape[2])
