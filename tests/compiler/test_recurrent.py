"""GRU and LSTM layers: import, refusals, the float twin, and integers against the cell that torch computes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from device_library import Device
from networks import Mean, Network, Recurrent, compile_network, randomise
from torch import nn

from tinyfl.compiler.float_twin import FloatTwin
from tinyfl.compiler.frontends.torch import import_torch
from tinyfl.compiler.gradients import integer_activations
from tinyfl.compiler.interpret import Interpreter
from tinyfl.compiler.pipeline import compile_graph
from tinyfl.compiler.quantize import float_activations
from tinyfl.errors import ModelError
from tinyfl.types import Graph, LayerUpdate, UpdateScheme

KINDS = [nn.GRU, nn.LSTM]


def network(kind: type, layers: int = 1, last: str = "step", first: bool = True, bias: bool = True) -> Network:
    cell = Recurrent(4, 5, kind, layers, last, first, bias)
    return Network(randomise(nn.Sequential(cell, *([Mean()] if last == "no" else []), nn.Linear(5, 3)), 2), (4, 9))


def everything(graph: Graph) -> UpdateScheme:
    return UpdateScheme(tuple(LayerUpdate(n.name, 1.0) for n in graph.nodes if n.weight is not None))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("layers", "last", "first"), [(1, "no", True), (1, "state", False), (2, "step", False), (3, "state", True)]
)
def test_the_import_computes_what_torch_computes(kind: type, layers: int, last: str, first: bool) -> None:
    net = network(kind, layers, last, first, bias=layers != 2)
    x, samples = net.samples(5, 1)
    graph = net.graph()
    expected = net.module(x).detach().numpy()
    np.testing.assert_allclose(float_activations(graph, samples)[graph.output].reshape(5, 3), expected, atol=1e-12)
    twin = FloatTwin(graph, everything(graph), 0.1)
    np.testing.assert_allclose(twin.logits(torch.from_numpy(samples).float()).detach().numpy(), expected, atol=1e-5)
    assert [n.name for n in graph.nodes if n.op in ("gru", "lstm")] == [f"0.cell.l{k}" for k in range(layers)]


class Used(nn.Module):
    """A cell over [N, C, L], and what is done with its results."""

    def __init__(self, cell: nn.Module, use: Callable[..., torch.Tensor], *states: torch.Tensor) -> None:
        super().__init__()
        self.cell, self.use, self.head = cell, use, nn.LazyLinear(3)
        self.states = states

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.use(*self.cell(x.transpose(1, 2), *self.states)))


def last_step(y: torch.Tensor, _: object) -> torch.Tensor:
    return y[:, -1]


REFUSED = {
    "bidirectional": (nn.GRU(4, 5, bidirectional=True, batch_first=True), last_step, (), "bidirectional=False"),
    "projections": (nn.LSTM(4, 5, proj_size=2, batch_first=True), last_step, (), "proj_size=0"),
    "an initial state": (nn.GRU(4, 5, batch_first=True), last_step, (torch.ones(1, 1, 5),), "leave it out"),
    "the last cell": (nn.LSTM(4, 5, batch_first=True), lambda y, s: s[1][-1], (), "use the last state"),
    "a lower layer's state": (nn.GRU(4, 5, 2, batch_first=True), lambda y, h: h[0], (), r"use that of the last"),
    "steps as samples": (nn.GRU(4, 5), lambda y, h: y[0], (), "with one sample"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_not_supported_is_refused_with_a_remedy(what: str) -> None:
    cell, use, states, remedy = REFUSED[what]
    module = Used(cell, use, *states)
    x = torch.zeros(1, 4, 6)
    module(x)
    with pytest.raises(ModelError, match=rf"^node \S+ \(\w+\): .*{remedy}"):
        import_torch(module, x)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_a_long_window_stays_near_the_float_cell(kind: type) -> None:
    """200 steps: the int8 states that a cell reads do not let it drift away."""
    module = randomise(nn.Sequential(Recurrent(3, 12, kind, 1, "step"), nn.Linear(12, 4)), 4)
    net = Network(module, (3, 200))
    bundle = compile_network(net, calibration=32)
    _, samples = net.samples(10, 9)
    graph = net.graph()
    states = next(n.output for n in graph.nodes if n.op in ("gru", "lstm"))
    got = integer_activations(bundle.program.graph, bundle.quantize_input(samples))[states] / 128
    expected = float_activations(graph, samples)[states]
    assert np.abs(got - expected)[:, :, 150:].max() < 0.06
    assert np.abs(got - expected).mean() < 0.01


@pytest.mark.parametrize("kind", KINDS)
def test_one_step_trains_the_bias_alone(kind: type, tmp_path: Path) -> None:
    """Before the only step there is no state that weights could have multiplied."""
    net = Network(randomise(nn.Sequential(Recurrent(2, 4, kind, 1, "step"), nn.Linear(4, 3)), 1), (2, 1))
    scheme = UpdateScheme((LayerUpdate("0.cell.l0", 1.0, True),))
    bundle = compile_network(net, scheme, learning_rate=0.5)
    machine, device = Interpreter(bundle.program, 3), Device(bundle, tmp_path, 3)
    weights, biases = machine.masters()
    x = bundle.quantize_input(net.samples(8, 2)[1])
    for i in range(8):
        assert device.train_step(x[i], i % 3) == machine.train_step(x[i], i % 3)
    assert device.planes() == machine.planes()
    assert np.array_equal(machine.masters()[0], weights)
    assert not np.array_equal(machine.masters()[1], biases)


@pytest.mark.slow
def test_a_window_too_long_for_16_bit_gradients_is_refused() -> None:
    """One step more than 32 bits hold."""
    graph = Network(randomise(nn.Sequential(Recurrent(1, 2, nn.GRU, 1, "step"), nn.Linear(2, 2)), 1), (1, 513)).graph()
    scheme = UpdateScheme((LayerUpdate("0.cell.l0", 1.0, True),))
    x, labels = np.random.default_rng(0).normal(size=(4, 1, 513, 1)), np.array([0, 1, 0, 1])
    with pytest.raises(ModelError, match=r"513 steps overflow .* use 8-bit gradients"):
        compile_graph(graph, scheme, x, labels, grad_bits=16)
    compile_graph(graph, scheme, x, labels, grad_bits=8)


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "grad_bits"), [(nn.GRU, 8), (nn.LSTM, 16)])
def test_a_cell_learns_what_needs_memory_about_as_well_as_in_float(kind: type, grad_bits: int) -> None:
    """The class is told by the first of 4 steps alone; every later one is noise."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, 260)
    x = rng.normal(size=(260, 1, 4, 3)) * 0.3
    x[np.arange(260), 0, 0, labels] += 2
    module = randomise(nn.Sequential(Recurrent(3, 10, kind, 1, "step"), nn.Linear(10, 3)), 5)
    graph = Network(module, (3, 4)).graph()
    scheme, rate = everything(graph), 2.0**-2
    bundle = compile_graph(graph, scheme, x[:200], labels[:200], learning_rate=rate, grad_bits=grad_bits, margin=1)
    machine, twin = Interpreter(bundle.program, 1), FloatTwin(graph, scheme, rate)
    q, floats = bundle.quantize_input(x), torch.from_numpy(x).float()
    for _ in range(3):
        for i in range(200):
            machine.train_step(q[i], int(labels[i]))
            twin.step(floats[i], int(labels[i]))
    integer = (machine.logits(q[200:]).argmax(1) == labels[200:]).mean()
    assert twin.accuracy(floats[200:], labels[200:]) > 0.9
    assert integer > 0.9
