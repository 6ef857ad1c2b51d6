"""The same real values with another scale and zero point."""

from __future__ import annotations

from collections.abc import Sequence

from tinyfl.ops.elementwise import Elementwise
from tinyfl.ops.operator import CallArguments, Parameters, requantise
from tinyfl.types import FloatArray, Int8Node, IntArray, Node


class Requantize(Elementwise):
    """x, with fused activation; ``requant.m`` holds the ratio of the scales."""

    def float_output(self, node: Node, xs: Sequence[FloatArray]) -> FloatArray:
        """The input."""
        return xs[0]

    def output(self, n: Int8Node, p: Parameters, xs: Sequence[IntArray]) -> IntArray:
        """Section 4."""
        return requantise(n, xs[0] - n.input_quant[0].zero_point)

    def c_forward(self, n: Int8Node, a: CallArguments) -> str:
        """tf_requantize_s8."""
        return f"tf_requantize_s8(&n{n.index}_rescale, {a.count}, {a.x[0]}, {a.y})"
