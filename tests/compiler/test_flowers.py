"""The benchmark of MCUNet on flowers: its short cut gives the whole network's values, and all its arms learn."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.flower_data import draw, flowers
from benchmarks.flower_lesson import Lesson, Task, prepare
from benchmarks.flowers import ARMS, SCHEME, SCHEMES, run
from tinyfl.boards.native_net import NativeNet, build_native
from tinyfl.compiler.classifier import with_classes
from tinyfl.compiler.gradients import integer_activations
from tinyfl.compiler.quantize import quantize, to_int8
from tinyfl.compiler.schedule import order_nodes

SHARED = Path(__file__).parents[3] / "shared"
MCUNET = SHARED / "models" / "mcunet-5fps.tflite"
FLOWERS = SHARED / "data" / "flowers12_224_jpeg.npz"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not (MCUNET.is_file() and FLOWERS.is_file()),
        reason=f"the network {MCUNET} or the pictures {FLOWERS} are not here",
    ),
]


@pytest.fixture(scope="module")
def task() -> Task:
    return prepare(MCUNET, FLOWERS, SCHEMES)


def test_the_trained_part_gives_the_logits_of_the_whole_network(task: Task) -> None:
    lesson = Lesson(task, 1, 1, 1)
    x = flowers(FLOWERS)[0][:2]
    for scheme in SCHEMES:
        whole = quantize(order_nodes(with_classes(task.network, 12, 1)), task.schemes[scheme], x)
        expected = integer_activations(whole, to_int8(x, whole.quant[whole.input]))[whole.output].reshape(2, -1)
        net = NativeNet(build_native(lesson.compiled(scheme, 2.0**-8)), 1)
        assert np.array_equal(net.logits(task.integers[scheme][:2]), expected)


def test_every_arm_learns(task: Task) -> None:
    for name, result in run(Lesson(task, 1, 2, 3), list(ARMS)).items():
        assert result["accuracy"] > 20, name  # of 12 classes


def test_random_labels_at_a_tiny_rate_leave_the_size_of_weights(task: Task) -> None:
    lesson = Lesson(task, 1, 5, 1)
    net = NativeNet(build_native(lesson.compiled(SCHEME, 2.0**-14)), 1)
    before = np.abs(net.w.astype(float)).sum()
    rng = np.random.default_rng(0)
    chosen = draw(task.data, 5, 18, 1).calibration[:200]
    net.learn(task.integers[SCHEME][chosen], rng.integers(0, 12, 200), list(range(200)))
    after = np.abs(net.w + (net.f - 128.0) / 256).sum()
    assert abs(after / before - 1) < 1e-3
