"""The generated C, run with the real kernels, against the interpreter: equal in every bit."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from device_library import Device
from hypothesis import given, settings
from hypothesis import strategies as st
from networks import Combined, Network, Residual, compile_network, networks, randomise, schemes
from torch import nn

from tinyfl.compiler.bundle import Bundle
from tinyfl.compiler.interpret import Interpreter
from tinyfl.types import LayerUpdate, UpdateScheme


def assert_same(bundle: Bundle, seed: int, lr_shift: int, steps: int, reach: float) -> Interpreter:
    """Trains both on the same random samples and labels; ``reach`` > 1 leaves the calibrated input range."""
    rng = np.random.default_rng(seed)
    shape = bundle.program.graph.shapes[bundle.program.graph.input]
    x = bundle.quantize_input(rng.normal(size=(steps, *shape)) * reach)
    machine = Interpreter(bundle.program, seed, lr_shift)
    with TemporaryDirectory() as folder:
        device = Device(bundle, Path(folder), seed, lr_shift)
        for i in range(steps):
            label = int(rng.integers(bundle.classes))
            assert device.train_step(x[i], label) == machine.train_step(x[i], label), i
            assert device.planes() == machine.planes(), i
            assert np.array_equal(
                device.logits(x[i - 1]), machine.logits(x[i - 1 : i])[0] if i else device.logits(x[-1])
            )
        assert device.net.saturated == machine.saturated
        assert device.net.step == machine.step == steps
        assert device.guards_hold()
        assert_same_description(device, bundle)
    return machine


def assert_same_description(device: Device, bundle: Bundle) -> None:
    m = device.model
    assert (m.network_id, m.scheme_id) == (bundle.network_id, bundle.scheme_id)
    assert (m.input_bytes, m.classes) == (bundle.input_bytes, bundle.classes)
    assert m.arena_bytes == bundle.plan.arena_bytes
    rows = [(t.offset, t.count, bool(t.is_bias), bool(t.is_shared)) for t in m.tensors[: m.tensor_count]]
    assert rows == [(t.offset, t.count, t.is_bias, t.shared) for t in bundle.tensors]
    assert sum(count for _, count, is_bias, _ in rows if not is_bias) == m.trained_weights
    assert sum(count for _, count, is_bias, _ in rows if is_bias) == m.trained_biases


def check_random(data: st.DataObject, network: Network) -> None:
    bundle = compile_network(
        network,
        data.draw(schemes(network.graph())),
        grad_bits=data.draw(st.sampled_from([8, 16])),
        learning_rate=2.0 ** data.draw(st.integers(-8, -2)),
        calibration=16,
    )
    assert_same(
        bundle,
        data.draw(st.integers(0, 2**32 - 1)),
        data.draw(st.integers(-3, 3)),
        data.draw(st.integers(10, 30)),
        data.draw(st.sampled_from([0.3, 1.0, 3.0])),
    )


@settings(max_examples=50, deadline=None, derandomize=True)
@given(st.data(), networks())
def test_random_networks(data: st.DataObject, network: Network) -> None:
    check_random(data, network)


@pytest.mark.slow
@settings(max_examples=500, deadline=None)
@given(st.data(), networks(blocks=7))
def test_many_random_networks(data: st.DataObject, network: Network) -> None:
    check_random(data, network)


def small() -> Network:
    layers = [nn.Conv1d(2, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(24, 3)]
    return Network(randomise(nn.Sequential(*layers), 0), (2, 8))


@pytest.mark.parametrize("grad_bits", [8, 16])
@pytest.mark.parametrize("kind", ["sub", "mul", "concat", "add"])
def test_two_branches_whose_gradients_meet_again(kind: str, grad_bits: int) -> None:
    """The first layer alone trains: its gradient comes through both operands, in places that the plan shares."""
    branch, other = nn.Conv1d(4, 4, 3, padding=1, groups=4), nn.ReLU()
    joined = Residual(branch, other, True) if kind == "add" else Combined(branch, other, kind)
    layers = [
        nn.Conv1d(1, 4, 1),
        joined,
        nn.AdaptiveAvgPool1d(1),
        nn.Flatten(),
        nn.Linear(12 if kind == "concat" else 4, 2),
    ]
    network = Network(randomise(nn.Sequential(*layers), 0), (1, 6))
    for update in (LayerUpdate("0", 0.0, True), LayerUpdate("0", 1.0, True)):
        bundle = compile_network(network, UpdateScheme((update,)), grad_bits=grad_bits, learning_rate=0.25)
        assert_same(bundle, 9, 2, 10, 1.0)


@pytest.mark.parametrize("grad_bits", [8, 16])
def test_steps_whose_gradient_vanishes(grad_bits: int, tmp_path: Path) -> None:
    bundle = compile_network(small(), grad_bits=grad_bits, learning_rate=0.5)
    x = bundle.quantize_input(small().samples(1, 9)[1])
    machine, device = Interpreter(bundle.program, 7, -6), Device(bundle, tmp_path, 7, -6)
    certain = 0
    for i in range(400):
        p = machine.train_step(x[0], 2)
        assert device.train_step(x[0], 2) == p
        certain += p == 32768
        assert device.planes() == machine.planes(), i
    assert certain > 100
    assert (device.net.step, device.net.saturated) == (400, machine.saturated)


def test_the_step_counter_wraps(tmp_path: Path) -> None:
    bundle = compile_network(small())
    x = bundle.quantize_input(small().samples(4, 9)[1])
    machine, device = Interpreter(bundle.program, 7), Device(bundle, tmp_path, 7)
    machine.step = device.net.step = 2**32 - 2
    for i in range(4):
        assert device.train_step(x[i], 1) == machine.train_step(x[i], 1)
    assert device.net.step == machine.step == 2
    assert device.planes() == machine.planes()


def test_two_instances_of_one_model_do_not_meet(tmp_path: Path) -> None:
    bundle = compile_network(small())
    x = bundle.quantize_input(small().samples(2, 9)[1])
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    a, b = Device(bundle, tmp_path / "a", 1), Device(bundle, tmp_path / "b", 1)
    untouched = b.planes()
    a.train_step(x[0], 0)
    assert a.planes() != untouched == b.planes()
    b.train_step(x[0], 0)
    assert a.planes() == b.planes()


def test_gradients_that_saturate_are_counted() -> None:
    bundle = compile_network(small(), calibration=2, learning_rate=0.25)
    assert assert_same(bundle, 3, 0, 60, 4.0).saturated > 0


def test_planes_set_on_both_sides(tmp_path: Path) -> None:
    """What a device does with a new base: other masters, the same arithmetic."""
    bundle = compile_network(small(), UpdateScheme((LayerUpdate("0", 0.5), LayerUpdate("3", 1.0, False))))
    machine, device = Interpreter(bundle.program, 5), Device(bundle, tmp_path, 5)
    rng = np.random.default_rng(0)
    weights = rng.integers(-32512, 32513, device.w.size)
    biases = rng.integers(-3000, 3000, device.b.size)
    machine.set_masters(weights, biases)
    device.w[:] = (weights + 128) >> 8
    device.f[:] = weights + 128 - 256 * ((weights + 128) >> 8)
    device.b[:] = biases
    assert device.planes() == machine.planes()
    x = bundle.quantize_input(small().samples(20, 9)[1])
    for i in range(20):
        assert device.train_step(x[i], i % 3) == machine.train_step(x[i], i % 3)
    assert device.planes() == machine.planes()
