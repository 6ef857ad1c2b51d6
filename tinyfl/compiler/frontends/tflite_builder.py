"""What the handlers of TFLite operators share: values, emitted nodes, checks and refusals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np
import tflite

from tinyfl.compiler.frontends.tflite_reader import Operator, Tensor
from tinyfl.errors import ModelError
from tinyfl.types import Node, QuantParams, Shape

_FUSED = {
    tflite.ActivationFunctionType.NONE: "none",
    tflite.ActivationFunctionType.RELU: "relu",
    tflite.ActivationFunctionType.RELU6: "relu6",
    tflite.ActivationFunctionType.RELU_N1_TO_1: "relu_n1_to_1",
}
_FOREIGN_TYPES = {
    "FLOAT32": "quantise the network to int8 (full-integer post-training quantisation)",
    "UINT8": "quantise it with TensorFlow 2, which gives int8",
    "INT16": "quantise activations to int8",
}


@dataclass(frozen=True)
class Value:
    """A tensor as an operator sees it: the graph's name for it, and its shape here, after any RESHAPE.

    ``pad`` is (top, bottom, left, right) of a PAD that the operator reading the value takes in; ``shape`` is without.
    """

    tensor: str
    shape: Shape
    pad: tuple[int, int, int, int] = (0, 0, 0, 0)


class Builder:
    """The graph so far: what each tensor of the file is in it."""

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self.shapes: dict[str, Shape] = {}
        self.quant: dict[str, QuantParams] = {}
        self.values: dict[int, Value] = {}
        self.scores = -1
        """Index of the file's tensor that holds the class scores."""

    def refuse(self, op: Operator, problem: str, remedy: str) -> NoReturn:
        """Raise the ModelError that names operator, node and the nearest supported form."""
        output = op.outputs[0].name if op.outputs else "no output"
        raise ModelError(f"node {op.index} ({output}): {op.kind} {problem}; {remedy}")

    def operand(self, op: Operator, index: int = 0, *, padded: bool = False) -> Value:
        """An input that is computed; ``padded`` says whether the operator can take in a PAD."""
        tensor = op.inputs[index] if index < len(op.inputs) else None
        if tensor is None or tensor.data is not None:
            self.refuse(op, f"has a constant as operand {index}", "only computed tensors are supported there")
        value = self.values.get(tensor.index)
        if value is None:
            self.refuse(op, f"reads {tensor.name}, which nothing computes", "export the network again")
        if any(value.pad) and not padded:
            self.refuse(op, "reads the result of PAD", "PAD is supported before a convolution or pooling")
        return value

    def constant(self, op: Operator, index: int) -> Tensor:
        """An input that is a constant."""
        tensor = op.inputs[index] if index < len(op.inputs) else None
        if tensor is None or tensor.data is None:
            self.refuse(op, f"computes its operand {index}", "only constants are supported there")
        return tensor

    def quant_of(self, op: Operator, tensor: Tensor) -> QuantParams:
        """Scale and zero point of an int8 activation."""
        if tensor.dtype != "INT8":
            remedy = _FOREIGN_TYPES.get(tensor.dtype, "only int8 tensors are supported")
            self.refuse(op, f"works on {tensor.dtype.lower()} ({tensor.name})", remedy)
        scales, zeros = tensor.scales, tensor.zero_points
        if len(scales) != 1 or len(zeros) != 1 or not np.isfinite(scales[0]) or scales[0] <= 0:
            self.refuse(op, f"has no single scale for {tensor.name}", "quantise activations per tensor")
        if not -128 <= zeros[0] <= 127:
            self.refuse(op, f"has zero point {zeros[0]} for {tensor.name}", "give one in -128..127")
        return QuantParams(float(scales[0]), int(zeros[0]))

    def shape_of(self, op: Operator, tensor: Tensor) -> Shape:
        """(H, W, C) of a tensor [1, N], [1, T, C] or [1, H, W, C]."""
        s = tensor.shape
        if not 2 <= len(s) <= 4 or s[0] != 1 or min(s) < 1:
            self.refuse(
                op, f"has shape {list(s)} for {tensor.name}", "give one sample [1, N], [1, T, C] or [1, H, W, C]"
            )
        h, w, c = (*(1,) * (4 - len(s)), *s[1:])
        return h, w, c

    def name(self, tensor: Tensor) -> str:
        """The graph's name of a tensor: the file's, made unique; colons belong to the compiler's own buffers."""
        name = tensor.name.replace(":", ".") or f"tensor{tensor.index}"
        return f"{name}#{tensor.index}" if name in self.shapes else name

    def add_input(self, op: Operator, tensor: Tensor) -> str:
        """Declare the network's input, whose first reader is ``op``."""
        name = self.name(tensor)
        self.shapes[name] = self.shape_of(op, tensor)
        self.quant[name] = self.quant_of(op, tensor)
        self.values[tensor.index] = Value(name, self.shapes[name])
        return name

    def emit(
        self, op: Operator, kind: str, inputs: list[Value], shape: Shape, own: Shape | None = None, **fields: Any
    ) -> None:
        """Append a node that computes the operator's output with ``shape``.

        ``own``: the shape that the graph knows the output by, where the operator keeps that of reshaped operands.
        """
        tensor = op.outputs[0]
        if self.shape_of(op, tensor) != shape:
            self.refuse(op, f"should give shape {list(shape)}, not {list(tensor.shape)}", "export the network again")
        name = self.name(tensor)
        self.quant[name] = self.quant_of(op, tensor)
        self.shapes[name] = own or shape
        self.values[tensor.index] = Value(name, shape)
        self.nodes.append(Node(name, kind, tuple(v.tensor for v in inputs), name, **fields))

    def activation(self, op: Operator) -> str:
        """The fused activation that the operator names."""
        fused = int(op.options.get("FusedActivationFunction", 0))
        if fused not in _FUSED:
            self.refuse(op, f"has a fused activation of kind {fused}", "use none, RELU, RELU6 or RELU_N1_TO_1")
        return _FUSED[fused]
