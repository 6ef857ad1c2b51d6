"""CONV_2D, DEPTHWISE_CONV_2D and FULLY_CONNECTED: geometry, weights as exactly scale * integer, fused activations."""

from __future__ import annotations

import math

import numpy as np
import tflite

from tinyfl.compiler.frontends.tflite_builder import Builder, Value
from tinyfl.compiler.frontends.tflite_reader import Operator, Tensor
from tinyfl.types import FloatArray, IntArray, QuantParams, Window


def conv_2d(b: Builder, op: Operator) -> None:
    """CONV_2D with weights [out_c, kernel_h, kernel_w, in_c/groups]."""
    x = b.operand(op, padded=True)
    weight = _weight(b, op, 4)
    out_c, kh, kw, group_c = weight.shape
    if x.shape[2] % group_c or out_c % (x.shape[2] // group_c):
        b.refuse(op, f"has weights of {group_c} channels for {x.shape[2]}", "export the network again")
    win = window(b, op, x, (kh, kw), out_c, x.shape[2] // group_c)
    plain = (win.taps, win.stride_h, win.stride_w, win.groups) == (1, 1, 1, 1) and win.in_shape[:2] == win.out_shape[:2]
    _emit(b, op, "pointwise" if plain else "conv", x, win, weight, 0)


def depthwise_conv_2d(b: Builder, op: Operator) -> None:
    """DEPTHWISE_CONV_2D with weights [1, kernel_h, kernel_w, out_c]; several filters a channel are a grouped conv."""
    x = b.operand(op, padded=True)
    weight = _weight(b, op, 4)
    _, kh, kw, out_c = weight.shape
    in_c = x.shape[2]
    if out_c % in_c:
        b.refuse(op, f"has {out_c} filters for {in_c} channels", "export the network again")
    win = window(b, op, x, (kh, kw), out_c, in_c)
    if out_c == in_c:
        _emit(b, op, "depthwise", x, win, weight, 3)
    else:
        _emit(b, op, "conv", x, win, weight, 3)


def fully_connected(b: Builder, op: Operator) -> None:
    """FULLY_CONNECTED of a vector, or of each pixel of an image, with weights [out_c, in_c]."""
    x = b.operand(op)
    if op.options["WeightsFormat"] != tflite.FullyConnectedOptionsWeightsFormat.DEFAULT:
        b.refuse(op, "has shuffled weights", "export them in the default format")
    weight = _weight(b, op, 2)
    out_c, in_c = weight.shape
    h, w, c = (*b.shape_of(op, op.outputs[0])[:2], in_c)
    if h * w * c != math.prod(x.shape):
        b.refuse(op, f"has weights of {in_c} inputs for {list(x.shape)}", "export the network again")
    _emit(b, op, "pointwise", x, Window(h, w, c, h, w, out_c), weight, 0)


def window(b: Builder, op: Operator, x: Value, kernel: tuple[int, int], out_c: int, groups: int = 1) -> Window:
    """Geometry of a convolution or pooling over ``x``, whose PAD it takes in."""
    o = {k: int(v) for k, v in op.options.items()}
    if (o.get("DilationHFactor", 1), o.get("DilationWFactor", 1)) != (1, 1):
        b.refuse(op, "is dilated", "use dilation 1 and a larger kernel or stride")
    stride = o["StrideH"], o["StrideW"]
    if min(*stride, *kernel) < 1:
        b.refuse(op, f"has stride {stride} and kernel {kernel}", "export the network again")
    same = o["Padding"] == tflite.Padding.SAME
    out_h, top = _axis(x.shape[0], x.pad[:2], kernel[0], stride[0], same)
    out_w, left = _axis(x.shape[1], x.pad[2:], kernel[1], stride[1], same)
    return Window(*x.shape, out_h, out_w, out_c, *kernel, *stride, top, left, groups)


def _axis(length: int, pad: tuple[int, int], kernel: int, stride: int, same: bool) -> tuple[int, int]:
    """Outputs along one axis, and the padding before its first pixel."""
    padded = length + sum(pad)
    if not same:
        return (padded - kernel) // stride + 1, pad[0]
    out = -(-padded // stride)
    return out, pad[0] + max((out - 1) * stride + kernel - padded, 0) // 2


def _weight(b: Builder, op: Operator, rank: int) -> Tensor:
    weight = b.constant(op, 1)
    if weight.dtype != "INT8" or len(weight.shape) != rank or 0 in weight.shape:
        b.refuse(op, f"has weights of {weight.dtype.lower()} {list(weight.shape)}", "quantise weights to int8")
    if weight.zero_points.any():
        b.refuse(op, "has weights with a zero point", "quantise weights symmetrically")
    return weight


def _weight_scales(b: Builder, op: Operator, weight: Tensor, axis: int) -> FloatArray:
    """[out_c], whether the file has one for all or one a channel."""
    out_c, scales = weight.shape[axis], weight.scales
    if len(scales) not in (1, out_c) or (len(scales) > 1 and weight.axis != axis):
        b.refuse(op, f"has {len(scales)} weight scales", "quantise weights per tensor or per output channel")
    if not np.isfinite(scales).all() or (scales < 0).any():
        b.refuse(op, "has a weight scale that is no positive number", "quantise the network again")
    return np.broadcast_to(scales, (out_c,)).copy()


def _bias(b: Builder, op: Operator, out_c: int) -> IntArray:
    if len(op.inputs) < 3 or op.inputs[2] is None:
        return np.zeros(out_c, np.int64)
    bias = b.constant(op, 2)
    if bias.dtype != "INT32" or bias.shape != (out_c,):
        b.refuse(op, f"has a bias of {bias.dtype.lower()} {list(bias.shape)}", f"give int32 [{out_c}]")
    assert bias.data is not None
    return bias.data.astype(np.int64)


def _emit(b: Builder, op: Operator, kind: str, x: Value, win: Window, weight: Tensor, axis: int) -> None:
    assert weight.data is not None
    scales = _weight_scales(b, op, weight, axis)
    shape = [-1 if a == axis else 1 for a in range(weight.data.ndim)]
    real = weight.data.astype(np.float64) * scales.reshape(shape)
    if kind == "depthwise":
        real = real[0]
    elif axis == 3:
        real = real.transpose(3, 1, 2, 0)
    elif real.ndim == 2:
        real = real[:, None, None, :]
    bias = b.quant[x.tensor].scale * scales * _bias(b, op, weight.shape[axis])
    activation = b.activation(op)
    if activation == "none" and op.outputs[0].index != b.scores:
        activation = folded_activation(b.quant_of(op, op.outputs[0]))
    b.emit(op, kind, [x], win.out_shape, window=win, weight=real, bias=bias, weight_scale=scales, activation=activation)


def folded_activation(q: QuantParams) -> str:
    """The activation that a quantiser folded into the output's range: saturation at real 0 is a ReLU.

    The forward result is the same; what differs is that no gradient passes where the output was clamped.
    """
    if q.zero_point != -128:
        return "none"
    return "relu6" if math.floor(6 / q.scale + 0.5) == 255 else "relu"
