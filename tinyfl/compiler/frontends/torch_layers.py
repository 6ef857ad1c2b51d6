"""Torch's layers with parameters: convolutions, linear layers, norms, embeddings."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinyfl.compiler.frontends.torch_arguments import Value, argument, where
from tinyfl.compiler.frontends.torch_builder import Builder, channels_first
from tinyfl.compiler.frontends.torch_convolution import convolution_window, dilated
from tinyfl.errors import ModelError
from tinyfl.types import FloatArray, IntArray, Window


class Layers(Builder):
    """Handlers by the names that ``torch.export`` gives them."""

    def _conv1d(self, fx: Any) -> Value:
        return self._convolution(fx, one_d=True)

    def _conv2d(self, fx: Any) -> Value:
        return self._convolution(fx, one_d=False)

    def _convolution(self, fx: Any, one_d: bool) -> Value:
        x = self._operand(fx, padded=True)
        shape = self._image(fx, x, 3 if one_d else 4)
        weight = self._array(fx, 1)
        assert weight is not None
        if one_d:
            weight = weight[:, :, None, :]
        groups = int(argument(fx, 6, 1))
        win, dilation = convolution_window(fx, shape, x.pad, weight.shape, groups, one_d)
        out = win.out_shape
        if dilation != (1, 1):
            win, weight = dilated(fx, win, weight, dilation)
        out_c, _, kh, kw = weight.shape
        bias = self._array(fx, 2)
        parameters = {"window": win, "bias": np.zeros(out_c) if bias is None else bias}
        index = channels_first(out, 3 if one_d else 4)
        if groups == win.in_c == out_c and groups > 1:
            parameters["weight"] = weight[:, 0].transpose(1, 2, 0)
            return self._emit(fx, "depthwise", [x], out, index, **parameters)
        same_size = win.in_shape[:2] == win.out_shape[:2]
        plain = (kh, kw, win.stride_h, win.stride_w, groups) == (1, 1, 1, 1, 1) and same_size
        parameters["weight"] = weight.transpose(0, 2, 3, 1)
        return self._emit(fx, "pointwise" if plain else "conv", [x], out, index, **parameters)

    def _image(self, fx: Any, x: Value, rank: int) -> tuple[int, int, int]:
        """The image (H, W, C) as which a convolution or pooling of [1, C, ...] sees a tensor."""
        if x.index.ndim != rank or x.index.shape[0] != 1:
            raise ModelError(f"{where(fx)}: it reads {list(x.index.shape)}; give one sample as [1, C, ...]")
        self._dense(fx, x, 1, "a convolution or pooling")
        _, c, *size = x.index.shape
        h, w = (1, size[0]) if rank == 3 else size
        return h, w, c

    def _linear(self, fx: Any) -> Value:
        x = self._operand(fx)
        weight = self._array(fx, 1)
        assert weight is not None
        rows = x.rows(-1)
        if len(rows) == 1:
            weight = weight[:, np.argsort(rows[0])]
        else:
            self._dense(fx, x, -1, "linear")
        shape = (*x.shape[:2], rows.shape[1]) if len(rows) == x.shape[0] * x.shape[1] else (1, *rows.shape)
        self._over_pixels(fx, fx.name, x, shape, weight, self._array(fx, 2))
        out = self.shapes[fx.name]
        return Value(fx.name, out, np.arange(out[0] * out[1] * out[2]).reshape(*x.index.shape[:-1], out[2]))

    def _batch_norm(self, fx: Any) -> Value:
        x = self._operand(fx)
        gamma, beta, mean, var = (self._array(fx, i) for i in (1, 2, 3, 4))
        if mean is None or var is None or fx.args[5]:
            raise ModelError(f"{where(fx)}: batch norm without running statistics; call eval() first")
        scale = (np.ones_like(mean) if gamma is None else gamma) / np.sqrt(var + float(fx.args[7]))
        shift = (np.zeros_like(mean) if beta is None else beta) - mean * scale
        rows = x.rows(1)
        if len(rows) == 1:  # a vector, whose elements may stand in another order in memory
            order = np.argsort(rows[0])
            scale, shift = scale[order], shift[order]
        else:
            self._dense(fx, x, 1, "batch norm")
        shape = (*x.shape[:2], rows.shape[1]) if len(rows) > 1 else (1, 1, rows.shape[1])
        return self._per_channel(fx, fx.name, x, shape, scale, shift)

    def _per_channel(
        self, fx: Any, tensor: str, x: Value, shape: tuple[int, int, int], scale: FloatArray, shift: FloatArray
    ) -> Value:
        """A scale and a shift of each channel of a tensor seen as ``shape``: a 1x1 depthwise layer."""
        h, w, c = shape
        win = Window(h, w, c, h, w, c, groups=c)
        self._add_node(fx, tensor, "depthwise", [x], x.shape, window=win, weight=scale[None, None, :], bias=shift)
        return Value(tensor, x.shape, x.index)

    def _layer_norm(self, fx: Any) -> Value:
        return self._normalised(fx, "layer_norm", self._array(fx, 3), float(argument(fx, 4, 1e-5)))

    def _rms_norm(self, fx: Any) -> Value:
        import torch

        epsilon = argument(fx, 3, None)
        smallest = torch.finfo(fx.meta["val"].dtype).eps
        return self._normalised(fx, "rms_norm", None, float(smallest if epsilon is None else epsilon))

    def _normalised(self, fx: Any, op: str, beta: FloatArray | None, epsilon: float) -> Value:
        """The norm without its scale and shift, which ``fold`` takes into the layers behind."""
        x = self._operand(fx)
        rows: IntArray = self._dense(fx, x, -1, op)
        if len(fx.args[1]) != 1 or rows.shape[1] != x.shape[2]:
            raise ModelError(f"{where(fx)}: {op} over {list(fx.args[1])}; only over the channels of each step")
        gamma = self._array(fx, 2)
        plain = self._emit(fx, op, [x], x.shape, x.index, coefficients=(epsilon,))
        if gamma is None and beta is None:
            return plain
        ones, zeros = np.ones(x.shape[2]), np.zeros(x.shape[2])
        scale, shift = ones if gamma is None else gamma, zeros if beta is None else beta
        return self._per_channel(fx, f"{fx.name}.affine", plain, x.shape, scale, shift)

    def _embedding(self, fx: Any) -> Any:
        weight = self._array(fx, 0)
        assert weight is not None
        x = self._operand(fx, 1)
        self._dense(fx, x, -1, "an embedding")
        shape = (1, x.index.size, weight.shape[1])
        index = np.arange(x.index.size * weight.shape[1]).reshape(*x.index.shape, weight.shape[1])
        kernel = weight[:, None, None, :]
        return self._emit(fx, "embedding", [x], shape, index, weight=kernel, bias=np.zeros(0))
