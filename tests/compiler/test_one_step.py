"""Networks that infer step by step: the bits of the window, at every step and for every prefix."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
import torch
from causal_networks import OverSteps, causal_networks, prefix
from device_library import Device
from hypothesis import given, settings
from hypothesis import strategies as st
from networks import Causal, Cut, Network, compile_network, randomise
from sequence_networks import SEQUENCE_NETWORKS, Attending, Last, Sequences, compile_sequences, labels_of, language
from torch import nn

from tinyfl.compiler.bundle import Bundle
from tinyfl.compiler.interpret import Interpreter
from tinyfl.compiler.stream import Stream, find_stream

SPACE = -2


def stream_of(bundle: Bundle) -> Stream:
    found = find_stream(bundle.program, bundle.plan)
    assert isinstance(found, Stream), found
    return found


def whole_scores(machine: Interpreter, x: np.ndarray) -> dict[int, np.ndarray]:
    """What the window x [1, T, C] says of its steps, or of its last one, by step."""
    graph = machine.program.graph
    rows = machine.logits(x[None])[0].reshape(-1, graph.classes)
    return dict(enumerate(rows, x.shape[1] - len(rows)))


def prefix_scores(bundle: Bundle, x: np.ndarray) -> dict[int, np.ndarray]:
    """What the network, as shipped, says at the end of each shorter window that it can be compiled for."""
    shorter = {t: prefix(bundle.program.graph, t) for t in range(1, x.shape[1])}
    programs = {t: replace(bundle.program, graph=graph) for t, graph in shorter.items() if graph is not None}
    return {t - 1: whole_scores(Interpreter(p), x[:, :t])[t - 1] for t, p in programs.items()}


def same_bits(device: Device, x: np.ndarray, scores: dict[int, np.ndarray]) -> None:
    """Streams x [1, T, C] from the start."""
    device.state[:] = 0
    for t in range(x.shape[1]):
        code, logits = device.stream(x[0, t])
        assert code == 0
        if t in scores:
            assert np.array_equal(logits, scores[t]), t


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.data(), causal_networks())
def test_a_stream_has_the_bits_of_windows(data: st.DataObject, network: Sequences) -> None:
    bundle = compile_sequences(network, grad_bits=data.draw(st.sampled_from([8, 16])), count=16)
    most = stream_of(bundle).most
    _, samples = network.samples(2, data.draw(st.integers(0, 99)))
    x = bundle.quantize_input(samples)
    with TemporaryDirectory() as folder:
        device, machine = Device(bundle, Path(folder)), Interpreter(bundle.program)
        assert device.model.stream_bytes == stream_of(bundle).state_bytes
        for sample in x:
            same_bits(device, sample, prefix_scores(bundle, sample) | whole_scores(machine, sample))
        assert device.stream(x[0, 0, 0])[0] == (SPACE if most else 0)
        assert device.guards_hold()


NEEDS_ALL_STEPS = ("attention of three layers", "encoder layer", "products")
CAUSAL = [name for name in SEQUENCE_NETWORKS if not name.startswith(NEEDS_ALL_STEPS)]


@pytest.mark.parametrize("grad_bits", [8, pytest.param(16, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", CAUSAL)
def test_it_streams_with_what_it_has_learnt(name: str, grad_bits: int, tmp_path: Path) -> None:
    network = SEQUENCE_NETWORKS[name]
    bundle = compile_sequences(network, grad_bits=grad_bits)
    _, samples = network.samples(4, 4)
    labels, x = labels_of(network.graph(), samples, 5), bundle.quantize_input(samples)
    device, machine = Device(bundle, tmp_path, 9), Interpreter(bundle.program, 9)
    for i in range(4):
        same_bits(device, x[i], whole_scores(machine, x[i]))
        device.train_step(x[i], labels[i])
        machine.train_step(x[i], labels[i])
    assert device.planes() == machine.planes()
    assert device.guards_hold()


def past_of_nine(steps: int = 12) -> Sequences:
    """A classifier by the last step that sees nine steps: 1 + 2 + 2 * 3."""
    layers = [OverSteps(Causal(3, 6, 3, 1)), nn.ReLU(), OverSteps(Causal(6, 6, 3, 3, 6)), nn.ReLU(), Last()]
    return Sequences(randomise(nn.Sequential(*layers, nn.Linear(6, 4)), 2), steps, 0, 3)


def test_a_stream_without_end_and_training_on_its_own_history(tmp_path: Path) -> None:
    """Behind the steps that the old weights left in the state, it says what the window that ends there says."""
    bundle = compile_sequences(past_of_nine(), grad_bits=8)
    assert stream_of(bundle).most == 0
    assert stream_of(bundle).state_bytes == 4 + (4 + 8) + (4 + 6 * 6)  # each rounded up to words
    device, machine, wide = Device(bundle, tmp_path, 3), Interpreter(bundle.program, 3), 12
    rng = np.random.default_rng(0)
    history = bundle.quantize_input(rng.normal(size=(1, 1, 90, 3)))[0, 0]
    changed = 0
    for t, row in enumerate(history):
        code, logits = device.stream(row)
        assert code == 0
        if t < wide - 1:
            continue
        window = history[None, t - wide + 1 : t + 1]
        if t - changed >= 9:
            assert np.array_equal(logits, machine.logits(window[None])[0]), t
        if t % 30 == 29:
            before = machine.planes()
            device.train_step(window, t % 4)
            machine.train_step(window, t % 4)
            assert device.planes() == machine.planes() != before
            changed = t + 1
    assert device.guards_hold()


def of_steps(*layers: nn.Module, tokens: int = 0) -> Sequences:
    return Sequences(randomise(nn.Sequential(*layers), 1), 8, tokens, 4)


class Flat(nn.Module):
    """All steps as one."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.flatten(1)


class Mean(nn.Module):
    """The mean of all steps."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.transpose(1, 2).mean(2)


NOT_CAUSAL = {
    "attention": (language(Attending(6, "three layers")), "attention .*attends to steps that come later"),
    "matmul": (SEQUENCE_NETWORKS["products gram"], "matmul .*: it needs all steps at once"),
    "flatten": (of_steps(Flat(), nn.Linear(32, 3)), "logits 1: it reads several steps as one"),
    "mean": (of_steps(nn.Linear(4, 4), Mean(), nn.Linear(4, 3)), "avg_pool .*: it needs all steps at once"),
    "same": (
        of_steps(OverSteps(nn.Conv1d(4, 4, 3, padding=1)), nn.Linear(4, 3)),
        "conv 0.module: its window reads 1 steps that come later; pad its beginning",
    ),
    "no padding": (
        of_steps(OverSteps(nn.Conv1d(4, 4, 3)), Last(), nn.Linear(4, 3)),
        "its window reads 2 steps that come later",
    ),
    "stride": (of_steps(OverSteps(nn.Conv1d(4, 4, 2, 2, 1)), Last(), nn.Linear(4, 3)), "it has a stride"),
    "zeros behind": (
        of_steps(OverSteps(nn.Conv1d(4, 4, 3, padding=2)), Last(), nn.Linear(4, 3)),
        "it has zeros behind the last step",
    ),
    "another step": (of_steps(nn.Linear(4, 4), OverSteps(Cut(3, 4)), Flat(), nn.Linear(4, 3)), "keeps step 3 alone"),
    "without a beginning": (
        of_steps(OverSteps(Cut(2, None)), nn.Linear(4, 3)),
        "crop .*: it leaves out the first 2 steps",
    ),
}


@pytest.mark.parametrize("name", NOT_CAUSAL)
def test_what_is_not_causal_says_why(name: str, tmp_path: Path) -> None:
    network, why = NOT_CAUSAL[name]
    bundle = compile_sequences(network)
    found = find_stream(bundle.program, bundle.plan)
    assert isinstance(found, str)
    assert re.search(why, found), found
    model = Device(bundle, tmp_path).model
    assert (bool(model.stream), model.stream_bytes, model.step_bytes) == (False, 0, 0)


def test_images_and_single_steps_have_no_stream() -> None:
    for shape, why in (((2, 4, 4), "its input is an image"), ((4, 1), "its input is a single step")):
        features = int(np.prod(shape))
        image = Network(randomise(nn.Sequential(nn.Flatten(), nn.Linear(features, 3)), 0), shape)
        bundle = compile_network(image)
        assert find_stream(bundle.program, bundle.plan) == why
