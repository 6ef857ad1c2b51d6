"""Torch's element-wise operators, and the concatenation of channels."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from tinyfl.compiler.frontends.torch_arguments import Scores, Value, argument, where
from tinyfl.compiler.frontends.torch_builder import Builder
from tinyfl.errors import ModelError
from tinyfl.types import FloatArray

_HARDTANH = {(0.0, 6.0): "relu6", (-1.0, 1.0): "relu_n1_to_1"}


class Elementwise(Builder):
    """Handlers by the names that ``torch.export`` gives them."""

    def _relu(self, fx: Any) -> Value:
        return self._function(fx, "activation", activation="relu")

    def _relu6(self, fx: Any) -> Value:
        return self._function(fx, "activation", activation="relu6")

    def _hardtanh(self, fx: Any) -> Value:
        bounds = (float(argument(fx, 1, -1.0)), float(argument(fx, 2, 1.0)))
        if bounds not in _HARDTANH:
            raise ModelError(f"{where(fx)}: hardtanh{bounds} is not supported; use relu6 or hardtanh from -1 to 1")
        return self._function(fx, "activation", activation=_HARDTANH[bounds])

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

    def _function(self, fx: Any, op: str, **fields: Any) -> Value:
        x = self._operand(fx)
        return self._emit(fx, op, [x], x.shape, x.index, **fields)

    def _add(self, fx: Any) -> Any:
        for value, other in ((fx.args[0], fx.args[1]), (fx.args[1], fx.args[0])):
            if not self._is_constant(other) or self._is_constant(value):
                continue
            constant = self._number(fx, other) * fx.kwargs.get("alpha", 1)
            if isinstance(self._value(value), Scores) and constant.ndim:
                return self._masked(fx, self._value(value), constant)
            return self._plus(fx, self._tensor(fx, value, 0), constant)
        return self._pair_of(fx, "add")

    def _masked(self, fx: Any, scores: Scores, mask: FloatArray) -> Scores:
        raise NotImplementedError

    def _plus(self, fx: Any, x: Value, constant: FloatArray) -> Value:
        """A number, or what each step of a sequence has of its own (a positional embedding)."""
        if constant.size == 1:
            return self._emit(fx, "affine", [x], x.shape, x.index, coefficients=(1.0, float(constant)))
        weight = np.zeros(x.index.size)
        weight[x.index.ravel()] = np.broadcast_to(constant, x.index.shape).ravel()
        kernel = weight.reshape(-1, 1, 1, x.shape[2])
        return self._emit(fx, "positions", [x], x.shape, x.index, weight=kernel, bias=np.zeros(0))

    def _sub(self, fx: Any) -> Value:
        if self._is_constant(fx.args[1]):
            return self._plus(fx, self._operand(fx), -self._number(fx, fx.args[1]))
        return self._pair_of(fx, "sub")

    def _mul(self, fx: Any) -> Any:
        for value, other in ((fx.args[0], fx.args[1]), (fx.args[1], fx.args[0])):
            if self._is_constant(other) and not self._is_constant(value):
                return self._times(fx, value, self._number(fx, other))
        a, b = self._operand(fx, 0), self._operand(fx, 1)
        for x, gate in ((a, b), (b, a)):
            channels = x.index.shape[1] if x.index.ndim > 1 else 0
            gates = gate.index.size
            if x.shape != gate.shape and gate.shape in ((1, 1, x.shape[2]), (1, 1, 1)) and gates in (1, channels):
                self._dense(fx, x, 1, "a gate")
                return self._emit(fx, "mul_channels", [x, gate], x.shape, x.index)
        return self._pair_of(fx, "mul")

    def _div(self, fx: Any) -> Any:
        if not self._is_constant(fx.args[1]):
            raise ModelError(f"{where(fx)}: division by a tensor is not supported; only by a number")
        return self._times(fx, fx.args[0], 1 / self._number(fx, fx.args[1]))

    def _times(self, fx: Any, argument: Any, factor: FloatArray) -> Any:
        if factor.size != 1:
            raise ModelError(f"{where(fx)}: product with a constant tensor is not supported; only with a number")
        value = self._value(argument)
        if isinstance(value, Scores) and not value.normalised:
            return replace(value, factor=value.factor * float(factor))
        x = self._tensor(fx, argument, 0, lazy=True)
        return replace(x, factor=x.factor * float(factor))

    def _is_constant(self, argument: Any) -> bool:
        return not isinstance(self._value(argument), Value | Scores | tuple)

    def _number(self, fx: Any, argument: Any) -> FloatArray:
        if isinstance(argument, int | float):
            return np.array(float(argument))
        return self._constant(fx, argument, 1)

    def _pair_of(self, fx: Any, op: str) -> Value:
        """An element-wise operator of two tensors in the same order."""
        a, b = self._operand(fx, 0), self._operand(fx, 1)
        if a.index.shape != b.index.shape or fx.kwargs.get("alpha", 1) != 1:
            shapes = f"{list(a.index.shape)} and {list(b.index.shape)}"
            raise ModelError(f"{where(fx)}: {op} of shapes {shapes}; shapes must be equal")
        if not np.array_equal(a.index, b.index):
            raise ModelError(
                f"{where(fx)}: {op} of two tensors in different orders (a flattened image and a vector, or one "
                "transposed); do it before flattening"
            )
        return self._emit(fx, op, [a, b], a.shape, a.index)

    def _cat(self, fx: Any) -> Value:
        xs = [self._tensor(fx, x, i) for i, x in enumerate(fx.args[0])]
        dim = int(argument(fx, 1, 0)) % xs[0].index.ndim
        shapes = [list(x.index.shape) for x in xs]
        lead = {(*s[:dim], *s[dim + 1 :]) for s in shapes}
        if dim == 0 or len({x.shape[:2] for x in xs}) != 1 or len(lead) != 1:
            raise ModelError(f"{where(fx)}: cat of {shapes} along axis {dim}; only of channels")
        if any(x.shape[2] != x.index.shape[dim] for x in xs):
            raise ModelError(f"{where(fx)}: cat of a flattened image; do it before flattening")
        for x in xs:
            self._dense(fx, x, dim, "cat")
        if len(xs) == 1:
            return xs[0]
        h, w, _ = xs[0].shape
        channels = sum(x.shape[2] for x in xs)
        index = np.moveaxis(np.arange(h * w * channels).reshape(*lead.pop(), channels), -1, dim)
        return self._emit(fx, "concat", xs, (h, w, channels), index)
