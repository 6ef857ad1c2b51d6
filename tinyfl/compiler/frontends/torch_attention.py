"""Attention, written out or by torch's own function, and products of two activations."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np

from tinyfl.compiler.frontends.torch_arguments import Scores, Value, argument, in_order, where
from tinyfl.compiler.frontends.torch_elementwise import Elementwise
from tinyfl.errors import ModelError
from tinyfl.types import FloatArray, IntArray

_MASKED = -1e4  # a score that low has no weight


class Attention(Elementwise):
    """Handlers by the names that ``torch.export`` gives them.

    softmax(a q k^T) v becomes one node; a product that turns out to be nothing of that kind becomes a matmul.
    """

    def _scaled_dot_product_attention(self, fx: Any) -> Value:
        q, k, v = (self._operand(fx, i, lazy=True) for i in range(3))
        if float(argument(fx, 4, 0.0)) != 0:
            raise ModelError(f"{where(fx)}: dropout within attention is not supported; set it to 0")
        causal = bool(argument(fx, 5, fx.kwargs.get("is_causal", False)))
        mask = argument(fx, 3, fx.kwargs.get("attn_mask"))
        given = fx.kwargs.get("scale")
        scores = Scores(q, _transposed(k), 1 / math.sqrt(q.index.shape[-1]) if given is None else float(given), causal)
        if mask is not None:
            values = self._constant(fx, mask, 3)
            is_bool = "bool" in str(self._value(mask).dtype)
            scores = self._masked(fx, scores, np.where(values, 0.0, -np.inf) if is_bool else values)
        return self._attend(fx, scores, v)

    def _matmul(self, fx: Any) -> Any:
        a, b = self._value(fx.args[0]), self._value(fx.args[1])
        if isinstance(a, Scores) and a.normalised:
            return self._attend(fx, a, self._operand(fx, 1, lazy=True))
        if self._is_constant(fx.args[1]) and b is not None:
            raise ModelError(f"{where(fx)}: a matmul with a constant is not supported; use nn.Linear")
        return Scores(self._operand(fx, 0, lazy=True), self._operand(fx, 1, lazy=True))

    _bmm = _matmul

    def _baddbmm(self, fx: Any) -> Any:
        scores = Scores(self._operand(fx, 1, lazy=True), self._operand(fx, 2, lazy=True))
        return self._masked(fx, scores, self._constant(fx, fx.args[0], 0))

    def _masked_fill(self, fx: Any) -> Scores:
        scores = self._value(fx.args[0])
        if not isinstance(scores, Scores) or float(fx.args[2]) > _MASKED:
            raise ModelError(f"{where(fx)}: masked_fill is supported only to mask attention scores with -inf")
        return self._masked(fx, scores, np.where(self._constant(fx, fx.args[1], 1), -np.inf, 0.0))

    def _masked(self, fx: Any, scores: Scores, mask: FloatArray) -> Scores:
        """Scores under an additive mask, which must be the causal one or nothing."""
        steps = scores.a.index.shape[-2]
        shape = (steps, scores.b.index.shape[-1])
        full = np.broadcast_to(mask, (*mask.shape[:-2], *shape) if mask.ndim >= 2 else shape).reshape(-1, *shape)
        later = np.triu(np.ones(shape, bool), 1)
        if (full == 0).all():
            return scores
        if (full[:, ~later] == 0).all() and (full[:, later] <= _MASKED).all():
            return replace(scores, causal=True)
        raise ModelError(f"{where(fx)}: only the causal mask is supported (0, and -inf for later steps)")

    def _softmax(self, fx: Any) -> Scores:
        scores = self._value(fx.args[0])
        if not isinstance(scores, Scores) or int(fx.args[1]) not in (-1, scores.a.index.ndim - 1):
            raise ModelError(
                f"{where(fx)}: softmax is supported only over the last axis of attention scores; the network's output "
                "are scores without it"
            )
        return replace(scores, normalised=True)

    _safe_softmax = _softmax

    def _attend(self, fx: Any, scores: Scores, v: Value) -> Value:
        """The attention node: one operand with the channels of q, k and v side by side."""
        q, k = scores.a, _transposed(scores.b)
        if len({x.index.shape for x in (q, k, v)}) != 1 or math.prod(q.index.shape[:-3]) != 1:
            shapes = ", ".join(str(list(x.index.shape)) for x in (q, k, v))
            raise ModelError(f"{where(fx)}: attention over {shapes}; queries, keys and values must have one shape")
        *_, heads, steps, size = (1, *q.index.shape)
        scale = scores.factor * q.factor * k.factor
        parts = [replace(x, factor=1.0) for x in (q, k)] + [v]
        channels = heads * size
        joint = self._joint(fx, parts, steps, channels)
        index = np.arange(steps * channels).reshape(steps, heads, size).transpose(1, 0, 2).reshape(q.index.shape)
        numbers = (float(heads), float(scores.causal), scale)
        return self._emit(fx, "attention", [joint], (1, steps, channels), index, coefficients=numbers)

    def _joint(self, fx: Any, parts: list[Value], steps: int, channels: int) -> Value:
        """q, k and v as one tensor (1, T, 3 C): theirs, if they are neighbours in one, else put together."""
        rows = [x.index.reshape(-1, steps, channels // _heads(x)).transpose(1, 0, 2).reshape(steps, -1) for x in parts]
        one = len({x.tensor for x in parts}) == 1 and all(x.factor == 1 for x in parts)
        shape = (1, steps, 3 * channels)
        if one and in_order(np.concatenate(rows, axis=1)) and math.prod(parts[0].shape) == math.prod(shape):
            return parts[0]
        whole = [self._complete(fx, replace(x, index=r)) for x, r in zip(parts, rows, strict=True)]
        for x in whole:
            self._dense(fx, x, -1, "attention")
        name = f"{fx.name}.joint"
        self._add_node(fx, name, "concat", whole, shape, name=name)
        return Value(name, shape, np.arange(math.prod(shape)))

    def _products(self, fx: Any, scores: Scores) -> Value:
        """The matmul of ``fx``, whose products turned out to be no attention scores; one for all that read it."""
        if fx.name in self.products:
            return self.products[fx.name]
        _check_products(fx, scores)
        a, b = (self._complete(fx, replace(x, factor=1.0)) for x in (scores.a, scores.b))
        exchanged = not in_order(a.index)
        if exchanged:  # (a b)^T = b^T a^T, whose operands may lie as the kernel reads them
            a, b = _transposed(b), _transposed(a)
        transposed = not in_order(b.index)
        if not in_order(a.index) or (transposed and not in_order(_transposed(b).index)):
            raise ModelError(
                f"{where(fx)}: matmul of operands that do not lie in memory so is not supported; of sequences "
                "[N, T, C] multiply a b or a b^T, not a^T b, and heads one by one (chunk, matmul, cat)"
            )
        *lead, m, k = a.index.shape
        batch, n = math.prod(lead), b.index.shape[-1]
        numbers = tuple(float(v) for v in (batch, m, k, n, transposed))
        index = np.arange(batch * m * n).reshape(*lead, m, n)
        y = self._emit(fx, "matmul", [a, b], (batch, m, n), index, coefficients=numbers)
        y = replace(_transposed(y) if exchanged else y, factor=scores.factor * scores.a.factor * scores.b.factor)
        self.products[fx.name] = y
        return y


def _check_products(fx: Any, scores: Scores) -> None:
    """Refuses products under a mask or a softmax, and those of other shapes than [..., M, K] and [..., K, N]."""
    if scores.normalised or scores.causal:
        raise ModelError(f"{where(fx)}: attention weights can only be multiplied with values")
    a, b = scores.a.index.shape, scores.b.index.shape
    if min(len(a), len(b)) < 3 or a[:-2] != b[:-2] or a[-1] != b[-2]:
        raise ModelError(
            f"{where(fx)}: matmul of shapes {list(a)} and {list(b)}; both must have the samples and all axes but the "
            "last two alike: unsqueeze vectors to matrices"
        )


def _heads(x: Value) -> int:
    return x.index.shape[-3] if x.index.ndim > 2 else 1


def _transposed(x: Value) -> Value:
    index: IntArray = np.swapaxes(x.index, -1, -2)
    return replace(x, index=index)
