"""PAD: no operator of its own, the convolution or pooling that reads it takes it in."""

from __future__ import annotations

from tinyfl.compiler.frontends.tflite_builder import Builder, Value
from tinyfl.compiler.frontends.tflite_reader import Operator


def pad(b: Builder, op: Operator) -> None:
    """Remember the padding with the value; PAD fills with the zero point, as the windows' own padding does."""
    x = b.operand(op, padded=True)
    amounts = b.constant(op, 1).data
    source, target = op.inputs[0], op.outputs[0]
    assert amounts is not None
    assert source is not None
    if amounts.shape != (len(source.shape), 2) or amounts.min() < 0:
        b.refuse(op, f"has paddings {amounts.tolist()}", "give two numbers for each axis")
    if b.quant_of(op, source) != b.quant_of(op, target):
        b.refuse(op, "changes scale or zero point", "pad with the zero point of the tensor")
    rows = [[int(v) for v in row] for row in amounts]
    if any(rows[0]) or any(rows[-1]) or len(rows) < 3:
        b.refuse(op, "pads samples or channels", "pad height and width alone")
    image = rows[1:-1] if len(rows) == 4 else [[0, 0], *rows[1:-1]]
    top, bottom, left, right = (a + c for a, c in zip(x.pad, [v for row in image for v in row], strict=True))
    b.values[target.index] = Value(x.tensor, x.shape, (top, bottom, left, right))
