"""What an operator of an exported program is given: values, arguments, and the module that it comes from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tinyfl.types import IntArray, Shape


@dataclass(frozen=True)
class Value:
    """What an fx value is in the graph: a tensor (H, W, C) by name, and which of its elements stands where.

    ``index`` has torch's shape; its entries count the tensor's elements in memory. So a transposition, a view or a cut
    is nothing but another index of the same tensor. ``pad`` are zeros around it (top, bottom, left, right) that only
    exist for the convolution that reads it, ``factor`` a number that it still has to be multiplied by.
    """

    tensor: str
    shape: Shape
    index: IntArray
    pad: tuple[int, int, int, int] = (0, 0, 0, 0)
    factor: float = 1.0

    def rows(self, axis: int) -> IntArray:
        """The index as [pixels, channels], torch's ``axis`` being the channels."""
        return np.moveaxis(self.index, axis, -1).reshape(-1, self.index.shape[axis])

    @property
    def whole(self) -> bool:
        """Whether every element of the tensor is there, once."""
        h, w, c = self.shape
        return self.index.size == h * w * c and len(np.unique(self.index)) == self.index.size


@dataclass(frozen=True)
class Scores:
    """Products of the rows of two activations, [..., M, K] x [..., K, N], that may turn out to be attention scores."""

    a: Value
    b: Value
    factor: float = 1.0
    causal: bool = False
    normalised: bool = field(default=False)
    """whether a softmax over the last axis has been taken"""


def in_order(rows: IntArray) -> bool:
    """Whether an index counts up, element by element."""
    return bool((rows.ravel() == np.arange(rows.size)).all())


def argument(fx: Any, index: int, default: Any) -> Any:
    """An argument that may have been left out."""
    return fx.args[index] if len(fx.args) > index else default


def pair(value: Any, one_d: bool, first: int) -> tuple[int, int]:
    """(vertical, horizontal) of a torch size; a 1-D network has ``first`` as its vertical one."""
    items = [int(v) for v in value] if isinstance(value, list | tuple) else [int(value)]
    if one_d:
        return first, items[-1]
    return (items[0], items[0]) if len(items) == 1 else (items[0], items[1])


def path(fx: Any) -> str:
    """Path of the torch module a node comes from, else its own name."""
    stack = fx.meta.get("nn_module_stack") or {}
    path = [entry[0] for entry in stack.values()][-1:] or [""]
    return path[0].removeprefix("L['self'].").replace("getattr(L['self'], ", "") or str(fx.name)


def where(fx: Any) -> str:
    """How an error names an operator."""
    return f"node {path(fx)} ({fx.name})"


def of_module(fx: Any) -> str:
    """The kind of torch module a node comes from: an operator in it does not tell what it is."""
    kinds = [str(entry[1]).rsplit(".", 1)[-1] for entry in (fx.meta.get("nn_module_stack") or {}).values()]
    return f" (of {kinds[-1]})" if len(kinds) > 1 else ""
