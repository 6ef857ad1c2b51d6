"""Torch's GRU and LSTM: each layer is a projection of all steps at once and a cell that goes through them."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinyfl.compiler.frontends.torch_arguments import Value, path, where
from tinyfl.compiler.frontends.torch_builder import ELSEWHERE, Builder
from tinyfl.errors import ModelError
from tinyfl.types import FloatArray


class RecurrentLayers(Builder):
    """Handlers by the names that ``torch.export`` gives them."""

    def _gru(self, fx: Any) -> tuple[Any, ...]:
        return self._recurrent(fx, "gru", [fx.args[1]])

    def _lstm(self, fx: Any) -> tuple[Any, ...]:
        return (*self._recurrent(fx, "lstm", fx.args[1]), None)

    def _recurrent(self, fx: Any, op: str, states: Any) -> tuple[Value, Value]:
        """The states of the last layer at all steps, and at the last step."""
        if not str(fx.target).endswith(".input"):
            raise ModelError(f"{where(fx)}: packed sequences are not supported; pass windows of one length")
        parameters, biased, layers, _, training, both, batch_first = fx.args[2:]
        self._check(fx, states, len(parameters), (4 if biased else 2) * layers * (1 + both), both, training)
        x = self._operand(fx)
        if x.index.ndim != 3 or x.index.shape[0 if batch_first else 1] != 1:
            raise ModelError(f"{where(fx)}: {op} of a batch {x.index.shape}; trace the network with one sample")
        rows = self._dense(fx, x, 2, op)
        y, shape = x, (1, *rows.shape)
        for layer in range(layers):
            count = 4 if biased else 2
            weights = [self._constant(fx, p, 2) for p in parameters[count * layer : count * (layer + 1)]]
            y = self._layer(fx, op, y, shape, weights, f"l{layer}")
            shape = y.shape
        _, steps, units = shape
        last = np.full((layers, 1, units), ELSEWHERE)
        last[-1] = np.arange((steps - 1) * units, steps * units)
        return y, Value(y.tensor, shape, last)

    def _layer(
        self, fx: Any, op: str, x: Value, shape: tuple[int, int, int], weights: list[FloatArray], layer: str
    ) -> Value:
        """One layer; ``weights``: of the input, of the state, and perhaps two biases."""
        of_input, of_state = weights[:2]
        biases = weights[2:] or [np.zeros(len(of_input))] * 2
        name = f"{path(fx)}.{layer}"
        projected = self._over_pixels(
            fx, f"{fx.name}.{layer}.input", x, shape, of_input, biases[0], name=f"{name}.input"
        )
        steps, units = shape[1], of_state.shape[1]
        out = (1, steps, units)
        gates = Value(projected, self.shapes[projected], np.arange(steps * len(of_input)))
        kernel = of_state[:, None, None, :]
        fields = {"weight": kernel, "bias": biases[1], "coefficients": (float(steps),)}
        tensor = self._add_node(fx, f"{fx.name}.{layer}", op, [gates], out, name=name, **fields)
        batched = (1, steps, units) if fx.args[8] else (steps, 1, units)
        return Value(tensor, out, np.arange(steps * units).reshape(batched))

    def _check(self, fx: Any, states: Any, parameters: int, expected: int, both: bool, training: bool) -> None:
        """Refuses what no node stands for."""
        if both:
            raise ModelError(f"{where(fx)}: bidirectional layers are not supported; use bidirectional=False")
        if parameters != expected:
            raise ModelError(f"{where(fx)}: projections of the state are not supported; use proj_size=0")
        if training:
            raise ModelError(f"{where(fx)}: dropout that stays on in eval mode is not supported")
        if any(isinstance(self._value(h), Value) or self._constant(fx, h, 1).any() for h in states):
            raise ModelError(f"{where(fx)}: only the initial state zero is supported; leave it out")
        if any(user.args[1] == 2 and user.users for user in fx.users):
            raise ModelError(f"{where(fx)}: the last cell is not supported as a result; use the last state")
