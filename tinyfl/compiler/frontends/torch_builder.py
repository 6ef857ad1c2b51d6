"""The graph that an import of an exported program grows, and how its operators' operands are found."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinyfl.compiler.frontends.torch_arguments import Scores, Value, in_order, path, where
from tinyfl.errors import ModelError
from tinyfl.types import FloatArray, IntArray, Node, Shape, Window

ELSEWHERE = -1
"""Index of an element that is in no tensor of the graph"""


class Builder:
    """Nodes and shapes so far, and what each value of the exported program is in them.

    A value is a ``Value``, ``Scores``, a tuple of values, or, of a constant, a torch tensor.
    """

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}
        self.nodes: list[Node] = []
        self.shapes: dict[str, Shape] = {}
        self.products: dict[str, Value] = {}

    def _operand(self, fx: Any, index: int = 0, padded: bool = False, lazy: bool = False) -> Value:
        return self._tensor(fx, fx.args[index], index, padded, lazy)

    def _tensor(self, fx: Any, argument: Any, index: int, padded: bool = False, lazy: bool = False) -> Value:
        """An operand as a whole tensor; ``lazy``: perhaps a part of one, perhaps still to be multiplied."""
        value = self._value(argument)
        if isinstance(value, Scores):
            value = self._products(argument, value)
        if not isinstance(value, Value):
            raise ModelError(f"{where(fx)}: operand {index} is a constant; only tensors are supported")
        if any(value.pad) and not padded:
            raise ModelError(f"{where(fx)}: only a convolution can read a padded tensor; pad for it")
        return value if lazy else self._complete(fx, value)

    def _value(self, argument: Any) -> Any:
        return self.values.get(getattr(argument, "name", ""))

    def _products(self, fx: Any, scores: Scores) -> Value:
        raise NotImplementedError

    def _complete(self, fx: Any, x: Value) -> Value:
        """The same values as a tensor of their own, multiplied."""
        if x.index.size and x.index.min() == ELSEWHERE:
            raise ModelError(f"{where(fx)}: it reads the last state of a lower layer; use that of the last, h[-1]")
        if not x.whole:
            x = self._cut(fx, x)
        if x.factor != 1:
            name = f"{fx.name}.scaled{len(self.nodes)}"
            y = self._add_node(fx, name, "affine", [x], x.shape, name=name, coefficients=(x.factor, 0.0))
            x = Value(y, x.shape, x.index, x.pad)
        return x

    def _cut(self, fx: Any, x: Value) -> Value:
        """A block of a tensor: some of its pixels, one after the other, and of each the same channels in a row."""
        size = x.index.size
        flat = np.unique(x.index)
        channels = x.shape[2]
        first, last = flat[0], flat[-1]
        pixels = last // channels - first // channels + 1
        width = size // pixels if size % pixels == 0 else 0
        block = first + np.arange(pixels)[:, None] * channels + np.arange(width)
        if flat.size != size or width == 0 or not np.array_equal(block.ravel(), flat):
            raise ModelError(
                f"{where(fx)}: it reads a part of a tensor that is no block of neighbouring steps and channels; cut "
                "the end off a convolution, or whole steps, or whole channels"
            )
        shape = (1, int(pixels), int(width))
        at = tuple(float(v) for v in (first // channels, pixels, first % channels, width))
        name = f"{fx.name}.part{len(self.nodes)}"
        self._add_node(fx, name, "crop", [x], shape, name=name, coefficients=at)
        return Value(name, shape, np.searchsorted(flat, x.index), x.pad, x.factor)

    def _dense(self, fx: Any, x: Value, axis: int, what: str) -> IntArray:
        """The rows [pixels, channels] of a value, which must lie in memory so; torch's ``axis`` are its channels."""
        rows = x.rows(axis)
        if not in_order(rows):
            raise ModelError(f"{where(fx)}: {what} of a transposed tensor is not supported; transpose it back first")
        return rows

    def _array(self, fx: Any, index: int) -> FloatArray | None:
        if len(fx.args) <= index or fx.args[index] is None:
            return None
        return self._constant(fx, fx.args[index], index)

    def _constant(self, fx: Any, argument: Any, index: int) -> FloatArray:
        """A constant operand in double."""
        value = self._value(argument)
        if value is None or isinstance(value, Value | Scores | tuple):
            raise ModelError(f"{where(fx)}: operand {index} must be a constant, a parameter or a buffer")
        out: FloatArray = value.detach().double().numpy()
        return out

    def _add_node(self, fx: Any, tensor: str, op: str, inputs: list[Value], shape: Shape, **fields: Any) -> str:
        name = fields.pop("name", path(fx))
        self.shapes[tensor] = shape
        self.nodes.append(Node(name, op, tuple(v.tensor for v in inputs), tensor, **fields))
        return tensor

    def _emit(self, fx: Any, op: str, inputs: list[Value], shape: Shape, index: IntArray, **fields: Any) -> Value:
        """A node whose output is the value of ``fx``."""
        return Value(self._add_node(fx, fx.name, op, inputs, shape, **fields), shape, index)

    def _over_pixels(
        self, fx: Any, tensor: str, x: Value, shape: Shape, weight: FloatArray, bias: FloatArray | None, **fields: Any
    ) -> str:
        """A linear layer [out, in] over every pixel of a tensor seen as ``shape`` (H, W, in); returns its output."""
        h, w, c = shape
        out_c = len(weight)
        win = Window(h, w, c, h, w, out_c)
        kernel = weight[:, None, None, :]
        offset = np.zeros(out_c) if bias is None else bias
        out = win.out_shape
        return self._add_node(fx, tensor, "pointwise", [x], out, window=win, weight=kernel, bias=offset, **fields)


def channels_first(shape: Shape, rank: int) -> IntArray:
    """Index of a tensor (H, W, C) that torch sees as [1, C, L] or [1, C, H, W]."""
    h, w, c = shape
    index = np.arange(h * w * c).reshape(h, w, c).transpose(2, 0, 1)
    return index.reshape(1, c, h * w) if rank == 3 else index[None]
