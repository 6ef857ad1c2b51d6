"""Geometry of torch's convolutions, dilated ones and those whose end is cut off among them.

A dilated convolution of a sequence is an ordinary one over an image: sample t of a sequence of length L stands in row
t / d, column t mod d of an image of L / d rows, which lies in memory as the sequence does, and taps that are d samples
apart are neighbours in a column. So no kernel knows of dilation.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tinyfl.compiler.frontends.torch_arguments import argument, pair, where
from tinyfl.errors import ModelError
from tinyfl.types import FloatArray, Node, Shape, Window


def convolution_window(
    fx: Any,
    shape: Shape,
    pad: tuple[int, int, int, int],
    weight: tuple[int, ...],
    groups: int,
    one_d: bool,
) -> tuple[Window, tuple[int, int]]:
    """The window of a convolution with weights [out_c, in_c/groups, kernel_h, kernel_w], and its dilation.

    It reads an image (H, W, C) with zeros ``pad`` (top, bottom, left, right) around it.
    With a dilation the kernel of the window is as long as its taps reach.
    """
    h, w, c = shape
    dilations, strides = (pair(argument(fx, i, 1), one_d, 1) for i in (5, 3))
    padding = argument(fx, 4, 0)
    given = (0, 0) if padding in ("same", "valid") else pair(padding, one_d, 0)
    axes = [
        _axis(size, k, d, s, (b, a), None if padding == "same" else p)
        for size, k, d, s, b, a, p in zip(
            (h, w), weight[2:], dilations, strides, (pad[0], pad[2]), (pad[1], pad[3]), given, strict=True
        )
    ]
    (out_h, reach_h, top, d_h), (out_w, reach_w, left, d_w) = axes
    win = Window(h, w, c, out_h, out_w, weight[0], reach_h, reach_w, *strides, top, left, groups)
    return win, (d_h, d_w)


def _axis(
    size: int, kernel: int, dilation: int, stride: int, around: tuple[int, int], padding: int | None
) -> tuple[int, int, int, int]:
    """Along one axis: results, what a window reaches over, zeros before the first sample, dilation that matters.

    ``around`` are zeros that are there already; without ``padding`` there are as many results as samples ("same").
    """
    dilation = 1 if kernel == 1 else dilation
    reach = dilation * (kernel - 1) + 1
    before, after = (padding, padding) if padding is not None else ((reach - 1) // 2, reach - 1 - (reach - 1) // 2)
    before, after = before + around[0], after + around[1]
    return (size + before + after - reach) // stride + 1, reach, before, dilation


def dilated(fx: Any, win: Window, weight: FloatArray, dilation: tuple[int, int]) -> tuple[Window, FloatArray]:
    """A conv1d's window and weights over the image whose columns are the dilation's phases; ModelError."""
    d = dilation[1]
    if win.in_h != 1 or dilation[0] != 1 or win.stride_w != 1:
        raise ModelError(f"{where(fx)}: dilation {dilation} is not supported; only that of a conv1d of stride 1")
    if win.in_w % d or win.pad_left % d or win.out_w % d:
        raise ModelError(
            f"{where(fx)}: dilation {d} needs a length, a padding and a result that are multiples of "
            f"it, not {win.in_w}, {win.pad_left} and {win.out_w}; change the window's length or the padding"
        )
    image = Window(
        win.in_w // d,
        d,
        win.in_c,
        win.out_w // d,
        d,
        win.out_c,
        weight.shape[3],
        pad_top=win.pad_left // d,
        groups=win.groups,
    )
    return image, weight.transpose(0, 1, 3, 2)


def shortened(fx: Any, node: Node, length: int) -> Node:
    """A conv1d that computes no more than the first ``length`` samples; ModelError."""
    win = node.window
    assert win is not None
    if win.out_h == 1:
        return replace(node, window=replace(win, out_w=length))
    if length % win.out_w:
        raise ModelError(
            f"{where(fx)}: a result of {length} samples is no multiple of the dilation {win.out_w}; "
            "cut off another number of samples"
        )
    return replace(node, window=replace(win, out_h=length // win.out_w))
