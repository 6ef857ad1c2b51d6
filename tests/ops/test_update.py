"""The update of weights and biases: its mean, its rails, its reach."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from single_layer import LEARNING_RATE, layer, random_step, rates

from tinyfl.ops import weighted
from tinyfl.ops.arith import counter_base
from tinyfl.types import FloatArray, Int8Node, IntArray, QuantParams, Window

WINDOWS = {
    "conv": Window(5, 4, 6, 3, 2, 4, 3, 2, 2, 2, 1, 0),
    "conv groups": Window(4, 4, 6, 4, 4, 4, 3, 3, 1, 1, 1, 1, 2),
    "pointwise": Window(4, 4, 8, 4, 4, 5),
    "linear": Window(1, 1, 40, 1, 1, 6),
    "depthwise": Window(5, 5, 6, 5, 5, 6, 3, 3, 1, 1, 1, 1, 6),
}
NODES = [*WINDOWS]


def operator_of(name: str) -> str:
    return {"conv groups": "conv", "linear": "pointwise"}.get(name, name)


def loops(n: Int8Node, grad: IntArray, x: IntArray) -> tuple[IntArray, IntArray]:
    """Sums a of NUMERICS section 6 for weights and biases, by the loops of the text."""
    win = n.window
    assert win is not None
    assert n.weight is not None
    a = np.zeros(n.weight.shape, np.int64)
    zero = n.input_quant[0].zero_point
    in_group, out_group = win.in_c // win.groups, win.out_c // win.groups
    for oy in range(win.out_h):
        for ox in range(win.out_w):
            for ky in range(win.kernel_h):
                for kx in range(win.kernel_w):
                    y = oy * win.stride_h + ky - win.pad_top
                    at = ox * win.stride_w + kx - win.pad_left
                    if not (0 <= y < win.in_h and 0 <= at < win.in_w):
                        continue
                    for c in range(win.out_c):
                        if n.op == "depthwise":
                            a[ky, kx, c] += grad[0, oy, ox, c] * (x[0, y, at, c] - zero)
                            continue
                        for i in range(in_group):
                            channel = c // out_group * in_group + i
                            a[c, ky, kx, i] += grad[0, oy, ox, c] * (x[0, y, at, channel] - zero)
    return a, grad.sum(axis=(0, 1, 2))


def exact_step(n: Int8Node, a: IntArray, exponent: int, bias: bool = False) -> FloatArray:
    """Change in Q8.8 units (bias: in units) that plain SGD on the real parameters asks for."""
    sx, sw = n.input_quant[0].scale, n.weight_scale
    assert sw is not None
    real = a * 2.0**-exponent
    if bias:
        return LEARNING_RATE * real / (sx * sw)
    scale = sw if n.op == "depthwise" else sw[:, None, None, None]
    return LEARNING_RATE * real * sx / scale * 256


@pytest.mark.parametrize("name", NODES)
def test_the_mean_over_many_steps_is_plain_sgd(name: str) -> None:
    """The mean of N roundings is within 0.5 / sqrt(N) standard deviations; five, and 15-bit constants."""
    rng = np.random.default_rng(1)
    n = layer(operator_of(name), WINDOWS[name], rng)
    grad, x = random_step(n, rng)
    op, g, exponent, bias_exponent, count = weighted(n.op), rates(n), 17, 11, 2000
    master, a = n.weight * 256, loops(n, grad, x)
    weights, biases = np.zeros(n.weight.shape), np.zeros(n.bias.shape)
    for step in range(count):
        base = counter_base(9, step, n.index)
        weights += master - op.update_weight(n, g, master, exponent, base, grad, x)
        biases += n.bias - op.update_bias(n, g, n.bias, bias_exponent, base, grad)
    for mean, exact in (
        (weights / count, exact_step(n, a[0], exponent)),
        (biases / count, exact_step(n, a[1], bias_exponent, bias=True)),
    ):
        assert np.abs(exact).max() > 0.5
        np.testing.assert_allclose(mean, exact, rtol=2.0**-13, atol=5 * 0.5 / np.sqrt(count) + 2.0**-9)


@settings(max_examples=30, deadline=None, derandomize=True)
@given(st.sampled_from(NODES), st.integers(0, 2**31), st.integers(5, 30))
def test_one_step_is_within_one_unit_of_plain_sgd(name: str, seed: int, exponent: int) -> None:
    rng = np.random.default_rng(seed)
    n = layer(operator_of(name), WINDOWS[name], rng, input_quant=QuantParams(0.05, int(rng.integers(-128, 128))))
    grad, x = random_step(n, rng)
    a, g, base = loops(n, grad, x), rates(n), counter_base(seed, 0, n.index)
    master = weighted(n.op).update_weight(n, g, n.weight * 256, exponent, base, grad, x)
    bias = weighted(n.op).update_bias(n, g, n.bias, exponent, base, grad)
    exact = exact_step(n, a[0], exponent)
    expected = np.clip(n.weight * 256 - exact, -32512, 32512)
    assert (np.abs(master - expected) <= 1.01 + np.abs(exact) * 2.0**-14).all()
    exact = exact_step(n, a[1], exponent, bias=True)
    assert (np.abs(bias - (n.bias - exact)) <= 1.01 + np.abs(exact) * 2.0**-14).all()


@pytest.mark.parametrize("name", NODES)
def test_no_gradient_no_drift(name: str) -> None:
    rng = np.random.default_rng(2)
    n = layer(operator_of(name), WINDOWS[name], rng)
    grad, x = random_step(n, rng)
    master, bias = n.weight * 256 + rng.integers(-128, 128, n.weight.shape), n.bias
    for step in range(200):
        base = counter_base(4, step, n.index)
        exponent = int(rng.integers(-5, 60))
        assert np.array_equal(weighted(n.op).update_weight(n, rates(n), master, exponent, base, 0 * grad, x), master)
        assert np.array_equal(weighted(n.op).update_bias(n, rates(n), bias, exponent, base, 0 * grad), bias)


@pytest.mark.parametrize("name", NODES)
def test_a_gradient_of_either_sign_drifts_neither_way(name: str) -> None:
    """Steps with a gradient and its negative cancel on average: what is left is a random walk."""
    rng = np.random.default_rng(3)
    n = layer(operator_of(name), WINDOWS[name], rng)
    grad, x = random_step(n, rng)
    master, count = n.weight * 256, 1000
    for step in range(count):
        base = counter_base(4, step, n.index)
        sign = 1 if step % 2 else -1
        master = weighted(n.op).update_weight(n, rates(n), master, 20, base, sign * grad, x)
    drift = (master - n.weight * 256) / np.sqrt(count)
    assert np.abs(drift).max() <= 0.5 * 5
    assert abs(drift.mean()) <= 0.5 * 5 / np.sqrt(drift.size)


@pytest.mark.parametrize("name", NODES)
@pytest.mark.parametrize("sign", [1, -1])
def test_weights_and_biases_stop_at_their_rails(name: str, sign: int) -> None:
    rng = np.random.default_rng(5)
    n = layer(operator_of(name), WINDOWS[name], rng, input_quant=QuantParams(0.05, -128))
    x = np.full((1, *n.window.in_shape), 127)
    grad = np.full((1, *n.window.out_shape), sign * 127)
    master, bias = n.weight * 256, np.full(n.bias.shape, -sign * ((1 << 30) - 1))
    for step in range(3):
        base = counter_base(1, step, n.index)
        master = weighted(n.op).update_weight(n, rates(n), master, -4, base, grad, x)
        bias = weighted(n.op).update_bias(n, rates(n), bias, -4, base, grad)
        assert (master == -sign * 32512).all()
        assert (bias == -sign * (1 << 30)).all()


@pytest.mark.parametrize("name", NODES)
def test_one_more_bit_of_exponent_halves_the_step(name: str) -> None:
    """The learning rate's shift is added to the exponent."""
    rng = np.random.default_rng(6)
    n = layer(operator_of(name), WINDOWS[name], rng)
    grad, x = random_step(n, rng)
    zero = 0 * n.weight

    def step(exponent: int) -> IntArray:
        return weighted(n.op).update_weight(n, rates(n), zero, exponent, 77, grad, x)

    for exponent in (8, 10, 13):
        whole, half = step(exponent), step(exponent + 1)
        inside = np.abs(whole) < 32512
        assert inside.any()
        assert (np.abs(whole - 2 * half) <= 3)[inside].all()  # one rounding of the whole, two of the half


@pytest.mark.parametrize("name", ["conv", "conv groups", "pointwise", "linear"])
def test_a_sub_channel_update_is_the_leading_part_of_the_whole(name: str) -> None:
    rng = np.random.default_rng(7)
    whole = layer(operator_of(name), WINDOWS[name], rng)
    grad, x = random_step(whole, rng)
    op, g, master = weighted(whole.op), rates(whole), whole.weight * 256
    expected = op.update_weight(whole, g, master, 12, 5, grad, x)
    for channels in range(1, whole.weight.shape[3]):
        part = replace(whole, trained_in_c=channels)
        got = op.update_weight(part, g, master[..., :channels], 12, 5, grad, x)
        assert np.array_equal(got, expected[..., :channels])
