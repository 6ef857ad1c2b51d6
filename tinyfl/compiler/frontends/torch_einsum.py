"""Einsum of two activations: its axes in the order of a matmul's, so that it is one, or attention."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from tinyfl.compiler.frontends.torch_arguments import Scores, Value, where
from tinyfl.compiler.frontends.torch_attention import Attention
from tinyfl.errors import ModelError


class Einsum(Attention):
    """The handler by the name that ``torch.export`` gives it."""

    def _einsum(self, fx: Any) -> Any:
        first, second, out = _letters(fx)
        batch = "".join(c for c in out if c in first and c in second)
        rows, columns = (_without(out, batch + other) for other in (second, first))
        depth = _without(first, out)
        value, other = fx.args[1]
        scores, b = self._value(value), self._tensor(fx, other, 1, lazy=True)
        size = dict(zip(second, b.index.shape, strict=True))
        b = _arranged(b, second, batch, (depth, columns))
        if isinstance(scores, Scores) and scores.normalised:
            if first != batch + rows + depth:
                raise ModelError(f"{where(fx)}: einsum of transposed attention weights is not supported; sum over keys")
            y = self._attend(fx, scores, b)
            size |= dict(zip(first, y.index.shape, strict=False))
        else:
            a = self._tensor(fx, value, 0, lazy=True)
            size |= dict(zip(first, a.index.shape, strict=True))
            scores = Scores(_arranged(a, first, batch, (rows, depth)), b)
            if out == batch + rows + columns and len(rows) == len(columns) == 1:
                return scores
            y = self._products(fx, scores)
        order = batch + rows + columns
        index = y.index.reshape([size[c] for c in order]).transpose([order.index(c) for c in out])
        return replace(y, index=index)


def _letters(fx: Any) -> tuple[str, str, str]:
    """Of both operands and the result: each once in an operand, and summed only over what both have."""
    equation = str(fx.args[0]).replace(" ", "")
    operands, _, out = equation.partition("->")
    first, _, second = operands.partition(",")
    parts = (first, second, out)
    alone = (set(first) ^ set(second)) - set(out)
    plain = all(p.isalpha() and len(set(p)) == len(p) for p in parts) and len(fx.args[1]) == 2
    if not plain or alone or len({p[0] for p in parts}) != 1:
        raise ModelError(
            f"{where(fx)}: einsum {equation} is not supported; only of two operands, samples first in both and in the "
            "result, sums over letters that both have"
        )
    return parts


def _without(letters: str, others: str) -> str:
    return "".join(c for c in letters if c not in others)


def _arranged(x: Value, letters: str, batch: str, matrix: tuple[str, str]) -> Value:
    """Its axes as those of the batch and two more, each of the letters that ``matrix`` has for it."""
    index = x.index.transpose([letters.index(c) for c in batch + "".join(matrix)])
    size = dict(zip(letters, x.index.shape, strict=True))
    sizes = [size[c] for c in batch] + [math.prod(size[c] for c in group) for group in matrix]
    return replace(x, index=index.reshape(sizes))
