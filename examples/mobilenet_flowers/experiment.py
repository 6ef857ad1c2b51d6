"""How well a device learns new classes from a few pictures of each, beside float32 training of its classifier."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from os import cpu_count
from pathlib import Path

import numpy as np
import torch

from examples.mobilenet_flowers.images import Pictures
from tinyfl.boards.native_net import NativeNet
from tinyfl.compiler.bundle import Bundle
from tinyfl.compiler.float_twin import FloatTwin
from tinyfl.compiler.sample_order import epoch_order
from tinyfl.types import FloatArray, Graph, IntArray, UpdateScheme

_BATCH = 16  # pictures a forward pass of the float network holds


@dataclass(frozen=True)
class Task:
    """A network with a fresh classifier, compiled, and what it is to learn."""

    graph: Graph
    scheme: UpdateScheme
    bundle: Bundle
    library: Path
    pictures: Pictures


def compare(
    task: Task, labels: Sequence[int], seeds: int, epochs: int, advance: Callable[[], None]
) -> dict[int, FloatArray]:
    """Accuracies [seed, (integer C, float32)] by labels a class; ``advance`` is called after each.

    Both arms start from the same classifier and see the same pictures in the same order at the same rate.
    """
    twin = FloatTwin(task.graph, task.scheme, 0.0)
    learn_features = float_features(twin, task.pictures.x)
    test_features = float_features(twin, task.pictures.test_x)
    samples, tests = (task.bundle.quantize_input(x) for x in (task.pictures.x, task.pictures.test_x))

    def run(pair: tuple[int, int]) -> tuple[float, float]:
        per_class, seed = pair
        chosen = task.pictures.draw(per_class, seed)
        y = task.pictures.y[chosen]
        integer = integer_accuracy(task, samples[chosen], y, seed, epochs, tests)
        floats = float_accuracy(task, learn_features[chosen], y, seed, epochs, test_features)
        advance()
        return integer, floats

    pairs = [(per_class, seed) for per_class in labels for seed in range(seeds)]
    with ThreadPoolExecutor(cpu_count()) as pool:  # the C runs outside Python's lock
        rows = np.array(list(pool.map(run, pairs))).reshape(len(labels), seeds, 2)
    return dict(zip(labels, rows, strict=True))


def integer_accuracy(task: Task, samples: IntArray, y: IntArray, seed: int, epochs: int, tests: IntArray) -> float:
    """Accuracy of the generated C after it has learned ``samples``."""
    device = NativeNet(task.library, seed)
    for epoch in range(epochs):
        device.learn(samples, y, epoch_order(seed, 1, epoch, len(y)))
    return device.accuracy(tests, task.pictures.test_y)


def float_features(twin: FloatTwin, x: FloatArray) -> torch.Tensor:
    """What the float32 network hands its classifier, [N, C, 1, 1]: its frozen part runs once a picture."""
    last = len(twin.graph.nodes) - 1
    name = twin.graph.nodes[last].inputs[0]
    images = torch.from_numpy(x).float().permute(0, 3, 1, 2)
    with torch.no_grad():
        batches = (images[i : i + _BATCH] for i in range(0, len(images), _BATCH))
        parts = [twin.run({twin.graph.input: batch}, 0, last)[name] for batch in batches]
    return torch.cat(parts)


def float_accuracy(
    task: Task, features: torch.Tensor, y: IntArray, seed: int, epochs: int, tests: torch.Tensor
) -> float:
    """Accuracy of the float32 classifier after the same steps."""
    twin = FloatTwin(task.graph, task.scheme, task.bundle.program.learning_rate)
    last = len(task.graph.nodes) - 1
    name = task.graph.nodes[last].inputs[0]
    for epoch in range(epochs):
        for i in epoch_order(seed, 1, epoch, len(y)):
            twin.descend(twin.scores({name: features[i : i + 1]}, last), torch.tensor([int(y[i])]))
    with torch.no_grad():
        guesses = twin.scores({name: tests}, last).argmax(1).numpy()
    return float((guesses == task.pictures.test_y).mean())
