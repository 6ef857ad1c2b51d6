"""Update schemes: their notation, what is refused, and what a scheme does to a compiled network."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from networks import Network, compile_network, networks, randomise, schemes
from torch import nn

from tinyfl.compiler.interpret import Interpreter
from tinyfl.compiler.scheme import check_scheme, last_layers, parse_scheme
from tinyfl.errors import SchemeError
from tinyfl.ops import OPS
from tinyfl.types import Graph, LayerUpdate, UpdateScheme


def network() -> Network:
    layers = [nn.Conv1d(2, 4, 3), nn.ReLU(), nn.Conv1d(4, 4, 3, groups=4), nn.ReLU(), nn.Conv1d(4, 6, 1)]
    return Network(randomise(nn.Sequential(*layers, nn.Flatten(), nn.Linear(24, 3)), 0), (2, 8))


@pytest.fixture(scope="module")
def graph() -> Graph:
    return network().graph()


class TestNotation:
    def test_last(self, graph: Graph) -> None:
        assert parse_scheme("last:2", graph) == UpdateScheme(
            (LayerUpdate("4", 1.0, True, True), LayerUpdate("6", 1.0, True, False))
        )
        assert parse_scheme("last:2", graph) == last_layers(graph, 2)
        assert parse_scheme("last:4", graph) == parse_scheme("full", graph)

    def test_full_trains_every_layer_and_keeps_the_classifier_personal(self, graph: Graph) -> None:
        scheme = parse_scheme("full", graph)
        assert [(u.node, u.ratio, u.bias, u.shared) for u in scheme.layers] == [
            ("0", 1.0, True, True),
            ("2", 1.0, True, True),
            ("4", 1.0, True, True),
            ("6", 1.0, True, False),
        ]

    def test_file(self, graph: Graph, tmp_path: Path) -> None:
        path = tmp_path / "scheme.toml"
        path.write_text(
            '[[layer]]\nnode = "0"\nweights = 0.5\n'
            '[[layer]]\nnode = "2"\nweights = 1\nbias = false\nshared = false\n'
            '[[layer]]\nnode = "4"\n'
            '[[layer]]\nnode = "6"\nweights = 0.25\n'
        )
        assert parse_scheme(str(path), graph) == UpdateScheme(
            (
                LayerUpdate("0", 0.5, True, True),
                LayerUpdate("2", 1.0, False, False),
                LayerUpdate("4", 0.0, True, True),
                LayerUpdate("6", 0.25, True, False),
            )
        )

    def test_file_may_share_the_classifier(self, graph: Graph, tmp_path: Path) -> None:
        path = tmp_path / "scheme.toml"
        path.write_text('[[layer]]\nnode = "6"\nweights = 1.0\nshared = true\n')
        assert parse_scheme(str(path), graph).layers[0].shared

    @pytest.mark.parametrize("spec", ["last:0", "last:5", "last:-1", "last:", "last:x", "last:1.5"])
    def test_impossible_counts(self, graph: Graph, spec: str) -> None:
        with pytest.raises(SchemeError, match="K from 1 to 4"):
            parse_scheme(spec, graph)

    @pytest.mark.parametrize("spec", ["", "first:1", "nowhere.toml"])
    def test_neither_name_nor_file(self, graph: Graph, spec: str) -> None:
        with pytest.raises(SchemeError, match="neither last:K, full, lora:R nor a file"):
            parse_scheme(spec, graph)


FILES = {
    "not TOML": ("[[layer]\n", "cannot be read"),
    "not UTF-8": (b"\xff\xfe\x00", "cannot be read"),
    "nothing": ("", "trains nothing"),
    "no node": ("[[layer]]\nweights = 1.0\n", "add node"),
    "unknown key": ('[[layer]]\nnode = "0"\nweigths = 1.0\n', "remove weigths"),
    "unknown table": ('[[layers]]\nnode = "0"\n', "layers"),
    "unknown node": ('[[layer]]\nnode = "9"\n', "names '9'; the trainable layers are 0, 2, 4, 6"),
    "node that is no layer": ('[[layer]]\nnode = "1"\n', "names '1'"),
    "too much": ('[[layer]]\nnode = "0"\nweights = 1.5\n', "not between 0 and 1"),
    "negative": ('[[layer]]\nnode = "0"\nweights = -0.1\n', "not between 0 and 1"),
    "nan": ('[[layer]]\nnode = "0"\nweights = nan\n', "not between 0 and 1"),
    "part of a depthwise layer": ('[[layer]]\nnode = "2"\nweights = 0.5\n', "depthwise"),
    "neither weights nor bias": ('[[layer]]\nnode = "0"\nbias = false\n', "neither weights nor bias"),
    "twice": ('[[layer]]\nnode = "0"\n[[layer]]\nnode = "0"\n', "twice"),
    "weights of text": ('[[layer]]\nnode = "0"\nweights = "all"\n', "weights"),
    "shared of text": ('[[layer]]\nnode = "0"\nshared = "false"\n', "shared"),
    "bias of a number": ('[[layer]]\nnode = "0"\nbias = 1\n', "bias"),
    "node of a number": ("[[layer]]\nnode = 0\n", "node"),
    "a single table": ('[layer]\nnode = "0"\n', r"\[\[layer\]\]"),
    "a number": ("layer = 3\n", r"\[\[layer\]\]"),
    "numbers": ("layer = [1, 2]\n", r"\[\[layer\]\]"),
}


@pytest.mark.parametrize("name", FILES)
def test_files_that_are_refused(graph: Graph, name: str, tmp_path: Path) -> None:
    text, message = FILES[name]
    path = tmp_path / "scheme.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(SchemeError, match=message) as info:
        parse_scheme(str(path), graph)
    assert "\n" not in str(info.value)


@settings(max_examples=30, deadline=None, derandomize=True)
@given(st.data(), networks())
def test_a_scheme_trains_what_it_says(data: st.DataObject, network: Network) -> None:
    """Every byte that changes in training belongs to a layer of the scheme, and its leading input channels."""
    graph = network.graph()
    scheme = data.draw(schemes(graph))
    check_scheme(scheme, graph)
    bundle = compile_network(network, scheme, calibration=8, learning_rate=0.5)
    expected = 0
    for update in scheme.layers:
        node = next(n for n in graph.nodes if n.name == update.node)
        assert node.weight is not None
        per_channel = node.weight.size if node.op == "depthwise" else node.weight.size // node.weight.shape[3]
        channels = 1 if node.op == "depthwise" else max(1, int(node.weight.shape[3] * update.ratio + 0.5))
        trained = per_channel * channels if update.ratio else 0
        counts = {t.is_bias: t.count for t in bundle.tensors if t.name.rsplit(".", 1)[0] == update.node}
        assert counts.get(False, 0) == trained
        assert counts.get(True, 0) == (node.bias.size if update.bias else 0)
        assert all(t.shared == update.shared for t in bundle.tensors if t.name.rsplit(".", 1)[0] == update.node)
        expected += trained
    assert sum(t.count for t in bundle.tensors if not t.is_bias) == expected
    space = bundle.space
    assert space.size == sum(t.count for t in bundle.tensors if t.shared)
    assert [t.start for t in space.tensors] == list(np.cumsum([0, *(t.count for t in space.tensors)])[:-1])


def trained(network: Network, scheme: UpdateScheme, lr_shift: int = 0, steps: int = 12) -> Interpreter:
    bundle = compile_network(network, scheme, calibration=16, learning_rate=2.0**-3)
    x = bundle.quantize_input(network.samples(steps, 4)[1])
    machine = Interpreter(bundle.program, 11, lr_shift)
    for i in range(steps):
        machine.train_step(x[i], i % bundle.classes)
    return machine


@settings(max_examples=10, deadline=None, derandomize=True)
@given(st.data(), networks())
def test_sharing_changes_the_layout_and_not_the_arithmetic(data: st.DataObject, network: Network) -> None:
    scheme = data.draw(schemes(network.graph()))
    turned = UpdateScheme(tuple(replace(u, shared=not u.shared) for u in scheme.layers))
    a, b = trained(network, scheme), trained(network, turned)
    assert a.planes() == b.planes()
    assert a.saturated == b.saturated


def test_a_bias_only_scheme_leaves_every_weight(graph: Graph) -> None:
    names = [n.name for n in graph.nodes if OPS[n.op].parametrised]
    machine = trained(network(), UpdateScheme(tuple(LayerUpdate(n) for n in names)))
    w, f, b = machine.planes()
    assert (w, f) == (b"", b"")
    assert b != Interpreter(machine.program).planes()[2]


def test_the_rate_shift_halves_one_step() -> None:
    scheme = UpdateScheme((LayerUpdate("4", 1.0), LayerUpdate("6", 1.0)))
    start = Interpreter(compile_network(network(), scheme, calibration=16).program).masters()[0]
    whole, half = (start - trained(network(), scheme, shift, steps=1).masters()[0] for shift in (1, 2))
    assert np.abs(whole).max() > 50
    assert np.abs(whole - 2 * half).max() <= 3  # one rounding of the whole, two of the half
