"""Operators that work element by element."""

from __future__ import annotations

from tinyfl.compiler.frontends.tflite_builder import Builder, Value
from tinyfl.compiler.frontends.tflite_reader import Operator
from tinyfl.types import Shape

_FUNCTIONS = {"LOGISTIC": "logistic", "TANH": "tanh", "HARD_SWISH": "hard_swish"}
_ACTIVATIONS = {"RELU": "relu", "RELU6": "relu6", "RELU_N1_TO_1": "relu_n1_to_1", "QUANTIZE": "none"}


def function(b: Builder, op: Operator) -> None:
    """LOGISTIC, TANH and HARD_SWISH."""
    x = b.operand(op)
    b.emit(op, _FUNCTIONS[op.kind], [x], x.shape, own=b.shapes[x.tensor])


def activation(b: Builder, op: Operator) -> None:
    """A stand-alone RELU, RELU6, RELU_N1_TO_1, or a QUANTIZE between int8 tensors."""
    x = b.operand(op)
    same = b.quant[x.tensor] == b.quant_of(op, op.outputs[0])
    kind = "activation" if same else "requantize"
    b.emit(op, kind, [x], x.shape, own=b.shapes[x.tensor], activation=_ACTIVATIONS[op.kind])


def add(b: Builder, op: Operator) -> None:
    """ADD of two tensors of one shape, or of a tensor and one constant."""
    constant = _constant(b, op)
    if constant is None:
        _pair(b, op, "add")
    else:
        index, c = constant
        _affine(b, op, b.operand(op, index), 1.0, c)


def sub(b: Builder, op: Operator) -> None:
    """SUB, as ADD."""
    constant = _constant(b, op)
    if constant is None:
        _pair(b, op, "sub")
    else:
        index, c = constant
        sign = -1.0 if index else 1.0
        _affine(b, op, b.operand(op, index), sign, -sign * c)


def mul(b: Builder, op: Operator) -> None:
    """MUL of two tensors of one shape, by one factor a channel or for all, or by one constant."""
    constant = _constant(b, op)
    if constant is not None:
        index, c = constant
        _affine(b, op, b.operand(op, index), c, 0.0)
        return
    one, other = b.operand(op, 0), b.operand(op, 1)
    for x, gate in ((one, other), (other, one)):
        own = b.shapes[x.tensor], b.shapes[gate.tensor]
        if x.shape != gate.shape and gate.shape in ((1, 1, x.shape[2]), (1, 1, 1)) and own == (x.shape, gate.shape):
            b.emit(op, "mul_channels", [x, gate], x.shape, activation=b.activation(op))
            return
    _pair(b, op, "mul")


def _pair(b: Builder, op: Operator, kind: str) -> None:
    x, y = b.operand(op, 0), b.operand(op, 1)
    own = b.shapes[x.tensor]
    if x.shape != y.shape or own != b.shapes[y.tensor]:
        remedy = "give equal shapes" + (", or [1, 1, 1, C] for one factor a channel" if kind == "mul" else "")
        b.refuse(op, f"has operands of shapes {list(x.shape)} and {list(y.shape)}", remedy)
    b.emit(op, kind, [x, y], x.shape, own=own, activation=b.activation(op))


def _constant(b: Builder, op: Operator) -> tuple[int, float] | None:
    """Which operand is computed and the real value of the other, if that one is a constant."""
    for index, tensor in enumerate(op.inputs[:2]):
        if tensor is not None and tensor.data is not None:
            if tensor.data.size != 1:
                b.refuse(op, f"has a constant of {tensor.data.size} numbers", "fold it into the convolution before")
            q = b.quant_of(op, tensor)
            return 1 - index, (int(tensor.data.ravel()[0]) - q.zero_point) * q.scale
    return None


def _affine(b: Builder, op: Operator, x: Value, slope: float, offset: float) -> None:
    own: Shape = b.shapes[x.tensor]
    coefficients = (slope, offset)
    b.emit(op, "affine", [x], x.shape, own=own, coefficients=coefficients, activation=b.activation(op))
