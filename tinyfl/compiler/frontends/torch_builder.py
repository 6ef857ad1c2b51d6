"""The graph that an import of an exported program grows, and how its operators' operands are found."""

from __future__ import annotations

from typing import Any

from tinyfl.compiler.frontends.torch_arguments import Value, path
from tinyfl.errors import ModelError
from tinyfl.ops.table import FUNCTIONS
from tinyfl.types import FloatArray, Node, Shape

_KEEP_ORDER = ("activation", "add", "sub", "mul", *FUNCTIONS)


class Builder:
    """Nodes and shapes so far, and what each value of the exported program is in them."""

    def __init__(self, example_shape: tuple[int, ...]) -> None:
        self.values: dict[str, Any] = {}
        self.nodes: list[Node] = []
        self.shapes: dict[str, Shape] = {}
        self.example_shape = example_shape

    def _operand(self, fx: Any, index: int = 0, padded: bool = False) -> Value:
        return self._tensor(fx, fx.args[index], index, padded)

    def _tensor(self, fx: Any, argument: Any, index: int, padded: bool = False) -> Value:
        value = self.values.get(getattr(argument, "name", ""))
        if not isinstance(value, Value):
            raise ModelError(f"node {path(fx)} ({fx.name}): operand {index} is a constant; only tensors are supported")
        if any(value.pad) and not padded:
            raise ModelError(f"node {path(fx)} ({fx.name}): only a convolution can read a padded tensor; pad for it")
        return value

    def _array(self, fx: Any, index: int) -> FloatArray | None:
        if len(fx.args) <= index or fx.args[index] is None:
            return None
        out: FloatArray = self.values[fx.args[index].name]
        return out

    def _emit(self, fx: Any, op: str, inputs: list[Value], shape: Shape, **fields: Any) -> Value:
        self.shapes[fx.name] = shape
        self.nodes.append(Node(path(fx), op, tuple(v.tensor for v in inputs), fx.name, **fields))
        return Value(fx.name, shape, inputs[0].image if op in _KEEP_ORDER else None)
