"""A real network with the warts of real ones: MCUNet at 128x128, imported, compared with LiteRT and compiled."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.litert_difference import Reference, images
from tinyfl.compiler.classifier import with_classes
from tinyfl.compiler.frontends.tflite import import_tflite
from tinyfl.compiler.frontends.tflite_reader import read_tflite
from tinyfl.compiler.gradients import integer_activations
from tinyfl.compiler.pipeline import compile_graph
from tinyfl.compiler.scheme import last_layers

SHARED = Path(__file__).parents[3] / "shared"
MCUNET = SHARED / "models" / "mcunet-5fps.tflite"
FLOWERS = SHARED / "data" / "flowers12_224_jpeg.npz"

pytestmark = pytest.mark.skipif(not MCUNET.is_file(), reason=f"the network {MCUNET} is not here")


@pytest.fixture(scope="module")
def reference() -> Reference:
    return Reference(MCUNET)


@pytest.mark.parametrize("pictures", [None, FLOWERS])
def test_every_operator_is_within_one_step_of_litert(reference: Reference, pictures: Path | None) -> None:
    if pictures is not None and not pictures.is_file():
        pytest.skip(f"the pictures {pictures} are not here")
    for x in images(reference.graph, pictures, 3):
        values = reference.run(x[None])
        differences = dict(reference.alone(values))
        assert max(d.max() for d in differences.values()) <= 1
        assert np.mean(np.concatenate([d.ravel() for d in differences.values()])) < 0.01
        ours = integer_activations(reference.graph, x[None])
        assert reference.scores(values, ours[reference.graph.output]).mean() < 0.5


def test_the_integers_are_those_of_the_file_where_channels_are_alive(reference: Reference) -> None:
    layers = [op for op in read_tflite(MCUNET).operators if op.kind in ("CONV_2D", "DEPTHWISE_CONV_2D")]
    nodes = [n for n in reference.graph.nodes if n.weight is not None]
    floored = 0
    for op, n in zip(layers, nodes, strict=True):
        axis = 3 if n.op == "depthwise" else 0
        alive = op.inputs[1].scales >= 1e-3 * op.inputs[1].scales.max()
        floored += int((~alive).sum())
        theirs = np.moveaxis(op.inputs[1].data, axis, 0)[alive]
        ours = np.moveaxis(n.weight, 2 if n.op == "depthwise" else 0, 0)[alive]
        assert np.array_equal(ours.ravel(), theirs.ravel())
        assert np.array_equal(n.bias[alive], op.inputs[2].data[alive])
        assert np.array_equal(n.weight_scale[alive], op.inputs[1].scales[alive])
    assert floored == 64


def test_two_compilations_give_the_same_network() -> None:
    graph = with_classes(import_tflite(MCUNET), 12, 0)
    x = np.random.default_rng(0).uniform(-1, 1, (12, 128, 128, 3))
    first, second = (compile_graph(graph, last_layers(graph, 6), x, np.arange(12)) for _ in range(2))
    assert first.network_id == second.network_id
    assert first.plan == second.plan
