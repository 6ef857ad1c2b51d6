"""Norms and attention: gradients that autograd confirms; the same bytes in C and NumPy on random shapes."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sequence_networks import Sequences, compile_sequences, double
from test_gradients import Comparison, compare
from test_sequences import trained
from torch import nn

from tinyfl.compiler.bundle import Bundle
from tinyfl.compiler.float_twin import FloatTwin
from tinyfl.compiler.gradients import integer_activations
from tinyfl.compiler.quantize import float_activations
from tinyfl.compiler.scheme import last_layers
from tinyfl.errors import ModelError
from tinyfl.search.auto import parts_of
from tinyfl.search.effort import choose_effort


class SelfAttention(nn.Module):
    """Heads over [N, T, C], queries, keys and values by one linear layer, without a layer behind."""

    def __init__(self, channels: int, heads: int, causal: bool, size: int = 0) -> None:
        super().__init__()
        self.heads, self.causal, self.size = heads, causal, size or channels // heads
        self.qkv = nn.Linear(channels, 3 * heads * self.size)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        n, steps, _ = x.shape
        q, k, v = self.qkv(x).reshape(n, steps, 3, self.heads, self.size).permute(2, 0, 3, 1, 4)
        y = nn.functional.scaled_dot_product_attention(q, k, v, is_causal=self.causal)
        return y.transpose(1, 2).reshape(n, steps, -1)


class Products(nn.Module):
    """a b^T or a b, each by a linear layer, as matmul or einsum writes it."""

    def __init__(self, steps: int, depth: int, transposed: bool) -> None:
        super().__init__()
        self.a, self.b = nn.Linear(12, depth if transposed else steps), nn.Linear(12, depth)
        self.transposed = transposed

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        a, b = self.a(x), self.b(x)
        return a @ b.mT if self.transposed else torch.einsum("nij,njk->nik", a, b)


def classifier(layers: list[nn.Module], steps: int = 8, channels: int = 12) -> Sequences:
    """Steps of four numbers, a trained layer before the operator and a classifier of all steps behind it."""
    module = nn.Sequential(nn.Linear(4, channels), *layers, nn.Flatten(), nn.LazyLinear(5)).double()
    module(torch.zeros(1, steps, 4, dtype=torch.float64))
    return Sequences(double(module), steps, 0, 4)


OPERATORS = {
    "layer_norm": [nn.LayerNorm(12)],
    "layer_norm without weights": [nn.LayerNorm(12, elementwise_affine=False)],
    "layer_norm relu": [nn.LayerNorm(12, elementwise_affine=False), nn.ReLU()],
    "layer_norm large epsilon": [nn.LayerNorm(12, eps=0.1)],
    "layer_norm no epsilon": [nn.LayerNorm(12, eps=0.0)],
    "rms_norm": [nn.RMSNorm(12)],
    "attention": [SelfAttention(12, 3, False)],
    "attention causal": [SelfAttention(12, 2, True)],
    "attention odd heads": [SelfAttention(12, 2, True, 5)],
    "attention one head": [SelfAttention(12, 1, False)],
    "matmul transposed": [Products(8, 12, True)],
    "matmul": [Products(8, 7, False)],
}
NETWORKS = {name: classifier(layers) for name, layers in OPERATORS.items()}


def compared(network: Sequences, grad_bits: int, samples: int) -> tuple[Bundle, dict[str, Comparison], int]:
    bundle = compile_sequences(network, grad_bits=grad_bits, count=200)
    _, x = network.samples(samples, 5)
    labels = np.random.default_rng(6).integers(0, bundle.classes, samples)
    return bundle, *compare(bundle, bundle.quantize_input(x), labels)


@pytest.mark.parametrize("name", NETWORKS)
def test_integers_follow_the_real_numbers(name: str) -> None:
    bundle = compile_sequences(NETWORKS[name], count=200)
    graph = bundle.program.graph
    assert any(n.op == name.split()[0] for n in graph.nodes)
    _, x = NETWORKS[name].samples(100, 3)
    integer = integer_activations(graph, bundle.quantize_input(x))
    real = float_activations(NETWORKS[name].graph(), x)
    for n in graph.nodes[:-1]:
        q = graph.quant[n.output]
        error = (integer[n.output] - q.zero_point) * q.scale - real[n.output]
        bound = 0.04 if n.op == "matmul" else 0.03  # a product has the errors of two activations
        assert np.sqrt((error**2).mean()) <= bound * real[n.output].std(), n.name


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("grad_bits", [8, 16])
def test_gradients_that_autograd_confirms(name: str, grad_bits: int) -> None:
    samples = 24 if grad_bits == 8 else 6
    _, comparisons, saturated = compared(NETWORKS[name], grad_bits, samples)
    assert saturated == 0
    for parameter, c in comparisons.items():
        assert c.alive().sum() > samples / 2, parameter
        cosines, ratios = c.cosines(), c.norm_ratios()
        slack = 1 if parameter.endswith("weight") else 3
        tolerance = (0.99, 1 - 0.05 * slack, 0.1) if grad_bits == 8 else (0.9999, 0.9999, 0.002)
        assert np.median(cosines) >= tolerance[0], parameter
        assert cosines.min() >= tolerance[1], parameter
        assert abs(np.median(ratios) - 1) <= tolerance[2] / 2, parameter
        assert np.abs(ratios - 1).max() <= tolerance[2] * slack, parameter
        assert c.bias() <= c.unbiased_bound(), parameter


@st.composite
def sequences(draw: st.DrawFn) -> Sequences:
    """A few layers over up to nine steps."""
    steps, first = draw(st.integers(1, 9)), draw(st.integers(1, 12))
    channels = first
    layers: list[nn.Module] = []
    for _ in range(draw(st.integers(1, 3))):
        kind = draw(st.sampled_from(["layer", "rms", "linear", "relu", "attention"]))
        if kind == "attention":
            heads, size = draw(st.integers(1, 3)), draw(st.integers(1, 6))
            layers.append(SelfAttention(channels, heads, draw(st.booleans()), size))
            channels = heads * size
        elif kind == "linear":
            wide = draw(st.integers(1, 12))
            layers.append(nn.Linear(channels, wide))
            channels = wide
        else:
            affine, eps = draw(st.booleans()), draw(st.sampled_from([1e-5, 1e-2]))
            layer = {"layer": nn.LayerNorm, "rms": nn.RMSNorm}.get(kind)
            layers.append(nn.ReLU() if layer is None else layer(channels, eps, affine))
    return classifier(layers, steps, first)


@settings(max_examples=30, deadline=None, derandomize=True)
@given(sequences(), st.sampled_from([8, 16]))
def test_c_equals_the_interpreter(network: Sequences, grad_bits: int) -> None:
    with TemporaryDirectory() as folder:
        trained(compile_sequences(network, grad_bits=grad_bits), network, Path(folder))


@settings(max_examples=10, deadline=None, derandomize=True)
@given(st.integers(1, 9), st.integers(1, 9), st.booleans(), st.sampled_from([8, 16]))
def test_c_equals_the_interpreter_in_products(steps: int, depth: int, transposed: bool, grad_bits: int) -> None:
    network = classifier([Products(steps, depth, transposed)], steps)
    with TemporaryDirectory() as folder:
        trained(compile_sequences(network, grad_bits=grad_bits), network, Path(folder))


def test_too_many_steps_to_attend_to() -> None:
    with pytest.raises(ModelError, match="1024 are the most"):
        compile_sequences(classifier([SelfAttention(2, 1, False)], 1025, 2), count=2)


def test_heads_too_wide_for_gradients_of_16_bits() -> None:
    network = classifier([SelfAttention(4, 1, False, 253)], 2, 4)
    with pytest.raises(ModelError, match="use 8-bit gradients or more heads"):
        compile_sequences(network, grad_bits=16, count=2)
    compile_sequences(network, grad_bits=8, count=2)


def test_too_many_channels_to_normalise() -> None:
    with pytest.raises(ModelError, match="1024 are the most"):
        compile_sequences(classifier([nn.LayerNorm(1025)], 1, 1025), count=2)


@pytest.mark.parametrize("name", NETWORKS)
def test_the_float_twin_computes_the_same(name: str) -> None:
    graph = NETWORKS[name].graph()
    x, samples = NETWORKS[name].samples(5, 3)
    twin = FloatTwin(graph, last_layers(graph, 1), 0.1)
    with torch.no_grad():
        expected = NETWORKS[name].module(x).numpy()
        got = twin.logits(torch.from_numpy(samples).float()).numpy()
    np.testing.assert_allclose(got, expected, atol=1e-5)


@pytest.mark.parametrize("name", NETWORKS)
def test_a_search_of_schemes_counts_what_it_would_take(name: str) -> None:
    graph = NETWORKS[name].graph()
    assert choose_effort(graph, parts_of(graph), np.arange(40) % 5).per_class == 8
