"""AVERAGE_POOL_2D."""

from __future__ import annotations

from tinyfl.compiler.frontends.tflite_builder import Builder
from tinyfl.compiler.frontends.tflite_layers import window
from tinyfl.compiler.frontends.tflite_reader import Operator


def average_pool_2d(b: Builder, op: Operator) -> None:
    """AVERAGE_POOL_2D; TFLite does not count its own padding but that of a PAD, which is what ``avg_pool`` counts."""
    x = b.operand(op, padded=True)
    win = window(b, op, x, (int(op.options["FilterHeight"]), int(op.options["FilterWidth"])), x.shape[2])
    top, bottom, left, right = x.pad
    reach_h = (win.out_h - 1) * win.stride_h + win.kernel_h
    reach_w = (win.out_w - 1) * win.stride_w + win.kernel_w
    own = reach_h > x.shape[0] + top + bottom or reach_w > x.shape[1] + left + right
    if own:
        b.refuse(op, "leaves SAME padding out of its mean", "use padding VALID, after a PAD if need be")
    b.emit(op, "avg_pool", [x], win.out_shape, window=win, activation=b.activation(op))
