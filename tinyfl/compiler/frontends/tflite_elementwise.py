"""Operators that work element by element, and those that only change shapes."""

from __future__ import annotations

import math

from tinyfl.compiler.frontends.tflite_builder import Builder, Value
from tinyfl.compiler.frontends.tflite_reader import Operator
from tinyfl.types import Shape


def add(b: Builder, op: Operator) -> None:
    """ADD of two tensors of one shape."""
    x, y = b.operand(op, 0), b.operand(op, 1)
    if x.shape != y.shape or own_shape(b, op, x) != own_shape(b, op, y):
        b.refuse(op, f"has operands {list(x.shape)} and {list(y.shape)}", "shapes must be equal")
    b.emit(op, "add", [x, y], x.shape, activation=b.activation(op))


def own_shape(b: Builder, op: Operator, x: Value) -> Shape:
    """Shape of an operand, which must not be that of a RESHAPE: elements would have to be found anew."""
    if b.shapes[x.tensor] != x.shape:
        b.refuse(op, f"reads {x.tensor} in the shape {list(x.shape)}", "reshape after it instead of before")
    return x.shape


def reshape(b: Builder, op: Operator) -> None:
    """RESHAPE, SQUEEZE and EXPAND_DIMS: the same elements in the same order."""
    x = b.operand(op)
    shape = b.shape_of(op, op.outputs[0])
    if math.prod(shape) != math.prod(x.shape):
        b.refuse(op, f"makes {list(shape)} of {list(x.shape)}", "export the network again")
    b.values[op.outputs[0].index] = Value(x.tensor, shape)
