"""Torch's pooling operators."""

from __future__ import annotations

from typing import Any

from tinyfl.compiler.frontends.torch_arguments import Value, argument, pair, path
from tinyfl.compiler.frontends.torch_builder import Builder
from tinyfl.errors import ModelError
from tinyfl.types import Window


class Pooling(Builder):
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
                raise ModelError(f"node {path(fx)} ({fx.name}): dilated pooling is not supported; use dilation 1")
            ceil_mode = argument(fx, 5, False)
        elif any(padding) and not extra:
            raise ModelError(f"node {path(fx)} ({fx.name}): use count_include_pad=True or no padding")
        if op == "avg_pool" and argument(fx, 6, None):
            raise ModelError(f"node {path(fx)} ({fx.name}): divisor_override is not supported; leave it out")
        if ceil_mode:
            raise ModelError(f"node {path(fx)} ({fx.name}): ceil_mode is not supported; use ceil_mode=False")
        h, w, c = x.shape
        oh, ow = ((d + 2 * p - k) // s + 1 for d, p, k, s in zip((h, w), padding, kernel, stride, strict=True))
        win = Window(h, w, c, oh, ow, c, *kernel, *stride, *padding)
        return self._emit(fx, op, [x], win.out_shape, window=win)

    def _adaptive_avg_pool1d(self, fx: Any) -> Value:
        return self._global_pool(fx, fx.args[1])

    def _adaptive_avg_pool2d(self, fx: Any) -> Value:
        return self._global_pool(fx, fx.args[1])

    def _mean(self, fx: Any) -> Value:
        x = self._operand(fx)
        rank = len(self.example_shape)
        axes = sorted(d % rank for d in (fx.args[1] or []))
        if axes != list(range(2, rank)):
            raise ModelError(f"node {path(fx)} ({fx.name}): mean over axes {axes}; only over the whole image")
        pooled = self._global_pool(fx, (1,))
        return pooled if argument(fx, 2, False) else Value(pooled.tensor, pooled.shape, (1, 1, x.shape[2]))

    def _global_pool(self, fx: Any, size: Any) -> Value:
        x = self._operand(fx)
        if any(int(s) != 1 for s in (size if isinstance(size, list | tuple) else [size])):
            raise ModelError(f"node {path(fx)} ({fx.name}): adaptive pooling to {size} is not supported; only to 1")
        h, w, c = x.shape
        win = Window(h, w, c, 1, 1, c, h, w)
        return self._emit(fx, "avg_pool", [x], win.out_shape, window=win)
