"""Quantised networks against a fake-quantised forward pass in float64, operator by operator."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from networks import Network, networks, randomise
from reference import dequantised, operator, parameters
from torch import nn

from tinyfl.compiler.gradients import integer_activations
from tinyfl.compiler.quantize import activation_params, quantize, to_int8
from tinyfl.errors import ModelError
from tinyfl.types import Graph, Int8Graph, Int8Node, IntArray, LayerUpdate, UpdateScheme

FROZEN = UpdateScheme(())


def quantised(network: Network, scheme: UpdateScheme = FROZEN, count: int = 16) -> tuple[Int8Graph, IntArray]:
    _, x = network.samples(count, 0)
    graph = quantize(network.graph(), scheme, x)
    return graph, to_int8(x, graph.quant[graph.input])


def network(*layers: nn.Module, shape: tuple[int, ...] = (2, 6, 5)) -> Network:
    return Network(randomise(nn.Sequential(*layers), 0), shape)


def expected_output(graph: Int8Graph, n: Int8Node, values: dict[str, IntArray], activation: str) -> np.ndarray:
    """Real-valued output in units of its quantisation, clamped as section 3 says."""
    xs = [dequantised(graph, t, values[t]) for t in n.inputs]
    y = operator(n, xs, *parameters(n, n.weight, n.bias)).numpy().reshape(values[n.output].shape)
    if n.op == "logits":
        return np.clip(y * 16, -32768, 32767)
    q = graph.quant[n.output]
    one, six = (math.floor(c / q.scale + 0.5) for c in (1, 6))
    lo, hi = {
        "none": (-128, 127),
        "relu": (q.zero_point, 127),
        "relu6": (q.zero_point, min(127, q.zero_point + six)),
        "relu_n1_to_1": (max(-128, q.zero_point - one), min(127, q.zero_point + one)),
    }[activation]
    assert (n.requant.lo, n.requant.hi) == (lo, hi)
    return np.clip(y / q.scale + q.zero_point, lo, hi)


def check_every_operator_is_within_its_rounding(float_graph: Graph, graph: Int8Graph, x: IntArray) -> None:
    values = integer_activations(graph, x)
    for node, n in zip(float_graph.nodes, graph.nodes, strict=True):
        error = np.abs(values[n.output] - expected_output(graph, n, values, node.activation)).max()
        if n.op in ("max_pool", "activation"):
            assert error < 1e-9
        else:
            # half a unit, plus the constants' own: 2^-31 of the accumulator, 2^-21 of each operand of an add
            assert error <= 0.5 + (2 * 255 * 2.0**-21 if n.op in ("add", "sub", "concat") else 1e-5), n.name


def check_parameters_are_within_half_a_step(float_graph: Graph, graph: Int8Graph) -> None:
    for node, n in zip(float_graph.nodes, graph.nodes, strict=True):
        if n.weight is None:
            continue
        weight, bias = parameters(n, n.weight, n.bias)
        assert np.abs(n.weight).max() <= 127
        scale = n.weight_scale if n.op == "depthwise" else n.weight_scale[:, None, None, None]
        assert (np.abs(weight.numpy() - node.weight) <= scale * (0.5 + 1e-9)).all()
        step = n.weight_scale * n.input_quant[0].scale
        inside = np.abs(n.bias) < 1 << 30
        assert (np.abs(bias.numpy() - node.bias) <= step * (0.5 + 1e-9))[inside].all()


def check_constants_reproduce_their_ratios(graph: Int8Graph) -> None:
    for n in graph.nodes:
        if n.weight is not None:
            to = Fraction(16) if n.op == "logits" else 1 / Fraction(n.output_quant.scale)
            exact = [Fraction(n.input_quant[0].scale) * Fraction(float(s)) * to for s in n.weight_scale]
        elif n.op == "avg_pool":
            exact = [Fraction(n.input_quant[0].scale) / (Fraction(n.output_quant.scale) * n.window.taps)]
        elif n.op in ("mul", "mul_channels"):
            a, b = (Fraction(q.scale) for q in n.input_quant)
            exact = [a * b / Fraction(n.output_quant.scale)]
        elif n.op in ("add", "sub", "concat"):
            exact = [Fraction(q.scale) / Fraction(n.output_quant.scale) for q in n.input_quant]
            exact[1:] = [-e for e in exact[1:]] if n.op == "sub" else exact[1:]
            for m, ratio in zip(n.requant.m, exact, strict=True):
                assert abs(int(m) - ratio * 2**20) <= Fraction(1, 2) + Fraction(1, 10**6)
            continue
        else:
            assert n.requant.m.size == 0
            assert n.table.size or n.output_quant == n.input_quant[0]
            continue
        for m, s, ratio in zip(n.requant.m, n.requant.s, exact, strict=True):
            assert 1 << 30 <= m < 1 << 31
            assert abs(Fraction(int(m)) / Fraction(2) ** int(s) / ratio - 1) <= Fraction(1, 2**30)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(networks())
def test_random_networks(network: Network) -> None:
    graph, x = quantised(network)
    check_every_operator_is_within_its_rounding(network.graph(), graph, x)
    check_parameters_are_within_half_a_step(network.graph(), graph)
    check_constants_reproduce_their_ratios(graph)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.floats(-1e6, 1e6), st.floats(0, 1e6))
def test_zero_is_exact_and_the_range_is_held(lo: float, width: float) -> None:
    q = activation_params(lo, lo + width)
    assert -128 <= q.zero_point <= 127
    assert to_int8(np.zeros(1), q)[0] == q.zero_point
    for v in (min(lo, 0), max(lo + width, 0)):
        back = (to_int8(np.array([v]), q)[0] - q.zero_point) * q.scale
        assert abs(back - v) <= q.scale * (1 + 1e-9)  # half a step, and half of the zero point's rounding


@pytest.mark.parametrize("scheme", [FROZEN, UpdateScheme((LayerUpdate("0", 1.0), LayerUpdate("2", 1.0)))])
def test_dead_channels_keep_a_bounded_scale(scheme: UpdateScheme) -> None:
    net = network(nn.Conv2d(2, 3, 3), nn.Flatten(), nn.Linear(36, 4))
    with torch.no_grad():
        net.module[0].weight[1] = 0
    graph, x = quantised(net, scheme)
    n = graph.nodes[0]
    assert n.weight_scale[1] == pytest.approx(n.weight_scale.max() / 1000)
    assert not n.weight[1].any()
    values = integer_activations(graph, x)
    assert np.abs(values[n.output] - expected_output(graph, n, values, "none")).max() <= 0.501


def test_a_layer_of_zeros() -> None:
    net = network(nn.Conv2d(2, 3, 3), nn.ReLU(), nn.Conv2d(3, 2, 1), nn.Flatten(), nn.Linear(24, 4))
    with torch.no_grad():
        net.module[2].weight.zero_()
        net.module[2].bias.zero_()
    graph, x = quantised(net)
    values = integer_activations(graph, x)
    z = graph.quant[graph.nodes[1].output].zero_point
    assert (values[graph.nodes[1].output] == z).all()
    last = values[graph.output].reshape(len(x), -1)
    bias = net.module[4].bias.detach().numpy()
    assert np.abs(last / 16 - bias).max() <= 1 / 32 + graph.nodes[-1].weight_scale.max()


def test_weights_that_train_leave_headroom() -> None:
    net = network(nn.Conv2d(2, 3, 3), nn.Flatten(), nn.Linear(36, 4))
    frozen, _ = quantised(net)
    graph, _ = quantised(net, UpdateScheme((LayerUpdate("0", 1.0), LayerUpdate("2", 0.0))))
    assert np.allclose(graph.nodes[0].weight_scale, 1.5 * frozen.nodes[0].weight_scale)
    assert np.abs(graph.nodes[0].weight).max() == 85  # 127 / 1.5: 42 steps to the rail
    assert np.array_equal(graph.nodes[1].weight, frozen.nodes[1].weight)


def test_constant_calibration() -> None:
    net = network(nn.Conv2d(2, 3, 3), nn.ReLU(), nn.Flatten(), nn.Linear(36, 4))
    for value in (0.0, 3.0, -2.0):
        x = np.full((4, 6, 5, 2), value)
        graph = quantize(net.graph(), FROZEN, x)
        q = to_int8(x, graph.quant[graph.input])
        back = (q - graph.quant[graph.input].zero_point) * graph.quant[graph.input].scale
        np.testing.assert_allclose(back, x)
        with torch.no_grad():
            exact = net.module(torch.full((1, 2, 6, 5), value, dtype=torch.float64)).numpy()[0]
        got = integer_activations(graph, q)[graph.output][0].ravel() / 16
        # constant images leave only the weights' rounding: 127 steps on each of up to 36 terms of either layer
        assert np.abs(got - exact).max() <= 0.1 * (1 + np.abs(exact).max())


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_calibration_that_is_not_finite(bad: float) -> None:
    net = network(nn.Conv2d(2, 3, 3), nn.Flatten(), nn.Linear(36, 4))
    _, x = net.samples(4, 0)
    x[2, 1, 1, 0] = bad
    with pytest.raises(ModelError, match="tensor input is not finite on the calibration samples"):
        quantize(net.graph(), FROZEN, x)


def test_a_weight_that_is_not_finite() -> None:
    net = network(nn.Conv2d(2, 3, 3), nn.Flatten(), nn.Linear(36, 4))
    with torch.no_grad():
        net.module[2].weight[0, 0] = torch.nan
    _, x = net.samples(4, 0)
    with pytest.raises(ModelError, match="not finite"):
        quantize(net.graph(), FROZEN, x)


@pytest.mark.parametrize("shape", [(4, 6, 5), (4, 2, 6, 5), (0, 6, 5, 2), (4, 5, 6, 2)])
def test_calibration_of_the_wrong_shape(shape: tuple[int, ...]) -> None:
    net = network(nn.Conv2d(2, 3, 3), nn.Flatten(), nn.Linear(36, 4))
    with pytest.raises(ModelError, match="do not fit the network's input"):
        quantize(net.graph(), FROZEN, np.zeros(shape))


def test_a_layer_whose_sum_could_overflow_is_refused() -> None:
    inside = 33_000  # 127 * 255 * 33 154 = 2^30
    for features, fits in ((inside, True), (34_000, False)):
        net = Network(nn.Sequential(nn.Flatten(), nn.Linear(features, 2)).double().eval(), (features, 1))
        x = np.zeros((1, 1, 1, features))
        if fits:
            quantize(net.graph(), FROZEN, x)
        else:
            with pytest.raises(ModelError, match=r"node 1.*overflow"):
                quantize(net.graph(), FROZEN, x)
