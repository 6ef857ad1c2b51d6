"""One small network around each TFLite operator: image [1, 7, 6, 4] -> operator -> class scores."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
from tflite_models import NONE, RELU, RELU6, RELU_N1_TO_1, SAME, VALID, TfliteModel

H, W, C = SHAPE = (7, 6, 4)
Middle = Callable[[TfliteModel, int], tuple[int, tuple[int, int, int]]]


def network(middle: Middle, folder: Path, seed: int = 0) -> Path:
    """The network's file; ``middle`` gets the image and returns its result and that one's shape."""
    m = TfliteModel(seed)
    x = m.tensor((1, *SHAPE), 0.04, 5, name="image")
    y, shape = middle(m, x)
    count = math.prod(shape)
    flat = m.tensor((1, count), m.scale(y), int(m.graph.tensors[y].quantization.zeroPoint[0]))
    m.op("RESHAPE", [y, ints(m, 1, count)], flat)
    return m.write(folder / "network.tflite", [x], [m.head(flat, count)])


def ints(m: TfliteModel, *values: int) -> int:
    return m.tensor((len(values),), None, dtype="int32", data=np.array(values, np.int32))


def padding(m: TfliteModel, top: int, bottom: int, left: int, right: int) -> int:
    rows = [[0, 0], [top, bottom], [left, right], [0, 0]]
    return m.tensor((4, 2), None, dtype="int32", data=np.array(rows, np.int32))


def conv(out_c: int, out: tuple[int, int], scale: float = 0.06, zero: int = -7, **options: object) -> Middle:
    def build(m: TfliteModel, x: int) -> tuple[int, tuple[int, int, int]]:
        y = m.tensor((1, *out, out_c), scale, zero)
        return m.conv(x, SHAPE, out_c, y, **options), (*out, out_c)

    return build


def depthwise(out: tuple[int, int], multiplier: int = 1, kernel: tuple[int, int] = (3, 3), **options: object) -> Middle:
    def build(m: TfliteModel, x: int) -> tuple[int, tuple[int, int, int]]:
        out_c = C * multiplier
        w, scales = m.weights((1, *kernel, out_c), axis=3)
        b = m.bias(out_c, m.scale(x) * scales)
        y = m.tensor((1, *out, out_c), 0.05, 9)
        given = {"strideH": 1, "strideW": 1, "padding": SAME, "dilationHFactor": 1, "dilationWFactor": 1}
        return m.op("DEPTHWISE_CONV_2D", [x, w, b], y, depthMultiplier=multiplier, **{**given, **options}), (
            *out,
            out_c,
        )

    return build


def pool(kind: str, out: tuple[int, int], kernel: tuple[int, int], stride: tuple[int, int], pad: int) -> Middle:
    def build(m: TfliteModel, x: int) -> tuple[int, tuple[int, int, int]]:
        y = m.tensor((1, *out, C), 0.04, 5)
        sizes = {"filterHeight": kernel[0], "filterWidth": kernel[1], "strideH": stride[0], "strideW": stride[1]}
        return m.op(kind, [x], y, padding=pad, **sizes), (*out, C)

    return build


def padded(then: Middle, pad: tuple[int, int, int, int], relu: bool = False) -> Middle:
    """PAD before ``then``; with ``relu`` the tensor has no negative values."""

    def build(m: TfliteModel, x: int) -> tuple[int, tuple[int, int, int]]:
        zero = 5
        if relu:
            zero = -128
            x = m.op("RELU", [x], m.tensor((1, *SHAPE), 0.04, zero))
        y = m.tensor((1, H + pad[0] + pad[1], W + pad[2] + pad[3], C), 0.04, zero)
        found, shape = then(m, m.op("PAD", [x, padding(m, *pad)], y))
        if relu:
            m.graph.tensors[found].quantization.zeroPoint = [zero]
        return found, shape

    return build


def branches(m: TfliteModel, x: int) -> tuple[int, int]:
    a = m.conv(x, SHAPE, C, m.tensor((1, *SHAPE), 0.05, -9))
    b = m.conv(x, SHAPE, C, m.tensor((1, *SHAPE), 0.07, 20))
    return a, b


def pair(kind: str, scale: float = 0.06, zero: int = 3, fused: int = NONE) -> Middle:
    def build(m: TfliteModel, x: int) -> tuple[int, tuple[int, int, int]]:
        y = m.tensor((1, *SHAPE), scale, zero)
        return m.op(kind, branches(m, x), y, fusedActivationFunction=fused), SHAPE

    return build


def gate(gates: int, first: bool) -> Middle:
    def build(m: TfliteModel, x: int) -> tuple[int, tuple[int, int, int]]:
        mean = m.op("MEAN", [x, ints(m, 1, 2)], m.tensor((1, 1, 1, C), 0.03, 2), keepDims=True)
        wide = m.conv(mean, (1, 1, C), gates, m.tensor((1, 1, 1, gates), 0.03, -5))
        g = m.op("LOGISTIC", [wide], m.tensor((1, 1, 1, gates), 1 / 256, -128))
        y = m.tensor((1, *SHAPE), 0.03, 4)
        return m.op("MUL", [g, x] if first else [x, g], y, fusedActivationFunction=NONE), SHAPE

    return build


def constant(kind: str, first: bool, value: int, fused: int = NONE) -> Middle:
    def build(m: TfliteModel, x: int) -> tuple[int, tuple[int, int, int]]:
        c = m.tensor((), 0.02, -1, data=np.array(value, np.int8))
        y = m.tensor((1, *SHAPE), 0.05, -6)
        return m.op(kind, [c, x] if first else [x, c], y, fusedActivationFunction=fused), SHAPE

    return build


def unary(kind: str, scale: float = 0.04, zero: int = 5) -> Middle:
    def build(m: TfliteModel, x: int) -> tuple[int, tuple[int, int, int]]:
        return m.op(kind, [x], m.tensor((1, *SHAPE), scale, zero)), SHAPE

    return build


def concatenated(m: TfliteModel, x: int) -> tuple[int, tuple[int, int, int]]:
    a, b = (m.conv(x, SHAPE, c, m.tensor((1, H, W, c), 0.04, 5)) for c in (3, 2))
    y = m.tensor((1, H, W, 9), 0.04, 5)
    return m.op("CONCATENATION", [a, x, b], y, axis=-1, fusedActivationFunction=NONE), (H, W, 9)


def hidden(m: TfliteModel, x: int) -> tuple[int, tuple[int, int, int]]:
    """FULLY_CONNECTED of a whole image, which it flattens, with a ReLU."""
    w, scale = m.weights((5, H * W * C), per_channel=False, spread=0.002)
    y = m.tensor((1, 5), 0.03, -128)
    b = m.bias(5, m.scale(x) * scale)
    return m.op("FULLY_CONNECTED", [x, w, b], y, fusedActivationFunction=RELU), (1, 1, 5)


def pixels(m: TfliteModel, x: int) -> tuple[int, tuple[int, int, int]]:
    """FULLY_CONNECTED of each pixel."""
    w, scales = m.weights((5, C))
    y = m.tensor((1, H, W, 5), 0.03, 1)
    return m.op("FULLY_CONNECTED", [x, w, m.bias(5, m.scale(x) * scales)], y, keepNumDims=True), (H, W, 5)


def mean(m: TfliteModel, x: int) -> tuple[int, tuple[int, int, int]]:
    return m.op("MEAN", [x, ints(m, 1, 2)], m.tensor((1, C), 0.03, -4)), (1, 1, C)


CASES: dict[str, Middle] = {
    "conv": conv(5, (7, 6), kernel=(3, 3), padding=SAME),
    "conv stride 2, SAME": conv(5, (4, 3), kernel=(3, 2), stride=(2, 2), padding=SAME),
    "conv VALID": conv(5, (3, 5), kernel=(2, 2), stride=(2, 1)),
    "conv groups": conv(6, (7, 6), kernel=(3, 3), padding=SAME, groups=2),
    "conv of one scale": conv(5, (5, 4), kernel=(3, 3), per_channel=False),
    "pointwise": conv(5, (7, 6)),
    "conv relu": conv(5, (7, 6), zero=-100, fusedActivationFunction=RELU),
    "conv relu6": conv(5, (7, 6), 0.03, -120, fusedActivationFunction=RELU6),
    "conv relu_n1_to_1": conv(5, (7, 6), 0.02, 10, fusedActivationFunction=RELU_N1_TO_1),
    "conv folded relu": conv(5, (7, 6), 0.01, -128),
    "conv folded relu6": conv(5, (7, 6), 6 / 255, -128),
    "depthwise": depthwise((7, 6)),
    "depthwise stride 2": depthwise((4, 3), strideH=2, strideW=2),
    "depthwise of two filters": depthwise((7, 6), 2),
    "fully connected": hidden,
    "fully connected pixels": pixels,
    "pad and conv": padded(conv(5, (3, 3), kernel=(3, 3), stride=(2, 2)), (1, 0, 0, 1)),
    "pad and depthwise": padded(depthwise((7, 7), padding=VALID), (1, 1, 2, 1)),
    "pad and avg-pool": padded(pool("AVERAGE_POOL_2D", (4, 3), (2, 3), (2, 2), VALID), (1, 0, 0, 1)),
    "pad and max-pool": padded(pool("MAX_POOL_2D", (4, 3), (2, 3), (2, 2), VALID), (1, 0, 0, 1), relu=True),
    "avg-pool": pool("AVERAGE_POOL_2D", (3, 5), (2, 2), (2, 1), VALID),
    "max-pool": pool("MAX_POOL_2D", (3, 5), (2, 2), (2, 1), VALID),
    "max-pool SAME": pool("MAX_POOL_2D", (4, 3), (3, 3), (2, 2), SAME),
    "mean": mean,
    "add": pair("ADD"),
    "add relu": pair("ADD", 0.05, -60, RELU),
    "sub": pair("SUB"),
    "sub relu6": pair("SUB", 0.03, -100, RELU6),
    "mul": pair("MUL", 0.02),
    "gate": gate(C, False),
    "gate first": gate(C, True),
    "one gate for all": gate(1, False),
    "add a constant": constant("ADD", False, 100, RELU6),
    "subtract a constant": constant("SUB", False, 37),
    "subtract from a constant": constant("SUB", True, 37),
    "multiply by a constant": constant("MUL", True, 45),
    "logistic": unary("LOGISTIC", 1 / 256, -128),
    "tanh": unary("TANH", 1 / 128, 0),
    "hard_swish": unary("HARD_SWISH", 0.03, -100),
    "relu": unary("RELU"),
    "relu of another scale": unary("RELU", 0.03, -128),
    "relu6": unary("RELU6"),
    "relu_n1_to_1": unary("RELU_N1_TO_1"),
    "quantize": unary("QUANTIZE", 0.06, -30),
    "concatenation": concatenated,
}
