"""A block of a tensor: some pixels, one after the other, and of each some neighbouring channels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from tinyfl.compiler.c_text import struct
from tinyfl.ops.one_step import NotCausal, OneStep, pixels
from tinyfl.ops.operator import CallArguments, Operator, Parameters
from tinyfl.types import FloatArray, GradConstants, Int8Node, IntArray, Node, Numbers, Shape


class Crop(Operator):
    """``coefficients`` are the first pixel, the number of pixels, the first channel, the number of channels."""

    keeps_quantisation = True

    def float_output(self, node: Node, xs: Sequence[FloatArray]) -> FloatArray:
        """The block."""
        return _block(node, xs[0])

    def output(self, n: Int8Node, p: Parameters, xs: Sequence[IntArray]) -> IntArray:
        """Section 10.1."""
        return _block(n, xs[0])

    def input_sum(
        self, n: Int8Node, g: GradConstants, p: Parameters, operand: int, grad_y: IntArray, xs: Sequence[IntArray]
    ) -> IntArray:
        """Section 10.1: v = G_y in the block, 0 elsewhere."""
        return _spread(n, grad_y, xs[0])

    def real_input_grad(
        self, n: Int8Node, p: Parameters, operand: int, grad_y: FloatArray, xs: Sequence[IntArray]
    ) -> FloatArray:
        """The gradient in the block, 0 elsewhere."""
        return _spread(n, grad_y, xs[0])

    def c_constants(self, n: Int8Node, shapes: Mapping[str, Shape]) -> str:
        """tf_crop."""
        return self._struct(n, "crop", pixels(shapes[n.inputs[0]]), shapes[n.inputs[0]][2])

    def c_step_constants(self, n: Int8Node, shapes: Mapping[str, Shape]) -> str:
        """That of one step."""
        return self._struct(n, "crop_step", 1, shapes[n.inputs[0]][2])

    def _struct(self, n: Int8Node, name: str, in_pixels: int, in_channels: int) -> str:
        first, count, channel, channels = (int(v) for v in n.coefficients)
        members = {"first": first, "pixels": count, "first_channel": channel, "channels": channels}
        return struct("tf_crop", f"n{n.index}_{name}", in_pixels=in_pixels, in_channels=in_channels, **members)

    def one_step(self, n: Int8Node, shapes: Mapping[str, Shape], steps: int) -> OneStep:
        """The step itself, where the block is the last one or begins with the first."""
        first, count, channel, channels = (int(v) for v in n.coefficients)
        if count == 1 and first != steps - 1 and pixels(shapes[n.inputs[0]]) > 1:
            raise NotCausal(f"it keeps step {first} alone; only the last one is the same at every length")
        if count > 1 and first:
            raise NotCausal(f"it leaves out the first {first} steps")
        return OneStep(replace(n, coefficients=(0, 1, channel, channels)))

    def c_forward(self, n: Int8Node, a: CallArguments) -> str:
        """tf_crop_s8."""
        return f"tf_crop_s8(&n{n.index}_crop{a.of_step}, {a.x[0]}, {a.y})"

    def c_input_grad(self, n: Int8Node, a: CallArguments, operand: int) -> str:
        """tf_crop_input_grad."""
        return f"tf_crop_input_grad(&n{n.index}_crop, &n{n.index}_finish0, {a.grad_y}, {a.grad_x})"


def _block(n: Node | Int8Node, x: Numbers) -> Numbers:
    return _view(n, x).reshape(len(x), 1, int(n.coefficients[1]), int(n.coefficients[3]))


def _view(n: Node | Int8Node, x: Numbers) -> Numbers:
    first, pixels, channel, channels = (int(v) for v in n.coefficients)
    rows: Numbers = x.reshape(len(x), -1, x.shape[-1])
    return rows[:, first : first + pixels, channel : channel + channels]


def _spread(n: Int8Node, grad_y: Numbers, x: IntArray) -> Numbers:
    grad: Numbers = np.zeros(x.shape, grad_y.dtype)
    _view(n, grad)[...] = grad_y.reshape(len(grad_y), int(n.coefficients[1]), int(n.coefficients[3]))
    return grad
