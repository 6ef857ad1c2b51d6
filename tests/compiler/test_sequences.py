"""Networks over sequences: the import computes what torch computes, the C what the interpreter computes."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path

import numpy as np
import pytest
import torch
from device_library import Device
from sequence_networks import SEQUENCE_NETWORKS, Sequences, compile_sequences, labels_of

from tinyfl.compiler.bundle import Bundle
from tinyfl.compiler.float_twin import FloatTwin
from tinyfl.compiler.interpret import Interpreter
from tinyfl.compiler.quantize import float_activations
from tinyfl.errors import ModelError
from tinyfl.ops import OPS
from tinyfl.types import LayerUpdate, UpdateScheme


@pytest.mark.parametrize("name", SEQUENCE_NETWORKS)
def test_the_import_computes_what_torch_computes(name: str) -> None:
    network = SEQUENCE_NETWORKS[name]
    x, samples = network.samples(5, 3)
    with torch.no_grad():
        expected = network.module(x).numpy()
    graph = network.graph()
    got = float_activations(graph, samples)[graph.output].reshape(expected.shape)
    np.testing.assert_allclose(got, expected, rtol=1e-9, atol=1e-9)


def trained(bundle: Bundle, network: Sequences, folder: Path, steps: int = 12) -> None:
    """Trains C and interpreter on the same samples."""
    _, samples = network.samples(steps, 4)
    labels = labels_of(network.graph(), samples, 5)
    x = bundle.quantize_input(samples)
    machine, device = Interpreter(bundle.program, 9), Device(bundle, folder, 9)
    before = machine.planes()
    for i in range(steps):
        assert device.train_step(x[i], labels[i]) == machine.train_step(x[i], labels[i]), i
        assert device.planes() == machine.planes(), i
        assert np.array_equal(device.logits(x[i]), machine.logits(x[i : i + 1])[0])
    assert machine.planes() != before
    assert device.net.saturated == machine.saturated
    assert device.guards_hold()


@pytest.mark.parametrize("grad_bits", [8, 16])
@pytest.mark.parametrize("name", SEQUENCE_NETWORKS)
def test_c_equals_the_interpreter(name: str, grad_bits: int, tmp_path: Path) -> None:
    trained(compile_sequences(SEQUENCE_NETWORKS[name], grad_bits=grad_bits), SEQUENCE_NETWORKS[name], tmp_path)


def test_only_rows_of_tokens_that_occur_change() -> None:
    bundle = compile_sequences(SEQUENCE_NETWORKS["byte"])
    machine = Interpreter(bundle.program, 1)
    table = next(t for t in bundle.tensors if t.name == "token.weight")
    before = machine.masters()[0][table.offset : table.offset + table.count].reshape(256, -1)
    _, samples = SEQUENCE_NETWORKS["byte"].samples(1, 6)
    machine.train_step(bundle.quantize_input(samples)[0], labels_of(SEQUENCE_NETWORKS["byte"].graph(), samples, 1)[0])
    after = machine.masters()[0][table.offset : table.offset + table.count].reshape(256, -1)
    changed = set(np.flatnonzero((before != after).any(axis=1)))
    assert changed
    assert changed <= set(samples.ravel().astype(int))


def test_labels_that_are_not_the_next_tokens_are_refused() -> None:
    bundle = compile_sequences(SEQUENCE_NETWORKS["embedding"])
    _, samples = SEQUENCE_NETWORKS["embedding"].samples(2, 6)
    x = bundle.quantize_input(samples)
    with pytest.raises(ModelError, match="the token after it"):
        bundle.samples(x, np.zeros((2, 7), np.int64))
    labels = labels_of(SEQUENCE_NETWORKS["embedding"].graph(), samples, 1)
    assert bundle.samples(x, labels).shape == (2, 8) == (2, bundle.input_bytes)


@pytest.mark.parametrize("name", SEQUENCE_NETWORKS)
def test_the_float_twin_trains_as_torch_does(name: str) -> None:
    """One step of the twin against one of torch's own SGD on the module; scales and shifts of norms stay."""
    network = SEQUENCE_NETWORKS[name]
    graph, (x, samples) = network.graph(), network.samples(1, 7)
    labels = labels_of(graph, samples, 1)
    layers = [n for n in graph.nodes if OPS[n.op].parametrised and n.op != "depthwise"]
    twin = FloatTwin(graph, UpdateScheme(tuple(LayerUpdate(n.name, 1.0, True) for n in layers)), 0.1)
    twin.step(torch.from_numpy(samples[0]).float(), labels[0])
    module = deepcopy(network.module)
    norms = (torch.nn.LayerNorm, torch.nn.RMSNorm)
    learning = [p for m in module.modules() if not isinstance(m, norms) for p in m.parameters(recurse=False)]
    optimiser = torch.optim.SGD(learning, lr=0.1)
    scores = module(x).reshape(-1, graph.classes)
    torch.nn.functional.cross_entropy(scores, torch.from_numpy(labels.reshape(-1))).backward()
    optimiser.step()
    with torch.no_grad():
        expected = module(x).reshape(-1, graph.classes).numpy()
        got = twin.logits(torch.from_numpy(samples).float()).numpy()
    np.testing.assert_allclose(got, expected, rtol=2e-4, atol=2e-5)
