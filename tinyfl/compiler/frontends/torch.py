"""Import of a torch module by ``torch.export``: layers become nodes, batch norms and activations are folded in.

torch is imported only here and in training code; a compiled bundle needs it no more.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from tinyfl.compiler.fold import finish
from tinyfl.compiler.frontends.torch_arguments import Value, argument, of_module, path
from tinyfl.compiler.frontends.torch_convolution import convolution_window, dilated, shortened
from tinyfl.compiler.frontends.torch_pooling import Pooling
from tinyfl.errors import ModelError
from tinyfl.types import Graph, Shape, Window

if TYPE_CHECKING:
    import torch

_SUPPORTED = (
    "conv1d, conv2d, linear, batch_norm (eval), relu, relu6, hardtanh, sigmoid, tanh, hardsigmoid, hardswish, silu, "
    "gelu, add, sub, mul, cat of channels, avg_pool, adaptive_avg_pool to 1, max_pool, mean over the image, flatten, "
    "dropout (eval), and zeros before or an end cut off behind a convolution"
)
_HARDTANH = {(0.0, 6.0): "relu6", (-1.0, 1.0): "relu_n1_to_1"}


def import_torch(module: torch.nn.Module, example: torch.Tensor) -> Graph:
    """Graph of a classifier in eval mode; ``example`` is one input [1, C, L] or [1, C, H, W].

    Raises ModelError naming the node and its operator if something is not supported.
    """
    import torch

    module = module.eval()
    try:
        exported = torch.export.export(module, (example,))
    except Exception as error:  # torch.export raises many kinds; all mean the same to the user
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise ModelError(f"torch.export cannot trace {type(module).__name__}: {reason}") from error
    return import_exported(exported, tuple(example.shape))


def import_exported(exported: Any, example_shape: tuple[int, ...]) -> Graph:
    """Graph of a ``torch.export.ExportedProgram`` that was traced with one input of ``example_shape``."""
    return _Importer(exported, example_shape).run()


def _read_once(fx: Any, tensor: str) -> bool:
    """Whether what a slice cuts is read by nothing else, back to the operator that computed the tensor."""
    while fx.name != tensor:
        fx = fx.args[0]
        if len(fx.users) != 1:
            return False
    return True


class _Importer(Pooling):
    """One import: walks the exported program once."""

    def __init__(self, exported: Any, example_shape: tuple[int, ...]) -> None:
        super().__init__(example_shape)
        self.exported = exported

    def run(self) -> Graph:
        """Import, fold, and mark the classifier."""
        signature = self.exported.graph_signature
        arrays = {**self.exported.state_dict, **self.exported.constants}
        parameters = {**signature.inputs_to_parameters, **signature.inputs_to_buffers}
        output = input_name = ""
        for fx in self.exported.graph.nodes:
            if fx.op == "placeholder":
                if fx.name in parameters:
                    self.values[fx.name] = arrays[parameters[fx.name]].detach().double().numpy()
                else:
                    input_name = fx.name
                    self.values[fx.name] = Value(fx.name, self._input_shape(fx.name))
            elif fx.op == "call_function":
                self._call(fx)
            elif fx.op == "output":
                results = fx.args[0]
                if len(results) != 1:
                    raise ModelError(f"the network returns {len(results)} values; return the class scores alone")
                output = self.values[results[0].name].tensor
        return finish(self.nodes, self.shapes, input_name, output)

    def _input_shape(self, name: str) -> Shape:
        s = self.example_shape
        if len(s) == 3:
            shape = (1, s[2], s[1])
        elif len(s) == 4:
            shape = (s[2], s[3], s[1])
        else:
            raise ModelError(f"input of shape {s}: pass one sample as [1, C, L] or [1, C, H, W]")
        self.shapes[name] = shape
        return shape

    def _call(self, fx: Any) -> None:
        op = str(fx.target).removeprefix("aten.").split(".")[0]
        handler = getattr(self, f"_{op.strip('_')}", None)
        if handler is None:
            raise ModelError(
                f"node {path(fx)} ({fx.name}): operator {op}{of_module(fx)} is not supported; "
                f"supported are {_SUPPORTED}"
            )
        self.values[fx.name] = handler(fx)

    # ---- layers ----

    def _conv1d(self, fx: Any) -> Value:
        return self._convolution(fx, one_d=True)

    def _conv2d(self, fx: Any) -> Value:
        return self._convolution(fx, one_d=False)

    def _convolution(self, fx: Any, one_d: bool) -> Value:
        x = self._operand(fx, padded=True)
        weight = self._array(fx, 1)
        assert weight is not None
        if one_d:
            weight = weight[:, :, None, :]
        groups = int(argument(fx, 6, 1))
        win, dilation = convolution_window(fx, x, weight.shape, groups, one_d)
        shape = win.out_shape
        if dilation != (1, 1):
            win, weight = dilated(fx, win, weight, dilation)
        out_c, _, kh, kw = weight.shape
        bias = self._array(fx, 2)
        bias = np.zeros(out_c) if bias is None else bias
        if groups == win.in_c == out_c and groups > 1:
            return self._emit(
                fx, "depthwise", [x], shape, window=win, weight=weight[:, 0].transpose(1, 2, 0), bias=bias
            )
        same_size = win.in_shape[:2] == win.out_shape[:2]
        plain = (kh, kw, win.stride_h, win.stride_w, groups) == (1, 1, 1, 1, 1) and same_size
        op = "pointwise" if plain else "conv"
        return self._emit(fx, op, [x], shape, window=win, weight=weight.transpose(0, 2, 3, 1), bias=bias)

    def _linear(self, fx: Any) -> Value:
        x = self._operand(fx)
        weight = self._array(fx, 1)
        assert weight is not None
        out_c = weight.shape[0]
        if x.shape[:2] != (1, 1):
            raise ModelError(f"node {path(fx)} ({fx.name}): linear over an image is not supported; flatten it first")
        if x.order is not None:
            weight = weight[:, x.order]
        bias = self._array(fx, 2)
        win = Window(1, 1, weight.shape[1], 1, 1, out_c)
        return self._emit(
            fx,
            "pointwise",
            [x],
            win.out_shape,
            window=win,
            weight=weight[:, None, None, :],
            bias=np.zeros(out_c) if bias is None else bias,
        )

    def _batch_norm(self, fx: Any) -> Value:
        x = self._operand(fx)
        gamma, beta, mean, var = (self._array(fx, i) for i in (1, 2, 3, 4))
        if mean is None or var is None or fx.args[5]:
            raise ModelError(f"node {path(fx)} ({fx.name}): batch norm without running statistics; call eval() first")
        epsilon = float(fx.args[7])
        scale = (np.ones_like(mean) if gamma is None else gamma) / np.sqrt(var + epsilon)
        shift = (np.zeros_like(mean) if beta is None else beta) - mean * scale
        if x.order is not None:
            scale, shift = scale[x.order], shift[x.order]
        h, w, c = x.shape
        win = Window(h, w, c, h, w, c, groups=c)
        y = self._emit(fx, "depthwise", [x], x.shape, window=win, weight=scale[None, None, :], bias=shift)
        return replace(y, image=x.image)

    # ---- activations and shapes ----

    def _relu(self, fx: Any) -> Value:
        x = self._operand(fx)
        return self._emit(fx, "activation", [x], x.shape, activation="relu")

    def _relu6(self, fx: Any) -> Value:
        x = self._operand(fx)
        return self._emit(fx, "activation", [x], x.shape, activation="relu6")

    def _hardtanh(self, fx: Any) -> Value:
        bounds = (float(argument(fx, 1, -1.0)), float(argument(fx, 2, 1.0)))
        if bounds not in _HARDTANH:
            raise ModelError(
                f"node {path(fx)} ({fx.name}): hardtanh{bounds} is not supported; use relu6 or hardtanh from -1 to 1"
            )
        x = self._operand(fx)
        return self._emit(fx, "activation", [x], x.shape, activation=_HARDTANH[bounds])

    def _sigmoid(self, fx: Any) -> Value:
        return self._function(fx, "logistic")

    def _tanh(self, fx: Any) -> Value:
        return self._function(fx, "tanh")

    def _hardsigmoid(self, fx: Any) -> Value:
        return self._function(fx, "hard_sigmoid")

    def _hardswish(self, fx: Any) -> Value:
        return self._function(fx, "hard_swish")

    def _silu(self, fx: Any) -> Value:
        return self._function(fx, "silu")

    def _gelu(self, fx: Any) -> Value:
        return self._function(fx, "gelu_tanh" if fx.kwargs.get("approximate", "none") == "tanh" else "gelu")

    def _function(self, fx: Any, op: str) -> Value:
        x = self._operand(fx)
        return self._emit(fx, op, [x], x.shape)

    def _dropout(self, fx: Any) -> Value:
        if argument(fx, 2, False):
            raise ModelError(f"node {path(fx)} ({fx.name}): dropout that stays on in eval mode is not supported")
        return self._operand(fx)

    _feature_dropout = _dropout

    def _pad(self, fx: Any) -> Value:
        x = self._operand(fx, padded=True)
        amounts, mode, value = [int(a) for a in fx.args[1]], argument(fx, 2, "constant"), argument(fx, 3, None)
        axes = len(self.example_shape) - 2 if x.image is None else 0
        if mode != "constant" or value or min(amounts) < 0 or len(amounts) > 2 * axes:
            raise ModelError(f"node {path(fx)} ({fx.name}): pad of {amounts} ({mode}); only with zeros, at the ends")
        left, right, top, bottom = (*amounts, 0, 0, 0, 0)[:4]
        t, b, le, r = x.pad
        return replace(x, pad=(t + top, b + bottom, le + left, r + right))

    def _slice(self, fx: Any) -> Value:
        """The whole, or the end cut off what a convolution gives: then the convolution does not compute it."""
        x = self._operand(fx)
        dim, start, end = (int(argument(fx, i, d) or 0) for i, d in ((1, 0), (2, 0), (3, 1 << 62)))
        sizes = (1, x.shape[2], *x.shape[:2][-len(self.example_shape) + 2 :]) if x.image is None else (1, x.shape[2])
        dim %= len(sizes)
        length = sizes[dim]
        end = min(end + length if end < 0 else end, length)
        if (start, end, argument(fx, 4, 1)) == (0, length, 1):
            return x
        node = next((n for n in self.nodes if n.output == x.tensor), None)
        fits = node is not None and node.op in ("conv", "depthwise", "pointwise") and dim == 2 and len(sizes) == 3
        if not fits or start or argument(fx, 4, 1) != 1 or not _read_once(fx, x.tensor):
            raise ModelError(f"node {path(fx)} ({fx.name}): a slice is supported only to cut the end off a conv1d")
        assert node is not None
        self.nodes[self.nodes.index(node)] = shortened(fx, node, end)
        self.shapes[x.tensor] = (1, end, x.shape[2])
        return replace(x, shape=(1, end, x.shape[2]))

    def _alias(self, fx: Any) -> Value:
        return self._operand(fx)

    def _flatten(self, fx: Any) -> Value:
        x = self._operand(fx)
        h, w, c = x.shape
        rank = len(self.example_shape) if x.image is None else 2
        if int(argument(fx, 1, 0)) != 1 or int(argument(fx, 2, -1)) not in (-1, rank - 1):
            raise ModelError(f"node {path(fx)} ({fx.name}): flatten everything after the sample axis (start_dim=1)")
        return Value(x.tensor, (1, 1, h * w * c), x.image or x.shape)

    def _view(self, fx: Any) -> Value:
        x = self._operand(fx)
        size = math.prod(x.shape)
        target = [int(d) for d in fx.args[1]]
        if len(target) != 2 or target[1] not in (-1, size):
            raise ModelError(f"node {path(fx)} ({fx.name}): reshape to {target} is not supported; only to [N, {size}]")
        return Value(x.tensor, (1, 1, size), x.image or x.shape)

    _reshape = _view

    def _squeeze(self, fx: Any) -> Value:
        x = self._operand(fx)
        if x.shape[:2] != (1, 1):
            raise ModelError(f"node {path(fx)} ({fx.name}): squeeze of an image is not supported; pool it first")
        return Value(x.tensor, x.shape, x.image or x.shape)

    def _add(self, fx: Any) -> Value:
        return self._pair_of(fx, "add")

    def _sub(self, fx: Any) -> Value:
        return self._pair_of(fx, "sub")

    def _mul(self, fx: Any) -> Value:
        a, b = self._operand(fx, 0), self._operand(fx, 1)
        for x, gate in ((a, b), (b, a)):
            if x.shape != gate.shape and gate.shape in ((1, 1, x.shape[2]), (1, 1, 1)) and x.order is None:
                return self._emit(fx, "mul_channels", [x, gate], x.shape)
        return self._pair_of(fx, "mul")

    def _pair_of(self, fx: Any, op: str) -> Value:
        """An element-wise operator of two tensors in the same order."""
        a, b = self._operand(fx, 0), self._operand(fx, 1)
        if a.shape != b.shape or fx.kwargs.get("alpha", 1) != 1:
            raise ModelError(
                f"node {path(fx)} ({fx.name}): {op} of shapes {a.shape} and {b.shape}; shapes must be equal"
            )
        if not np.array_equal(a.order, b.order):  # type: ignore[arg-type]
            raise ModelError(
                f"node {path(fx)} ({fx.name}): {op} of a flattened image and a vector; do it before flattening"
            )
        return self._emit(fx, op, [a, b], a.shape)

    def _cat(self, fx: Any) -> Value:
        xs = [self._tensor(fx, x, i) for i, x in enumerate(fx.args[0])]
        rank = 2 if xs[0].image is not None else len(self.example_shape)
        if int(argument(fx, 1, 0)) % rank != 1 or len({x.shape[:2] for x in xs}) != 1:
            raise ModelError(f"node {path(fx)} ({fx.name}): cat of {[x.shape for x in xs]}; only of channels (dim=1)")
        if any(x.order is not None for x in xs):
            raise ModelError(f"node {path(fx)} ({fx.name}): cat of a flattened image; do it before flattening")
        if len(xs) == 1:
            return xs[0]
        shape = (*xs[0].shape[:2], sum(x.shape[2] for x in xs))
        flat = (1, 1, shape[2]) if xs[0].image is not None else None
        return replace(self._emit(fx, "concat", xs, shape), image=flat)
