"""Low-rank adapters: two factors train beside frozen weights, and nothing else changes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from device_library import Device
from sequence_networks import compile_sequences, double, labels_of, language
from torch import nn

from tinyfl.compiler.adapters import with_adapters
from tinyfl.compiler.interpret import Interpreter
from tinyfl.compiler.quantize import float_activations
from tinyfl.compiler.scheme import parse_scheme, scheme_toml
from tinyfl.errors import SchemeError
from tinyfl.types import LayerUpdate, UpdateScheme

NETWORK = language(nn.Sequential(nn.Linear(6, 12), nn.ReLU(), nn.Linear(12, 6)))


def test_the_network_starts_as_it_was() -> None:
    graph = NETWORK.graph()
    adapted, scheme = with_adapters(graph, parse_scheme("lora:2", graph))
    _, samples = NETWORK.samples(4, 1)
    before, after = float_activations(graph, samples), float_activations(adapted, samples)
    assert np.array_equal(before[graph.output], after[graph.output])
    assert {u.node for u in scheme.layers} == {f"body.{i}.lora_{w}" for i in (0, 2) for w in "ab"}


def test_what_trains_is_the_factors(tmp_path: Path) -> None:
    bundle = compile_sequences(NETWORK, parse_scheme("lora:2", NETWORK.graph()), rate=0.5)
    assert [(t.name, t.count) for t in bundle.tensors] == [
        ("body.0.lora_a.weight", 12),
        ("body.0.lora_b.weight", 24),
        ("body.2.lora_a.weight", 24),
        ("body.2.lora_b.weight", 12),
    ]
    assert bundle.space.size == 72
    _, samples = NETWORK.samples(30, 4)
    x, labels = bundle.quantize_input(samples), labels_of(NETWORK.graph(), samples, 5)
    machine, device = Interpreter(bundle.program, 9), Device(bundle, tmp_path, 9)
    for i in range(len(x)):
        assert device.train_step(x[i], labels[i]) == machine.train_step(x[i], labels[i])
        assert device.planes() == machine.planes()
    changed = machine.masters()[0] != Interpreter(bundle.program).masters()[0]
    assert all(changed[t.offset : t.offset + t.count].any() for t in bundle.tensors)


def test_the_product_of_the_factors_is_what_the_layer_gains() -> None:
    """The adapted network in float equals the plain one whose weights have the product added."""
    graph = NETWORK.graph()
    adapted, _ = with_adapters(graph, UpdateScheme((LayerUpdate("body.0", 0.0, False, True, 3),)))
    rng = np.random.default_rng(0)
    up = rng.normal(size=(12, 1, 1, 3))
    nodes = tuple(replace(n, weight=up) if n.name == "body.0.lora_b" else n for n in adapted.nodes)
    down = next(n.weight for n in adapted.nodes if n.name == "body.0.lora_a")
    gain = (up[:, 0, 0] @ down[:, 0, 0])[:, None, None, :]
    plain = tuple(replace(n, weight=n.weight + gain) if n.name == "body.0" else n for n in graph.nodes)
    _, samples = NETWORK.samples(4, 1)
    a = float_activations(replace(adapted, nodes=nodes), samples)[graph.output]
    b = float_activations(replace(graph, nodes=plain), samples)[graph.output]
    np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-9)


def test_a_scheme_with_adapters_survives_its_file(tmp_path: Path) -> None:
    scheme = parse_scheme("lora:2", NETWORK.graph())
    (tmp_path / "scheme.toml").write_text(scheme_toml(scheme))
    assert parse_scheme(str(tmp_path / "scheme.toml"), NETWORK.graph()) == scheme


@pytest.mark.parametrize(
    ("update", "message"),
    [
        (LayerUpdate("head", 0.0, False, True, 2), "before the classifier"),
        (LayerUpdate("token", 0.0, False, True, 2), "stands beside linear layers"),
        (LayerUpdate("body.0", 0.0, False, True, 6), "from 1 to 5"),
        (LayerUpdate("body.0", 0.0, False, True, -1), "from 1 to 5"),
        (LayerUpdate("body.0", 1.0, False, True, 2), "its own weights are frozen"),
    ],
)
def test_refuses_adapters_that_cannot_be(update: LayerUpdate, message: str) -> None:
    with pytest.raises(SchemeError, match=message):
        compile_sequences(NETWORK, UpdateScheme((update,)))


@pytest.mark.parametrize("spec", ["lora:", "lora:0", "lora:x", "lora:-1"])
def test_refuses_ranks_that_are_none(spec: str) -> None:
    with pytest.raises(SchemeError, match="lora:R"):
        parse_scheme(spec, NETWORK.graph())


def test_a_network_without_linear_layers_has_no_place_for_them() -> None:
    network = replace(NETWORK, module=double(nn.Sequential(nn.Embedding(20, 6), nn.Linear(6, 20))))
    with pytest.raises(SchemeError, match="no linear layer"):
        parse_scheme("lora:2", network.graph())
