"""Torch's operators that move no data in memory, or none that anybody sees: another index of the same tensor."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from tinyfl.compiler.frontends.torch_arguments import Scores, Value, argument, where
from tinyfl.compiler.frontends.torch_builder import Builder, channels_first
from tinyfl.compiler.frontends.torch_convolution import shortened
from tinyfl.errors import ModelError


class Views(Builder):
    """Handlers of views, by the names that ``torch.export`` gives them.

    torch itself computes what the operator does to the index.
    """

    def _view(self, fx: Any) -> Any:
        import torch

        x = self._operand(fx, lazy=True)
        index = torch.from_numpy(np.ascontiguousarray(x.index))
        result = fx.target(index, *fx.args[1:], **fx.kwargs)
        if isinstance(result, tuple | list):
            return tuple(replace(x, index=r.numpy()) for r in result)
        return replace(x, index=result.numpy())

    _reshape = _unsafe_view = _transpose = _permute = _t = _mT = _movedim = _swapaxes = _view
    _select = _narrow = _unsqueeze = _squeeze = _expand = _contiguous = _flatten = _unflatten = _view
    _split = _split_with_sizes = _chunk = _unbind = _view

    def _alias(self, fx: Any) -> Any:
        value = self._value(fx.args[0])
        return value if isinstance(value, Scores) else self._operand(fx, padded=True, lazy=True)

    _clone = _detach = _lift_fresh_copy = _to = _alias

    def _dropout(self, fx: Any) -> Any:
        if argument(fx, 2, False):
            raise ModelError(f"{where(fx)}: dropout that stays on in eval mode is not supported")
        return self._alias(fx)

    _feature_dropout = _dropout

    def _getitem(self, fx: Any) -> Any:
        parts = self._value(fx.args[0])
        if not isinstance(parts, tuple):
            raise ModelError(f"{where(fx)}: only the results of an operator that has several can be chosen from")
        return parts[fx.args[1]]

    def _slice(self, fx: Any) -> Value:
        """A part; of the end cut off what a convolution gives, the convolution does not compute it."""
        x = self._operand(fx, lazy=True)
        part: Value = self._view(fx)
        node = next((n for n in self.nodes if n.output == x.tensor), None)
        end = part.index.shape[-1]
        convolved = node is not None and node.op in ("conv", "depthwise", "pointwise") and x.shape[0] == 1
        of_time = x.index.ndim == 3 and np.array_equal(x.index, channels_first(x.shape, 3))
        if not convolved or not of_time or part.index.size == x.index.size or not _read_once(fx, x.tensor):
            return part
        if not np.array_equal(part.index, x.index[:, :, :end]):
            return part
        assert node is not None
        self.nodes[self.nodes.index(node)] = shortened(fx, node, end)
        self.shapes[x.tensor] = shape = (1, end, x.shape[2])
        return replace(x, shape=shape, index=channels_first(shape, 3))


def _read_once(fx: Any, tensor: str) -> bool:
    """Whether what a slice cuts is read by nothing else, back to the operator that computed the tensor."""
    while fx.name != tensor:
        fx = fx.args[0]
        if len(fx.users) != 1:
            return False
    return True
