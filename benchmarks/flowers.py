"""MCUNet-5FPS adapts to 12 kinds of flowers from a few labels of each, one picture a step: integers against float32.

    python -m benchmarks.flowers --seeds 1 2 3 4 5 6 --json flowers.json

Every arm of a seed starts from the same fresh classifier, learns the same pictures in the same order and is judged by
the test pictures. "integer" is the C that `tinyfl compile` writes, built for this machine; "float32" trains the same
scheme of the float network by torch; "QAS off" is the integer kernel without MCUNetV3's 1/s_w^2 in its multipliers, at
the best rate of its own; "last:K" are integer kernels that train the last layers.

`--select SEED` prints accuracies of all arms over rates and epochs, on pictures that are neither learned nor for
testing. What lies before the first layer that trains never changes: it is run once, and the arms train the rest.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import torch

from benchmarks.flower_lesson import Lesson, prepare
from benchmarks.without_qas import without_qas
from tinyfl.types import IntArray

SHARED = Path(__file__).parents[2] / "shared"
SCHEME = "mcunetv3-49k"
SCHEMES = (SCHEME, "last:4", "last:1")
RATE = 2.0**-6
"""of all arms but that without QAS; chosen with --select 100, as are UNSCALED_RATE and EPOCHS"""
UNSCALED_RATE = 2.0**8
EPOCHS = 10
SHIFTS = (-1, 0, 1, 2)

Arm = Callable[[Lesson, IntArray, int], tuple[list[float], int]]
"""Accuracy after the epochs, judged by some pictures, at the arm's rate times 2^-shift; and saturated gradients."""


def float32(lesson: Lesson, judged: IntArray, shift: int) -> tuple[list[float], int]:
    """The float twin."""
    return lesson.float32(SCHEME, RATE * 2.0**-shift, judged), 0


def integer(scheme: str, lesson: Lesson, judged: IntArray, shift: int) -> tuple[list[float], int]:
    """The kernel as compiled."""
    return lesson.integer(scheme, lesson.compiled(scheme, RATE), judged, shift)


def qas_off(lesson: Lesson, judged: IntArray, shift: int) -> tuple[list[float], int]:
    """The kernel with other multipliers; its rates lie further apart."""
    bundle = without_qas(lesson.compiled(SCHEME, RATE), UNSCALED_RATE)
    return lesson.integer(SCHEME, bundle, judged, 2 * shift)


ARMS: Mapping[str, Arm] = {
    "integer": partial(integer, SCHEME),
    "float32": float32,
    "QAS off": qas_off,
    **{scheme: partial(integer, scheme) for scheme in SCHEMES[1:]},
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--network", type=Path, default=SHARED / "models" / "mcunet-5fps.tflite")
    parser.add_argument("--data", type=Path, default=SHARED / "data" / "flowers12_224_jpeg.npz")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3, 4, 5, 6])
    parser.add_argument("--labels", type=int, default=5, help="of each class")
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    parser.add_argument("--arms", nargs="+", default=list(ARMS), choices=list(ARMS))
    parser.add_argument("--select", type=int, metavar="SEED", help="try rates on this seed instead")
    parser.add_argument("--jobs", type=int, default=2, help="seeds at once")
    parser.add_argument("--lr-shift", type=int, default=0, help="divide all rates by 2 so many times (QAS off: by 4)")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(1)
    task = prepare(options.network, options.data, SCHEMES)
    choosing = options.select is not None
    seeds = [options.select] if choosing else options.seeds
    lessons = [Lesson(task, seed, options.labels, options.epochs, choosing) for seed in seeds]
    if choosing:
        select(lessons[0], options.arms)
        return
    rows = measured(lessons, options.arms, options.lr_shift, options.jobs)
    print(table(rows))
    if options.json:
        options.json.write_text(json.dumps({"seeds": seeds, "labels": options.labels, "arms": rows}, indent=2) + "\n")


def select(lesson: Lesson, arms: list[str]) -> None:
    """Prints accuracies in % after every epoch, for each arm and rate."""
    for name in arms:
        for shift in SHIFTS:
            curve, _ = ARMS[name](lesson, lesson.drawn.judged, shift)
            print(f"{name:8} shift {shift:2}: " + " ".join(f"{100 * a:.1f}" for a in curve), flush=True)


def measured(lessons: list[Lesson], arms: list[str], lr_shift: int, jobs: int) -> dict[str, list[dict[str, float]]]:
    """For each arm, seed by seed: what ``run`` says."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # of the processes: more threads than cores only wait
    with ProcessPoolExecutor(jobs, get_context("spawn"), torch.set_num_threads, (1,)) as pool:
        results = list(pool.map(partial(run, arms=arms, lr_shift=lr_shift), lessons))
    return {name: [result[name] for result in results] for name in arms}


def run(lesson: Lesson, arms: list[str], lr_shift: int = 0) -> dict[str, dict[str, float]]:
    """Accuracy in % on the test pictures after the last epoch, and the saturated gradient elements, by arm."""
    test = np.flatnonzero(lesson.task.data.is_test)
    out = {}
    for name in arms:
        curve, saturated = ARMS[name](lesson, test, lr_shift)
        out[name] = {"accuracy": 100 * curve[-1], "saturated": saturated}
    return out


def table(rows: Mapping[str, list[dict[str, float]]]) -> str:
    """Mean and spread of the arms, and what integers lose, seed by seed."""
    of = {name: np.array([r["accuracy"] for r in results]) for name, results in rows.items()}
    count = len(next(iter(of.values())))
    lines = [f"| arm | accuracy on the test pictures, {count} seeds | against float32 |", "|---|---|---|"]
    for name, values in of.items():
        difference = values - of.get("float32", values)
        error = difference.std(ddof=1) / count**0.5
        against = f"{difference.mean():+.2f} ± {error:.2f}" if name != "float32" and "float32" in of else ""
        lines.append(f"| {name} | {values.mean():.2f} ± {values.std(ddof=1):.2f} | {against} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
