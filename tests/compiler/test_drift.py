"""Weights move only where there is something to learn: no gradient no step, and no shrinking by rounding."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from networks import Network, compile_network, randomise
from torch import nn

from tinyfl.compiler.interpret import Interpreter


def network(certainty: float = 0.0) -> Network:
    """Convolutions and a classifier whose class 0 is ``certainty`` nats ahead of what the samples say."""
    layers = [nn.Conv1d(3, 16, 3), nn.ReLU(), nn.Conv1d(16, 16, 3, groups=16), nn.ReLU(), nn.Flatten()]
    module = randomise(nn.Sequential(*layers, nn.Linear(16 * 12, 4)), 3)
    with torch.no_grad():
        module[-1].bias[0] += certainty
    return Network(module, (3, 16))


@pytest.mark.parametrize("grad_bits", [8, 16])
def test_what_is_known_for_certain_moves_no_bit(grad_bits: int) -> None:
    known = network(certainty=40.0)
    bundle = compile_network(known, grad_bits=grad_bits, learning_rate=1.0)
    machine = Interpreter(bundle.program, 5, -8)
    before = machine.planes()
    for x in bundle.quantize_input(known.samples(50, 4)[1]):
        assert machine.train_step(x, 0) == 32768
    assert machine.planes() == before
    assert machine.step == 50


@pytest.mark.parametrize("grad_bits", [8, 16])
def test_random_labels_at_a_tiny_rate_leave_the_size_of_weights(grad_bits: int) -> None:
    bundle = compile_network(network(), grad_bits=grad_bits, learning_rate=2.0**-14)
    samples = bundle.quantize_input(network().samples(200, 6)[1])
    machine = Interpreter(bundle.program, 1)
    before = machine.masters()[0]
    for x, label in zip(samples, np.random.default_rng(7).integers(0, 4, len(samples)), strict=True):
        machine.train_step(x, int(label))
    after = machine.masters()[0]
    assert (after != before).mean() > 0.5  # they did learn
    assert abs(np.abs(after).sum() / np.abs(before).sum() - 1) < 1e-3
