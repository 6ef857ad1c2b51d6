"""Torch's pooling operators."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tinyfl.compiler.frontends.torch_arguments import Value, argument, in_order, pair, where
from tinyfl.compiler.frontends.torch_builder import channels_first
from tinyfl.compiler.frontends.torch_layers import Layers
from tinyfl.errors import ModelError
from tinyfl.types import Window


class Pooling(Layers):
    """Handlers of average, maximum and global pooling, by the names that ``torch.export`` gives them."""

    def _avg_pool1d(self, fx: Any) -> Value:
        return self._pool(fx, "avg_pool", one_d=True)

    def _avg_pool2d(self, fx: Any) -> Value:
        return self._pool(fx, "avg_pool", one_d=False)

    def _max_pool1d(self, fx: Any) -> Value:
        return self._pool(fx, "max_pool", one_d=True)

    def _max_pool2d(self, fx: Any) -> Value:
        return self._pool(fx, "max_pool", one_d=False)

    def _pool(self, fx: Any, op: str, one_d: bool) -> Value:
        x = self._operand(fx)
        kernel = pair(fx.args[1], one_d, 1)
        stride = pair(argument(fx, 2, None) or fx.args[1], one_d, 1)
        padding = pair(argument(fx, 3, 0), one_d, 0)
        ceil_mode, extra = argument(fx, 4, False), argument(fx, 5, op == "avg_pool")
        if op == "max_pool":
            if any(d != 1 for d in pair(argument(fx, 4, 1), one_d, 1)):
                raise ModelError(f"{where(fx)}: dilated pooling is not supported; use dilation 1")
            ceil_mode = argument(fx, 5, False)
        elif any(padding) and not extra:
            raise ModelError(f"{where(fx)}: use count_include_pad=True or no padding")
        if op == "avg_pool" and argument(fx, 6, None):
            raise ModelError(f"{where(fx)}: divisor_override is not supported; leave it out")
        if ceil_mode:
            raise ModelError(f"{where(fx)}: ceil_mode is not supported; use ceil_mode=False")
        h, w, c = self._image(fx, x, 3 if one_d else 4)
        oh, ow = ((d + 2 * p - k) // s + 1 for d, p, k, s in zip((h, w), padding, kernel, stride, strict=True))
        win = Window(h, w, c, oh, ow, c, *kernel, *stride, *padding)
        return self._emit(fx, op, [x], win.out_shape, channels_first(win.out_shape, 3 if one_d else 4), window=win)

    def _adaptive_avg_pool1d(self, fx: Any) -> Value:
        return self._global_pool(fx, fx.args[1])

    def _adaptive_avg_pool2d(self, fx: Any) -> Value:
        return self._global_pool(fx, fx.args[1])

    def _mean(self, fx: Any) -> Value:
        x = self._operand(fx)
        rank = x.index.ndim
        axes = sorted(int(d) % rank for d in (fx.args[1] or range(rank)))
        return self._average(fx, x, axes, bool(argument(fx, 2, False)))

    def _global_pool(self, fx: Any, size: Any) -> Value:
        x = self._operand(fx)
        if any(int(s) != 1 for s in (size if isinstance(size, list | tuple) else [size])):
            raise ModelError(f"{where(fx)}: adaptive pooling to {size} is not supported; only to 1")
        return self._average(fx, x, list(range(2, x.index.ndim)), keep=True)

    def _average(self, fx: Any, x: Value, axes: list[int], keep: bool) -> Value:
        """The mean over torch's ``axes``, which must be all pixels of each channel."""
        rest = [d for d in range(x.index.ndim) if d not in axes]
        pixels = np.transpose(x.index, (*axes, *rest)).reshape(-1, math.prod(x.index.shape[d] for d in rest))
        if not axes or not in_order(pixels):
            raise ModelError(f"{where(fx)}: mean over axes {axes}; only over the whole image")
        h, w = x.shape[:2] if len(pixels) == x.shape[0] * x.shape[1] else (1, len(pixels))
        c = pixels.shape[1]
        index = np.arange(c).reshape([1 if d in axes else n for d, n in enumerate(x.index.shape) if keep or d in rest])
        return self._emit(fx, "avg_pool", [x], (1, 1, c), index, window=Window(h, w, c, 1, 1, c, h, w))
