"""What one device learns of the flowers, in integers and in float32: the same pictures in the same order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import torch

from benchmarks.flower_data import Draw, Labels, draw, flowers
from benchmarks.frozen_prefix import cut, float_values, integer_values, real_values
from tinyfl.boards.native_net import NativeNet, build_native
from tinyfl.compiler.bundle import Bundle
from tinyfl.compiler.classifier import with_classes
from tinyfl.compiler.float_twin import FloatTwin
from tinyfl.compiler.frontends.tflite import import_tflite
from tinyfl.compiler.pipeline import compile_graph
from tinyfl.compiler.sample_order import epoch_order
from tinyfl.compiler.scheme import parse_scheme
from tinyfl.types import Graph, IntArray, UpdateScheme

OTHERS = 18  # pictures of each class for calibration: over 200 together


@dataclass(frozen=True)
class Task:
    """A network with its own classifier, and what the frozen part of each scheme makes of all pictures.

    ``integers`` by scheme and ``floats``, of the first scheme, are [N, H, W, C].
    """

    network: Graph
    data: Labels
    schemes: Mapping[str, UpdateScheme]
    integers: Mapping[str, IntArray]
    floats: torch.Tensor

    def trained_part(self, scheme: str, seed: int) -> Graph:
        """What follows the frozen part, with the fresh classifier of a seed."""
        return cut(with_classes(self.network, self.data.classes, seed), self.schemes[scheme])[1]


def prepare(network: Path, pictures: Path, schemes: tuple[str, ...]) -> Task:
    """Runs the frozen part of each scheme, the deepest first: the next begins where it ends."""
    (x, data), graph = flowers(pictures), import_tflite(network)
    updates = {name: parse_scheme(name, graph) for name in schemes}
    rest, floats = graph, torch.zeros(0)
    integers: dict[str, IntArray] = {}
    for name in schemes:
        prefix, rest = cut(rest, updates[name])
        if not integers:
            floats = float_values(prefix, x)
        integers[name] = integer_values(prefix, x)
        x = real_values(rest, integers[name])
    return Task(graph, data, updates, integers, floats)


@dataclass(frozen=True)
class Lesson:
    """``seed`` decides the pictures, their order, the fresh classifier and the device's random numbers."""

    task: Task
    seed: int
    per_class: int
    epochs: int
    judge_all: bool = False
    """whether every epoch is judged, or the last alone"""
    _bundles: dict[str, Bundle] = field(default_factory=dict, repr=False)

    @property
    def drawn(self) -> Draw:
        """The pictures of this device."""
        return draw(self.task.data, self.per_class, OTHERS, self.seed)

    def compiled(self, scheme: str, learning_rate: float) -> Bundle:
        """The training step, calibrated on pictures that the device has no labels of; compiled once."""
        if scheme not in self._bundles:
            self._bundles[scheme] = self._compile(scheme, learning_rate)
        return self._bundles[scheme]

    def _compile(self, scheme: str, learning_rate: float) -> Bundle:
        graph, chosen = self.task.trained_part(scheme, self.seed), self.drawn.calibration
        x = real_values(graph, self.task.integers[scheme][chosen])
        labels = self.task.data.y[chosen]
        return compile_graph(graph, self.task.schemes[scheme], x, labels, learning_rate=learning_rate)

    def integer(self, scheme: str, bundle: Bundle, judged: IntArray, lr_shift: int = 0) -> tuple[list[float], int]:
        """Accuracy on the pictures ``judged`` after the epochs, and how many gradient elements saturated."""
        net, learned = NativeNet(build_native(bundle), self.seed, lr_shift), self.drawn.labelled
        x, y = self.task.integers[scheme], self.task.data.y
        curve = []
        for epoch, order in self._orders():
            net.learn(x[learned], y[learned], order)
            if self._judges(epoch):
                curve.append(net.accuracy(x[judged], y[judged]))
        return curve, net.saturated

    def float32(self, scheme: str, learning_rate: float, judged: IntArray) -> list[float]:
        """The same by the float twin, for the first scheme of the task."""
        graph, x, y = self.task.trained_part(scheme, self.seed), self.task.floats, self.task.data.y
        twin = FloatTwin(graph, self.task.schemes[scheme], learning_rate)
        curve = []
        for epoch, order in self._orders():
            for i in self.drawn.labelled[order]:
                twin.step(x[i], int(y[i]))
            if self._judges(epoch):
                curve.append(twin.accuracy(x[judged], y[judged]))
        return curve

    def _orders(self) -> list[tuple[int, list[int]]]:
        count = self.per_class * self.task.data.classes
        return [(epoch, epoch_order(self.seed, 1, epoch, count)) for epoch in range(self.epochs)]

    def _judges(self, epoch: int) -> bool:
        return self.judge_all or epoch == self.epochs - 1
