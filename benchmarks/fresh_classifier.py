"""How far a fresh classifier's weights grow, and what room for it costs: a table over headrooms.

    python benchmarks/fresh_classifier.py ../shared/models/mcunet-5fps.tflite ../shared/data/flowers12_224_jpeg.npz

The classifier alone learns on the frozen network's int8 features, one sample a step, in the integers of the device.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from benchmarks.litert_difference import images, imported
from tinyfl.compiler import classifier
from tinyfl.compiler.frontends.tflite import import_tflite
from tinyfl.compiler.gradients import integer_activations
from tinyfl.compiler.interpret import Interpreter
from tinyfl.compiler.pipeline import compile_graph
from tinyfl.compiler.scheme import last_layers
from tinyfl.types import Graph, IntArray

STEPS = 3000
HEADROOMS = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("network", type=Path)
    parser.add_argument("images", type=Path, help="NPZ file with jpeg, offset, y and is_test")
    parser.add_argument("--rate", type=float, default=2.0**-6)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1])
    options = parser.parse_args()
    with np.load(options.images) as archive:
        y, test = archive["y"].astype(np.int64), archive["is_test"]
    graph = import_tflite(options.network)
    features = frozen_features(options.network, options.images, len(y))
    print("headroom  accuracy  largest/start  on the rail")
    for headroom in HEADROOMS:
        classifier.FRESH_HEADROOM = headroom
        rows = np.array([learned(graph, features, y, test, options.rate, seed) for seed in options.seeds])
        accuracy, largest, rail = rows.mean(axis=0)
        print(f"{headroom:8.0f}  {accuracy:8.3f}  {largest * headroom:13.2f}  {rail:11.4f}")


def frozen_features(network: Path, pictures: Path, count: int) -> IntArray:
    """What the classifier reads, for every picture."""
    graph = imported(network)
    samples, inner = images(graph, pictures, count), graph.nodes[-1].inputs[0]
    parts = [integer_activations(graph, samples[i : i + 8])[inner] for i in range(0, count, 8)]
    return np.concatenate(parts)


def learned(
    graph: Graph, features: IntArray, y: IntArray, test: IntArray, rate: float, seed: int
) -> tuple[float, float, float]:
    """Accuracy on the test pictures; largest weight as a share of the rail, and the share of weights at it."""
    whole = classifier.with_classes(graph, int(y.max()) + 1, seed)
    head = whole.nodes[-1]
    inner = head.inputs[0]
    shapes = {inner: whole.shapes[inner], whole.output: whole.shapes[whole.output]}
    alone = Graph((head,), shapes, inner, whole.output, {inner: whole.quant[inner]})
    q = whole.quant[inner]
    rows = np.flatnonzero(test == 0)
    real = (features[rows] - q.zero_point) * q.scale
    bundle = compile_graph(alone, last_layers(alone, 1), real, y[rows], learning_rate=rate)
    machine = Interpreter(bundle.program, seed)
    for i in np.random.default_rng(seed).choice(rows, STEPS):
        machine.train_step(features[i], int(y[i]))
    weights = np.abs(machine.masters()[0]) / 256
    right = machine.logits(features[test]).argmax(axis=1) == y[test]
    return float(right.mean()), float(weights.max() / 127), float((weights >= 126.9).mean())


if __name__ == "__main__":
    main()
