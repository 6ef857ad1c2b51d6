"""Writes small `.tflite` networks with LiteRT's own schema."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

_TYPES = {"int8": 9, "int32": 2, "float32": 0, "uint8": 3, "int16": 7}
_OPTIONS = {
    "CONV_2D": "Conv2DOptions",
    "DEPTHWISE_CONV_2D": "DepthwiseConv2DOptions",
    "FULLY_CONNECTED": "FullyConnectedOptions",
    "AVERAGE_POOL_2D": "Pool2DOptions",
    "MAX_POOL_2D": "Pool2DOptions",
    "ADD": "AddOptions",
    "SUB": "SubOptions",
    "MUL": "MulOptions",
    "CONCATENATION": "ConcatenationOptions",
    "SOFTMAX": "SoftmaxOptions",
    "MEAN": "ReducerOptions",
    "RESHAPE": "ReshapeOptions",
    "PAD": "PadOptions",
    "QUANTIZE": "QuantizeOptions",
    "DEQUANTIZE": "DequantizeOptions",
    "HARD_SWISH": "HardSwishOptions",
    "SQUEEZE": "SqueezeOptions",
}
_VERSIONS = {  # the first that works on int8
    "CONV_2D": 3, "DEPTHWISE_CONV_2D": 3, "FULLY_CONNECTED": 4, "ADD": 2, "SUB": 2, "MUL": 2, "AVERAGE_POOL_2D": 2,
    "MAX_POOL_2D": 2, "MEAN": 2, "SOFTMAX": 2, "LOGISTIC": 2, "TANH": 2, "CONCATENATION": 2, "PAD": 2, "RELU": 2,
    "RELU6": 2, "QUANTIZE": 2, "DEQUANTIZE": 2,
}  # fmt: skip
SAME, VALID = 0, 1
NONE, RELU, RELU_N1_TO_1, RELU6 = range(4)


@dataclass
class TfliteModel:
    """A network under construction; tensors and operators are known by their numbers."""

    seed: int = 0
    model: schema.ModelT = field(default_factory=schema.ModelT)

    def __post_init__(self) -> None:
        self.rng = np.random.default_rng(self.seed)
        self.graph = schema.SubGraphT()
        self.graph.tensors, self.graph.operators = [], []
        self.model.version, self.model.subgraphs = 3, [self.graph]
        self.model.operatorCodes, self.model.buffers = [], [schema.BufferT()]

    def tensor(self, shape, scale=0.05, zero=0, *, dtype="int8", data=None, axis=0, name=None) -> int:  # type: ignore[no-untyped-def]
        """A tensor; with ``data`` a constant. ``scale`` may be one or a list, None: not quantised."""
        t = schema.TensorT()
        t.shape, t.type = list(shape), _TYPES[dtype]
        t.name = (name or f"t{len(self.graph.tensors)}").encode()
        if scale is not None:
            t.quantization = schema.QuantizationParametersT()
            t.quantization.scale = list(np.atleast_1d(scale).astype(np.float32))
            t.quantization.zeroPoint = [zero] * len(t.quantization.scale)
            t.quantization.quantizedDimension = axis
        t.buffer = 0
        if data is not None:
            b = schema.BufferT()
            b.data = np.frombuffer(np.ascontiguousarray(data).tobytes(), np.uint8)
            t.buffer = len(self.model.buffers)
            self.model.buffers.append(b)
        self.graph.tensors.append(t)
        return len(self.graph.tensors) - 1

    def op(self, kind, inputs, output, **options) -> int:  # type: ignore[no-untyped-def]
        """An operator; returns its output."""
        code = schema.OperatorCodeT()
        code.builtinCode = getattr(schema.BuiltinOperator, kind)
        code.deprecatedBuiltinCode, code.version = min(code.builtinCode, 127), _VERSIONS.get(kind, 1)
        if kind == "CUSTOM":
            code.customCode = b"MyOperator"
        o = schema.OperatorT()
        o.opcodeIndex = len(self.model.operatorCodes)
        self.model.operatorCodes.append(code)
        o.inputs, o.outputs = list(inputs), [output]
        if kind in _OPTIONS:
            o.builtinOptionsType = getattr(schema.BuiltinOptions, _OPTIONS[kind])
            o.builtinOptions = getattr(schema, _OPTIONS[kind] + "T")()
            for name, value in options.items():
                assert hasattr(o.builtinOptions, name), name
                setattr(o.builtinOptions, name, value)
        self.graph.operators.append(o)
        return output

    def weights(self, shape, axis=0, *, per_channel=True, spread=0.01):  # type: ignore[no-untyped-def]
        """Random int8 weights, and their scales."""
        count = shape[axis] if per_channel else 1
        scales = self.rng.uniform(0.2 * spread, spread, count).astype(np.float32)
        return self.tensor(shape, scales, data=self.rng.integers(-127, 128, shape, np.int8), axis=axis), scales

    def bias(self, count, scale, size=2000):  # type: ignore[no-untyped-def]
        """Random int32 biases."""
        return self.tensor(
            (count,), np.broadcast_to(scale, count), dtype="int32", data=self.rng.integers(-size, size, count, np.int32)
        )

    def conv(self, x, x_shape, out_c, out, *, kernel=(1, 1), stride=(1, 1), padding=VALID, groups=1, **options):  # type: ignore[no-untyped-def]
        """CONV_2D of tensor ``x`` into ``out``."""
        w, scales = self.weights((out_c, *kernel, x_shape[-1] // groups), per_channel=options.pop("per_channel", True))
        b = self.bias(out_c, self.scale(x) * scales)
        steps = {"strideH": stride[0], "strideW": stride[1], "dilationHFactor": 1, "dilationWFactor": 1}
        return self.op("CONV_2D", [x, w, b], out, padding=padding, **{**steps, **options})

    def head(self, x, features, classes=4) -> int:  # type: ignore[no-untyped-def]
        """FULLY_CONNECTED to class scores."""
        w, scales = self.weights((classes, features))
        b = self.bias(classes, self.scale(x) * scales)
        out = self.tensor((1, classes), 0.2, 3, name="scores")
        return self.op("FULLY_CONNECTED", [x, w, b], out)

    def scale(self, tensor: int) -> float:
        """Scale of a tensor."""
        return float(self.graph.tensors[tensor].quantization.scale[0])

    def content(self, inputs, outputs) -> bytes:  # type: ignore[no-untyped-def]
        """The file."""
        self.graph.inputs, self.graph.outputs = list(inputs), list(outputs)
        builder = flatbuffers.Builder(1024)
        builder.Finish(self.model.Pack(builder), b"TFL3")
        return bytes(builder.Output())

    def write(self, path: Path, inputs, outputs) -> Path:  # type: ignore[no-untyped-def]
        path.write_bytes(self.content(inputs, outputs))
        return path
