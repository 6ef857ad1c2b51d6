"""What an operator of an exported program is given: values, arguments, and the module that it comes from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from tinyfl.types import IntArray, Shape


@dataclass
class Value:
    """What an fx value is in the graph: a tensor by name, its shape, and whether it was flattened from (H, W, C).

    ``pad`` are zeros around it (top, bottom, left, right) that only exist for the convolution that reads it.
    """

    tensor: str
    shape: Shape
    image: Shape | None = None
    pad: tuple[int, int, int, int] = (0, 0, 0, 0)

    @property
    def order(self) -> IntArray | None:
        """Where each element stands in torch's (C, H, W) order; None where both orders are the same."""
        if self.image is None:
            return None
        h, w, c = self.image
        if h * w == 1 or c == 1:
            return None
        return np.arange(h * w * c).reshape(c, h, w).transpose(1, 2, 0).ravel()


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


def of_module(fx: Any) -> str:
    """The kind of torch module a node comes from: an LSTM's first operator does not tell what it is."""
    kinds = [str(entry[1]).rsplit(".", 1)[-1] for entry in (fx.meta.get("nn_module_stack") or {}).values()]
    return f" (of {kinds[-1]})" if len(kinds) > 1 else ""
