"""What a `.tflite` file may not hold: one sentence with the operator, its node and the nearest supported form."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tflite_cases import SHAPE, Middle, conv, depthwise, ints, network, padded, padding, pair, pool, unary
from tflite_models import SAME, VALID, TfliteModel

from tinyfl.compiler.frontends.tflite import import_tflite
from tinyfl.errors import ModelError

AVERAGE = "AVERAGE_POOL_2D"


def broadcast(kind: str) -> Middle:
    def build(m: TfliteModel, x: int) -> tuple[int, tuple[int, int, int]]:
        mean = m.op("MEAN", [x, ints(m, 1, 2)], m.tensor((1, 1, 1, 4), 0.03, 2))
        return m.op(kind, [x, mean], m.tensor((1, *SHAPE), 0.05, 0)), SHAPE

    return build


def mean_of_rows(m: TfliteModel, x: int) -> tuple[int, tuple[int, int, int]]:
    return m.op("MEAN", [x, ints(m, 1)], m.tensor((1, 6, 4), 0.04, 5)), (1, 6, 4)


def joined_rows(m: TfliteModel, x: int) -> tuple[int, tuple[int, int, int]]:
    return m.op("CONCATENATION", [x, x], m.tensor((1, 14, 6, 4), 0.04, 5), axis=1), (14, 6, 4)


def constant_row(m: TfliteModel, x: int) -> tuple[int, tuple[int, int, int]]:
    row = m.tensor((4,), 0.02, 0, data=np.ones(4, np.int8))
    return m.op("MUL", [x, row], m.tensor((1, *SHAPE), 0.05, 0)), SHAPE


def padded_channels(m: TfliteModel, x: int) -> tuple[int, tuple[int, int, int]]:
    rows = m.tensor((4, 2), None, dtype="int32", data=np.array([[0, 0], [0, 0], [0, 0], [1, 0]], np.int32))
    return m.op("PAD", [x, rows], m.tensor((1, 7, 6, 5), 0.04, 5)), (7, 6, 5)


def pad_alone(m: TfliteModel, x: int) -> tuple[int, tuple[int, int, int]]:
    y = m.op("PAD", [x, padding(m, 1, 0, 0, 0)], m.tensor((1, 8, 6, 4), 0.04, 5))
    return m.op("RELU", [y], m.tensor((1, 8, 6, 4), 0.04, 5)), (8, 6, 4)


def pad_of_another_scale(m: TfliteModel, x: int) -> tuple[int, tuple[int, int, int]]:
    y = m.op("PAD", [x, padding(m, 1, 1, 1, 1)], m.tensor((1, 9, 8, 4), 0.05, 5))
    return m.conv(y, (9, 8, 4), 3, m.tensor((1, 7, 6, 3), 0.05, 0), kernel=(3, 3)), (7, 6, 3)


def computed_weights(m: TfliteModel, x: int) -> tuple[int, tuple[int, int, int]]:
    y = m.tensor((1, 7, 6, 1), 0.05, 0)
    options = {"padding": VALID, "strideH": 1, "strideW": 1, "dilationHFactor": 1, "dilationWFactor": 1}
    return m.op("CONV_2D", [x, x, -1], y, **options), (7, 6, 1)


def typed(dtype: str, scale: float | None) -> Middle:
    def build(m: TfliteModel, x: int) -> tuple[int, tuple[int, int, int]]:
        y = m.op("LOGISTIC", [x], m.tensor((1, *SHAPE), scale, 0, dtype=dtype))
        return m.op("QUANTIZE", [y], m.tensor((1, *SHAPE), 1 / 256, -128)), SHAPE

    return build


def softmax(m: TfliteModel, x: int) -> tuple[int, tuple[int, int, int]]:
    return m.op("SOFTMAX", [x], m.tensor((1, *SHAPE), 1 / 256, -128), beta=1.0), SHAPE


REFUSED: dict[str, tuple[Middle, str]] = {
    "dilation": (depthwise((7, 6), dilationHFactor=2), r"node 0 \(t3\): DEPTHWISE_CONV_2D is dilated; use dilation 1"),
    "average of SAME": (pool(AVERAGE, (4, 3), (3, 3), (2, 2), SAME), r"node 0 .*AVERAGE_POOL_2D.*SAME.*VALID"),
    "zeros that may win": (
        padded(pool("MAX_POOL_2D", (4, 3), (2, 3), (2, 2), VALID), (1, 0, 0, 1)),
        "node 1 .*may win",
    ),
    "mean of rows": (mean_of_rows, r"MEAN is over axes \[1\]; take it over height and width"),
    "rows joined": (joined_rows, "CONCATENATION joins axis 1; join the last one"),
    "sum of two shapes": (broadcast("ADD"), r"ADD has operands of shapes \[7, 6, 4\] and \[1, 1, 4\]; give equal"),
    "difference of two shapes": (broadcast("SUB"), "SUB has operands of shapes"),
    "product with a row": (constant_row, "MUL has a constant of 4 numbers; fold it into"),
    "padded channels": (padded_channels, "PAD pads samples or channels; pad height and width alone"),
    "pad alone": (pad_alone, r"node 1 .*RELU reads the result of PAD; PAD is supported before"),
    "pad that scales": (pad_of_another_scale, "PAD changes scale or zero point"),
    "computed weights": (computed_weights, "CONV_2D computes its operand 1; only constants"),
    "int16": (typed("int16", 1 / 32768), r"LOGISTIC works on int16 \(t1\); quantise activations to int8"),
    "float": (typed("float32", None), r"LOGISTIC works on float32 \(t1\); quantise the network to int8"),
    "uint8": (typed("uint8", 1 / 256), "LOGISTIC works on uint8"),
    "unknown activation": (pair("ADD", fused=4), "ADD has a fused activation of kind 4; use none, RELU"),
    "softmax in the middle": (softmax, "node 0 .*SOFTMAX is not supported here; use it at the end alone"),
    "leaky relu": (unary("LEAKY_RELU"), r"node 0 \(t1\): LEAKY_RELU is not supported; use RELU or HARD_SWISH"),
    "control flow": (unary("WHILE"), "WHILE is not supported; export the network without loops"),
    "no near form": (unary("COS"), "COS is not supported; supported are ADD, AVERAGE_POOL_2D, .*TANH"),
    "custom": (unary("CUSTOM"), "CUSTOM MyOperator is not supported"),
    "wrong shape": (conv(5, (3, 3), kernel=(3, 3)), r"CONV_2D should give shape \[5, 4, 5\], not \[1, 3, 3, 5\]"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_not_supported_is_named(case: str, tmp_path: Path) -> None:
    middle, sentence = REFUSED[case]
    with pytest.raises(ModelError, match=sentence) as info:
        import_tflite(network(middle, tmp_path))
    assert "\n" not in str(info.value)


def hybrid(m: TfliteModel) -> tuple[list[int], list[int]]:
    x, y = (m.tensor((1, n), None, dtype="float32") for n in (3, 4))
    w, _ = m.weights((4, 3))
    return [x], [m.op("FULLY_CONNECTED", [x, w, -1], y)]


def two_inputs(m: TfliteModel) -> tuple[list[int], list[int]]:
    x, y = (m.tensor((1, 3)) for _ in range(2))
    return [x, y], [m.head(m.op("ADD", [x, y], m.tensor((1, 3))), 3)]


def two_outputs(m: TfliteModel) -> tuple[list[int], list[int]]:
    x = m.tensor((1, 3))
    return [x], [m.head(x, 3), m.head(x, 3)]


def two_samples(m: TfliteModel) -> tuple[list[int], list[int]]:
    x = m.tensor((2, 3))
    return [x], [m.head(x, 3)]


def no_classifier(m: TfliteModel) -> tuple[list[int], list[int]]:
    x = m.tensor((1, 3))
    return [x], [m.op("LOGISTIC", [m.head(x, 3)], m.tensor((1, 4), 1 / 256, -128))]


def sharp_softmax(m: TfliteModel) -> tuple[list[int], list[int]]:
    x = m.tensor((1, 3))
    return [x], [m.op("SOFTMAX", [m.head(x, 3)], m.tensor((1, 4), 1 / 256, -128), beta=2.0)]


def asymmetric_weights(m: TfliteModel) -> tuple[list[int], list[int]]:
    x = m.tensor((1, 3))
    w = m.tensor((4, 3), 0.01, 3, data=np.ones((4, 3), np.int8))
    return [x], [m.op("FULLY_CONNECTED", [x, w, -1], m.tensor((1, 4)))]


def scales_per_input(m: TfliteModel) -> tuple[list[int], list[int]]:
    x = m.tensor((1, 4))
    w = m.tensor((4, 4), [0.1, 0.2, 0.3, 0.4], data=np.ones((4, 4), np.int8), axis=1)
    return [x], [m.op("FULLY_CONNECTED", [x, w, -1], m.tensor((1, 4)))]


WHOLE: dict[str, tuple[Callable[[TfliteModel], tuple[list[int], list[int]]], str]] = {
    "hybrid": (hybrid, "FULLY_CONNECTED works on float32"),
    "two inputs": (two_inputs, "has 2 inputs"),
    "two outputs": (two_outputs, "has 2 outputs"),
    "two samples": (two_samples, r"has shape \[2, 3\] .*one sample"),
    "no classifier": (no_classifier, "ends in logistic .*must end in a linear layer"),
    "softmax with beta": (sharp_softmax, "SOFTMAX has beta 2.0; use beta 1"),
    "asymmetric weights": (asymmetric_weights, "weights with a zero point; quantise weights symmetrically"),
    "scales per input": (scales_per_input, "4 weight scales; quantise weights per tensor or per output channel"),
}


@pytest.mark.parametrize("case", WHOLE)
def test_networks_of_another_kind(case: str, tmp_path: Path) -> None:
    build, sentence = WHOLE[case]
    m = TfliteModel()
    inputs, outputs = build(m)
    with pytest.raises(ModelError, match=sentence):
        import_tflite(m.write(tmp_path / "a.tflite", inputs, outputs))


@pytest.mark.parametrize("content", [b"", b"TFL3", b"PK\x03\x04" + bytes(60), b"\x1c\0\0\0TFL3", bytes(100)])
def test_foreign_files(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.tflite").write_bytes(content)
    with pytest.raises(ModelError, match="is no TFLite file or a damaged one") as info:
        import_tflite(tmp_path / "a.tflite")
    assert "\n" not in str(info.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="cannot be read"):
        import_tflite(tmp_path / "a.tflite")


@pytest.fixture(scope="module")
def content(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return network(pair("ADD"), tmp_path_factory.mktemp("whole")).read_bytes()


@settings(max_examples=120, deadline=None)
@given(st.data())
def test_truncated_and_damaged_files(
    content: bytes, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """An import or one sentence, whatever the bytes."""
    file = tmp_path_factory.mktemp("damaged") / "a.tflite"
    damaged = bytearray(content[: data.draw(st.integers(0, len(content)))])
    for _ in range(data.draw(st.integers(0, 4))):
        if damaged:
            damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    file.write_bytes(bytes(damaged))
    try:
        import_tflite(file)
    except ModelError as error:
        assert "\n" not in str(error)  # noqa: PT017
