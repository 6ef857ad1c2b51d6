"""The integer gradients of whole networks against torch's autograd on the dequantised graph.

What is compared is what a device does: the change of every master weight and bias in one step, divided by the rate.
Stochastic rounding adds less than one unit of Q8.8 to each; the rate is chosen so that the largest change is some
thousands of units, so it does not matter here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from networks import Causal, Combined, Mean, Network, Recurrent, Residual, Squeeze, compile_network, networks, randomise
from reference import gradients
from sequence_networks import SEQUENCE_NETWORKS, compile_sequences, labels_of
from torch import nn

from tinyfl.compiler.bundle import Bundle
from tinyfl.compiler.gradients import integer_activations
from tinyfl.compiler.interpret import Interpreter
from tinyfl.ops import weighted
from tinyfl.types import FloatArray, IntArray, Program

NOTHING_TO_LEARN = 2.0**-6  # softmax probabilities have 15 bits: nine are left of a gradient of this size
LOUD = 4000  # Q8.8 units: the rails are 10 000 away


class DoubleUse(nn.Module):
    """Three readers of one tensor: its gradient is the sum of three."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.a, self.b = nn.Conv2d(channels, channels, 3, padding=1), nn.Conv2d(channels, channels, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return (x + self.a(x)) + self.b(x)


def conv(*args, **kwargs) -> nn.Module:  # type: ignore[no-untyped-def]
    return nn.Conv2d(*args, **kwargs)


OPERATORS = {
    "conv": [conv(6, 5, 3)],
    "conv stride padding": [conv(6, 5, 3, stride=(2, 1), padding=(1, 2))],
    "conv groups": [conv(6, 4, (2, 3), padding=1, groups=2)],
    "pointwise": [conv(6, 5, 1)],
    "depthwise": [conv(6, 6, 3, padding=1, groups=6)],
    "depthwise stride": [conv(6, 6, (3, 2), stride=2, groups=6)],
    "linear": [nn.Flatten(), nn.Linear(384, 10), nn.ReLU()],
    "add": [Residual(conv(6, 6, 3, padding=1), None, False)],
    "add, skip first": [Residual(conv(6, 6, 3, padding=1), None, True)],
    "add of two branches": [Residual(conv(6, 6, 1), conv(6, 6, 3, padding=1), False)],
    "add with itself": [Residual(nn.Identity(), None, False)],
    "three readers": [DoubleUse(6)],
    "relu fused": [conv(6, 6, 3), nn.ReLU()],
    "relu6 fused": [conv(6, 6, 3), nn.ReLU6()],
    "relu stand-alone": [Residual(nn.ReLU(), None, False)],
    "relu6 stand-alone": [Residual(nn.ReLU6(), None, True)],
    "add relu": [Residual(conv(6, 6, 1), None, False), nn.ReLU()],
    "avg-pool": [nn.AvgPool2d(2)],
    "avg-pool overlapping": [nn.AvgPool2d(3, (1, 2), (1, 0))],
    "max-pool": [nn.MaxPool2d(2)],
    "max-pool overlapping": [nn.MaxPool2d(3, 2, 1)],
    "max-pool relu": [nn.MaxPool2d(2), nn.ReLU()],
    "batch norm": [nn.ReLU(), nn.BatchNorm2d(6)],
    "relu_n1_to_1 fused": [conv(6, 6, 3), nn.Hardtanh()],
    "relu_n1_to_1 stand-alone": [Residual(nn.Hardtanh(), None, False)],
    "sub": [Combined(conv(6, 6, 3, padding=1), conv(6, 6, 1), "sub")],
    "sub relu": [Combined(nn.Identity(), conv(6, 6, 1), "sub"), nn.ReLU()],
    "mul": [Combined(conv(6, 6, 3, padding=1), conv(6, 6, 1), "mul")],
    "mul with itself": [Combined(nn.Identity(), nn.Identity(), "mul")],
    "mul_channels": [Squeeze(6, 6, 2, nn.Sigmoid(), False)],
    "mul_channels one for all": [Squeeze(6, 1, 2, nn.Hardsigmoid(), True)],
    "concat": [Combined(conv(6, 5, 3, padding=1), nn.ReLU(), "concat")],
    "logistic": [nn.Sigmoid()],
    "tanh": [nn.Tanh()],
    "hard_sigmoid": [nn.Hardsigmoid()],
    "hard_swish": [nn.Hardswish()],
    "silu": [nn.SiLU()],
    "gelu": [nn.GELU()],
    "gelu_tanh": [nn.GELU(approximate="tanh")],
}


def around(layers: list[nn.Module]) -> Network:
    """A trained convolution before and a classifier after the operator: the first one's gradient went through it."""
    start = [nn.Conv2d(3, 6, 3, padding=1)]
    flat = isinstance(layers[0], nn.Flatten)
    end = [nn.Linear(10, 5)] if flat else [nn.Flatten(), nn.LazyLinear(5)]
    module = nn.Sequential(*start, *layers, *end).double()
    module(torch.zeros(1, 3, 8, 8, dtype=torch.float64))
    network = Network(randomise(module, 3), (3, 8, 8))
    with torch.no_grad():  # large enough for ReLU6 to reach its upper clamp
        for layer in network.module[:2]:
            if isinstance(layer, nn.Conv2d):
                layer.weight *= 6
        network.module[-1].weight /= 12
    return network


def signal(layers: list[nn.Module]) -> Network:
    module = nn.Sequential(*layers).double()
    module(torch.zeros(1, 3, 12, dtype=torch.float64))
    return Network(randomise(module, 3), (3, 12))


NETWORKS = {name: around(layers) for name, layers in OPERATORS.items()}
NETWORKS["conv1d"] = signal(
    [nn.Conv1d(3, 6, 5, 2, 2), nn.ReLU(), nn.Conv1d(6, 8, 3, groups=2), nn.ReLU(), Mean(), nn.Linear(8, 5)]
)
DILATED = {
    "causal": Causal(6, 8, 3, 2),
    "causal depthwise": Causal(6, 6, 3, 4, 6),
    "causal by a cut": Causal(6, 8, 2, 3, cut=True),
    "dilated, the same length": nn.Conv1d(6, 8, 3, padding="same", dilation=3),
}
NETWORKS |= {
    name: signal([nn.Conv1d(3, 6, 3, padding=1), layer, nn.ReLU(), nn.Flatten(), nn.LazyLinear(5)])
    for name, layer in DILATED.items()
}
CELLS = {
    f"{kind.__name__} {name}": [Recurrent(6, 8, kind, layers, last, first), *head]
    for kind in (nn.GRU, nn.LSTM)
    for name, layers, last, first, head in (
        ("whole", 1, "no", True, [nn.Flatten()]),
        ("mean", 1, "no", False, [Mean()]),
        ("last step", 1, "step", True, []),
        ("two layers, last state", 2, "state", True, []),
    )
}
NETWORKS |= {name: signal([nn.Conv1d(3, 6, 3, padding=1), *layers, nn.LazyLinear(5)]) for name, layers in CELLS.items()}
HEAD = [nn.Flatten(), nn.Linear(12, 5)]
NETWORKS["1-D pools"] = signal(
    [nn.Conv1d(3, 6, 3), nn.MaxPool1d(2), nn.Conv1d(6, 6, 3, 1, 1, groups=6), nn.AvgPool1d(2), *HEAD]
)
NETWORKS["global pool"] = Network(
    randomise(nn.Sequential(nn.Conv2d(3, 6, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(6, 5)), 3), (3, 8, 8)
)


@dataclass(frozen=True)
class Comparison:
    """Integer and exact gradients of one parameter tensor over the samples: [N, size] each, in real units."""

    integer: FloatArray
    exact: FloatArray

    def alive(self) -> np.ndarray:
        return np.linalg.norm(self.exact, axis=1) > 0

    def cosines(self) -> FloatArray:
        a, b = self.integer[self.alive()], self.exact[self.alive()]
        lengths = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
        return (a * b).sum(axis=1) / np.maximum(lengths, 1e-300)

    def norm_ratios(self) -> FloatArray:
        a, b = self.integer[self.alive()], self.exact[self.alive()]
        return np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)

    def bias(self) -> float:
        """Length of the mean error, relative to the mean length of the gradient."""
        error = (self.integer - self.exact)[self.alive()]
        return float(np.linalg.norm(error.mean(axis=0)) / np.linalg.norm(self.exact[self.alive()], axis=1).mean())

    def unbiased_bound(self) -> float:
        """What ``bias`` stays below if errors are independent and have no mean.

        The mean of N such errors has a length of about their root mean square over sqrt(N); three times that, and
        0.2 % for what is common to all samples: the generator's constants (15 bits, 8 in the fold of the scales).
        """
        error = np.linalg.norm((self.integer - self.exact)[self.alive()], axis=1)
        size = np.linalg.norm(self.exact[self.alive()], axis=1).mean()
        return float(3 * np.sqrt((error**2).mean() / len(error)) / size + 0.002)


def softmax_gradient(logits: IntArray, labels: IntArray) -> FloatArray:
    """Of the summed loss, for logits [steps, classes] and labels [steps]."""
    z = logits / 16
    p = np.exp(z - z.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    p[np.arange(len(p)), labels] -= 1
    return p


def loud(
    program: Program, exact: dict[tuple[int, str], torch.Tensor]
) -> tuple[Program, dict[tuple[int, str], FloatArray]]:
    """The program with every parameter's rate a power of two times higher, and the Q8.8 units of a unit gradient."""
    grads, units = dict(program.grads), {}
    for n in program.graph.nodes:
        if n.weight is None:
            continue
        scale = n.weight_scale if n.op == "depthwise" else n.weight_scale[:, None, None, None]
        shifts = []
        of_bias = 1 / (n.weight_scale * weighted(n.op).input_scale(n.input_quant))
        for what, unit in (("weight", 256 / scale), ("bias", of_bias)):
            unit = unit * program.learning_rate / program.graph.steps
            largest = np.abs(exact[n.index, what].numpy() * unit).max(initial=0)
            shifts.append(0 if largest == 0 else int(np.floor(np.log2(largest / LOUD))))
            units[n.index, what] = unit * 2.0 ** -shifts[-1]
        g = grads[n.index]
        grads[n.index] = replace(g, ks=g.ks + shifts[0], kbs=g.kbs + shifts[1])
    return replace(program, grads=grads), units


def compare(bundle: Bundle, x: IntArray, labels: IntArray) -> tuple[dict[str, Comparison], int]:
    """One step from the factory weights on each sample; also the number of saturated gradient elements."""
    graph = bundle.program.graph
    factory = Interpreter(bundle.program).masters()
    values = integer_activations(graph, x)
    logits = values[graph.output].reshape(len(x), graph.steps, -1)
    rows: dict[str, list[tuple[FloatArray, FloatArray]]] = {}
    saturated = 0
    for i, label in enumerate(labels):
        top = torch.from_numpy(softmax_gradient(logits[i], np.atleast_1d(label))[None, None])
        if top.abs().max() < NOTHING_TO_LEARN:
            continue
        _, exact = gradients(graph, {t: v[i : i + 1] for t, v in values.items()}, top)
        program, units = loud(bundle.program, exact)
        machine = Interpreter(program, seed=i)
        machine.train_step(x[i], label)
        saturated += machine.saturated
        for t in bundle.tensors:
            what = "bias" if t.is_bias else "weight"
            g = exact[t.node, what].numpy()
            part = slice(t.offset, t.offset + t.count)
            change = (factory[t.is_bias][part] - machine.masters()[t.is_bias][part]).reshape(g.shape)
            rows.setdefault(t.name, []).append(((change / units[t.node, what]).ravel(), g.ravel()))
    return {k: Comparison(*(np.array(side) for side in zip(*v, strict=True))) for k, v in rows.items()}, saturated


def compared(network: Network, grad_bits: int, samples: int) -> tuple[Bundle, dict[str, Comparison], int]:
    bundle = compile_network(network, grad_bits=grad_bits, calibration=200, margin=1)
    _, x = network.samples(samples, 5)
    labels = np.random.default_rng(6).integers(0, bundle.classes, samples)
    return bundle, *compare(bundle, bundle.quantize_input(x), labels)


@pytest.mark.parametrize("name", OPERATORS)
def test_the_network_holds_the_operator(name: str) -> None:
    """Folding must not have removed what the test is about."""
    expected = name.split()[0].split(",")[0].replace("three", "add").replace("batch", "depthwise")
    expected = {"linear": "pointwise"}.get(expected, expected.replace("-", "_"))
    nodes = NETWORKS[name].graph().nodes[1:-1] or NETWORKS[name].graph().nodes
    if expected.startswith("relu"):
        alone = "stand-alone" in name
        assert any(n.activation == expected and (n.op == "activation") == alone for n in NETWORKS[name].graph().nodes)
        bundle = compile_network(NETWORKS[name], calibration=32)
        values = integer_activations(bundle.program.graph, bundle.quantize_input(NETWORKS[name].samples(32, 1)[1]))
        for n in bundle.program.graph.nodes:
            y, r = values[n.output], n.requant
            assert not r.mask_lo or 0.1 < (y <= r.lo).mean() < 0.9
            assert r.mask_hi == (n.requant.mask_lo and expected != "relu")
            assert not r.mask_hi or 0.01 < (y >= r.hi).mean() < 0.9
    else:
        assert any(n.op == expected for n in nodes)


SEQUENCES = {name: network for name, network in SEQUENCE_NETWORKS.items() if name != "byte"}


@pytest.mark.parametrize("name", SEQUENCES)
@pytest.mark.parametrize("grad_bits", [pytest.param(8, marks=pytest.mark.slow), 16])
def test_an_operator_over_sequences_passes_gradients_that_autograd_confirms(name: str, grad_bits: int) -> None:
    network = SEQUENCES[name]
    bundle = compile_sequences(network, grad_bits=grad_bits, count=200)
    _, samples = network.samples(12, 5)
    labels = labels_of(network.graph(), samples, 6)
    comparisons, saturated = compare(bundle, bundle.quantize_input(samples), labels)
    assert saturated == 0
    comparisons.pop("body.k.bias", None)  # adds the same to all scores of a row, so its gradient is zero
    deep = {"attention", "gru", "lstm", "matmul"} & {
        n.op for n in bundle.program.graph.nodes
    }  # rounded to 8 bits many times
    for parameter, c in comparisons.items():
        cosines, ratios = c.cosines(), c.norm_ratios()
        tolerance = (0.97 if deep else 0.99, 0.1 if deep else 0.05) if grad_bits == 8 else (0.9999, 0.002)
        assert np.median(cosines) >= tolerance[0], parameter
        assert abs(np.median(ratios) - 1) <= tolerance[1], parameter
        if grad_bits == 16 or not deep:  # twelve samples bound no mean of errors that many roundings share
            assert c.bias() <= c.unbiased_bound(), parameter


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("grad_bits", [pytest.param(8, marks=pytest.mark.slow), 16])
def test_an_operator_passes_gradients_that_autograd_confirms(name: str, grad_bits: int) -> None:
    samples = 24 if grad_bits == 8 else 6
    _, comparisons, saturated = compared(NETWORKS[name], grad_bits, samples)
    assert saturated == 0
    for parameter, c in comparisons.items():
        assert c.alive().sum() > samples / 2, parameter
        cosines, ratios = c.cosines(), c.norm_ratios()
        # much of a bias's gradient cancels in its sum over pixels: its worst sample may be three times worse
        slack = 1 if parameter.endswith("weight") else 3
        tolerance = (0.99, 1 - 0.05 * slack, 0.1) if grad_bits == 8 else (0.9999, 0.9999, 0.002)
        if grad_bits == 8 and (name.startswith("mul_channels") or "last" in name):
            # a gate's gradient is one number, a sum over the image that mostly cancels: in many samples a few steps;
            # and where a loss sees the last step alone, gradients of early ones fade below a step of 8 bits
            assert np.median(cosines) >= 0.98, parameter
            assert abs(np.median(ratios) - 1) <= 0.05, parameter
            continue
        assert np.median(cosines) >= tolerance[0], parameter
        assert cosines.min() >= tolerance[1], parameter
        assert abs(np.median(ratios) - 1) <= tolerance[2] / 2, parameter
        assert np.abs(ratios - 1).max() <= tolerance[2] * slack, parameter
        assert c.bias() <= c.unbiased_bound(), parameter


@settings(max_examples=15, deadline=None, derandomize=True)
@given(networks())
def test_random_networks_at_16_bits(network: Network) -> None:
    _, comparisons, saturated = compared(network, 16, 3)
    for parameter, c in comparisons.items():
        if saturated == 0 and c.alive().any():
            assert c.cosines().min() >= 0.99, parameter
            assert np.abs(c.norm_ratios() - 1).max() <= 0.1, parameter


def zero_branch(scale: float) -> Network:
    """A residual block as ResNets start: the branch's last layer is zero, or nearly."""
    branch = nn.Sequential(nn.Conv2d(6, 6, 3, padding=1), nn.ReLU(), nn.Conv2d(6, 6, 1))
    network = around([Residual(branch, None, False)])
    with torch.no_grad():
        network.module[1].branch[2].weight *= scale
        network.module[1].branch[2].bias *= scale
    return network


@pytest.mark.parametrize("scale", [0.0, 1e-12, 1e-4])
def test_a_branch_that_starts_at_zero_compiles_and_the_rest_trains(scale: float) -> None:
    bundle, comparisons, _ = compared(zero_branch(scale), 8, 12)
    assert np.median(comparisons["0.weight"].cosines()) >= 0.99
    assert np.median(comparisons["1.branch.2.weight"].cosines()) >= 0.99
    assert all(0 <= b <= 47 for g in bundle.program.grads.values() for b in g.bsh)
