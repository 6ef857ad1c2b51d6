"""Reads a ``.tflite`` file into plain values: operators in execution order, their tensors, constants and options.

Nothing of the flatbuffer is left behind: whatever is malformed shows here, as one ModelError.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import tflite

from tinyfl.errors import ModelError
from tinyfl.types import FloatArray, IntArray

_MALFORMED = (struct.error, AttributeError, IndexError, KeyError, ValueError, TypeError, OverflowError, MemoryError)
_DTYPES: dict[str, npt.DTypeLike] = {"INT8": "i1", "INT32": "<i4", "INT64": "<i8", "UINT8": "u1", "FLOAT32": "<f4"}
_TYPE_NAMES = {v: k for k, v in vars(tflite.TensorType).items() if isinstance(v, int)}
_CONV = ("Padding", "StrideH", "StrideW", "DilationHFactor", "DilationWFactor", "FusedActivationFunction")
_POOL = ("Padding", "StrideH", "StrideW", "FilterHeight", "FilterWidth", "FusedActivationFunction")
_FUSED = ("FusedActivationFunction",)
_OPTIONS: dict[str, tuple[str, tuple[str, ...]]] = {
    "CONV_2D": ("Conv2DOptions", _CONV),
    "DEPTHWISE_CONV_2D": ("DepthwiseConv2DOptions", _CONV),
    "FULLY_CONNECTED": ("FullyConnectedOptions", ("FusedActivationFunction", "WeightsFormat")),
    "AVERAGE_POOL_2D": ("Pool2DOptions", _POOL),
    "MAX_POOL_2D": ("Pool2DOptions", _POOL),
    "ADD": ("AddOptions", _FUSED),
    "SUB": ("SubOptions", _FUSED),
    "MUL": ("MulOptions", _FUSED),
    "CONCATENATION": ("ConcatenationOptions", ("Axis", "FusedActivationFunction")),
    "SOFTMAX": ("SoftmaxOptions", ("Beta",)),
}


@dataclass(frozen=True)
class Tensor:
    """One tensor of the file; ``data`` is its value if it is a constant. ``axis``: of the scales, if several."""

    index: int
    name: str
    shape: tuple[int, ...]
    dtype: str
    scales: FloatArray
    zero_points: IntArray
    axis: int
    data: npt.NDArray[Any] | None


@dataclass(frozen=True)
class Operator:
    """One operator; an absent optional input is None, ``options`` are the schema's fields of its kind."""

    index: int
    kind: str
    inputs: tuple[Tensor | None, ...]
    outputs: tuple[Tensor, ...]
    options: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class File:
    """The network of a file."""

    operators: tuple[Operator, ...]
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]


def read_tflite(path: Path) -> File:
    """The network in ``path``; raises ModelError if it is no TFLite file or not one network."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ModelError(f"{path} cannot be read ({error.strerror or error}); name a .tflite file") from error
    try:
        if not tflite.Model.ModelBufferHasIdentifier(content, 0):
            raise ValueError("it does not say TFL3")
        model = tflite.Model.GetRootAsModel(content, 0)
        return _file(model, model.Subgraphs(0))
    except _MALFORMED as error:
        raise ModelError(
            f"{path} is no TFLite file or a damaged one ({type(error).__name__}); export it again or copy it whole"
        ) from error


def _file(model: Any, graph: Any) -> File:
    tensors = [_tensor(model, graph.Tensors(i), i) for i in range(graph.TensorsLength())]
    operators = [_operator(model, graph.Operators(i), i, tensors) for i in range(graph.OperatorsLength())]
    inputs, outputs = (tuple(tensors[i] for i in ends) for ends in (graph.InputsAsNumpy(), graph.OutputsAsNumpy()))
    return File(tuple(operators), inputs, outputs)


def _tensor(model: Any, raw: Any, index: int) -> Tensor:
    shape = tuple(int(raw.Shape(i)) for i in range(raw.ShapeLength()))
    dtype = _TYPE_NAMES.get(raw.Type(), "of an unknown type")
    name = (raw.Name() or b"").decode("utf-8", "replace")
    q = raw.Quantization()
    scales, zero_points, axis = np.zeros(0), np.zeros(0, np.int64), 0
    if q is not None and q.ScaleLength():
        scales = q.ScaleAsNumpy().astype(np.float64)
        zero_points = q.ZeroPointAsNumpy().astype(np.int64) if q.ZeroPointLength() else np.zeros(len(scales), np.int64)
        axis = int(q.QuantizedDimension())
    return Tensor(index, name, shape, dtype, scales, zero_points, axis, _constant(model, raw, shape, dtype))


def _constant(model: Any, raw: Any, shape: tuple[int, ...], dtype: str) -> npt.NDArray[Any] | None:
    if raw.Buffer() == 0:  # by definition of the schema the empty buffer
        return None
    data = model.Buffers(raw.Buffer())
    if data is None or data.DataLength() == 0 or dtype not in _DTYPES:
        return None
    return np.frombuffer(data.DataAsNumpy().tobytes(), _DTYPES[dtype]).reshape(shape)


def _operator(model: Any, raw: Any, index: int, tensors: list[Tensor]) -> Operator:
    code = model.OperatorCodes(raw.OpcodeIndex())
    number = max(code.BuiltinCode(), code.DeprecatedBuiltinCode())
    kind = tflite.BUILTIN_OPCODE2NAME.get(number, f"operator number {number}")
    if kind == "CUSTOM":
        kind = f"CUSTOM {(code.CustomCode() or b'').decode('utf-8', 'replace')}"
    inputs = tuple(None if raw.Inputs(i) == -1 else _of(tensors, raw.Inputs(i)) for i in range(raw.InputsLength()))
    outputs = tuple(_of(tensors, raw.Outputs(i)) for i in range(raw.OutputsLength()))
    return Operator(index, kind, inputs, outputs, _options(raw, kind))


def _of(tensors: list[Tensor], index: int) -> Tensor:
    if index < 0:
        raise IndexError(f"there is no tensor {index}")
    return tensors[index]


def _options(raw: Any, kind: str) -> dict[str, float]:
    if kind not in _OPTIONS:
        return {}
    name, fields = _OPTIONS[kind]
    options = getattr(tflite, name)()
    table = raw.BuiltinOptions()
    if table is None:
        raise ValueError(f"{kind} has no options")
    options.Init(table.Bytes, table.Pos)
    return {field: getattr(options, field)() for field in fields}
