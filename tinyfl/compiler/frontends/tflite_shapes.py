"""Operators that move elements: CONCATENATION, and those that only change shapes."""

from __future__ import annotations

import math

from tinyfl.compiler.frontends.tflite_builder import Builder, Value
from tinyfl.compiler.frontends.tflite_reader import Operator


def concatenation(b: Builder, op: Operator) -> None:
    """CONCATENATION of channels."""
    xs = [b.operand(op, i) for i in range(len(op.inputs))]
    rank = len(op.outputs[0].shape)
    if int(op.options["Axis"]) % rank != rank - 1:
        b.refuse(op, f"joins axis {op.options['Axis']}", "join the last one, channels")
    for x in xs:
        if b.shapes[x.tensor] != x.shape:
            b.refuse(op, f"reads {x.tensor} in the shape {list(x.shape)}", "reshape after it instead of before")
    if len({x.shape[:2] for x in xs}) != 1:
        b.refuse(op, f"joins {[list(x.shape) for x in xs]}", "heights and widths must be equal")
    shape = (*xs[0].shape[:2], sum(x.shape[2] for x in xs))
    b.emit(op, "concat", xs, shape, activation=b.activation(op))


def reshape(b: Builder, op: Operator) -> None:
    """RESHAPE, SQUEEZE and EXPAND_DIMS: the same elements in the same order."""
    x = b.operand(op)
    shape = b.shape_of(op, op.outputs[0])
    if math.prod(shape) != math.prod(x.shape):
        b.refuse(op, f"makes {list(shape)} of {list(x.shape)}", "export the network again")
    b.values[op.outputs[0].index] = Value(x.tensor, shape)
