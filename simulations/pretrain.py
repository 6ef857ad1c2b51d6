"""Float training on a host: of the shipped network, and of the from-scratch control on a device's few windows.

Single-threaded and seeded, so that a second run gives the same bits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tinyfl.data.dataset import FloatArray, IntArray

if TYPE_CHECKING:
    import torch


Factory = Callable[[int, int, int], "torch.nn.Module"]
"""Takes channels, window length and classes; returns a module [N, channels, length] -> [N, classes]."""

WARM_UP = 0.2  # share of the steps in which the rate rises


@contextmanager
def reproducible(seed: int) -> Iterator[None]:
    """One thread, deterministic kernels and a seeded generator; the caller's settings come back afterwards."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        try:
            yield
        finally:
            torch.use_deterministic_algorithms(False)
            torch.set_num_threads(threads)


@dataclass(frozen=True)
class Recipe:
    """How to train: AdamW with a one-cycle rate; ``augment`` maps a batch [N, C, T] to another."""

    epochs: int
    rate: float
    batch: int = 32
    weight_decay: float = 1e-4
    label_smoothing: float = 0.05
    augment: Callable[[torch.Tensor], torch.Tensor] | None = None


def train_float(
    factory: Factory, x: FloatArray, y: IntArray, classes: int, recipe: Recipe, seed: int
) -> torch.nn.Module:
    """Train a fresh network on windows x [N, T, C] with labels y [N]; returned in eval mode."""
    import torch

    with reproducible(seed):
        module = factory(x.shape[2], x.shape[1], classes)
        inputs = torch.from_numpy(np.ascontiguousarray(x.transpose(0, 2, 1)))
        targets = torch.from_numpy(y)
        starts = range(0, max(1, len(y) - 1), recipe.batch)  # a last batch of one cannot be batch-normalised
        optimiser = torch.optim.AdamW(module.parameters(), lr=recipe.rate, weight_decay=recipe.weight_decay)
        total = recipe.epochs * len(starts)
        # torch divides by zero where the rate rises within exactly one step
        rising = WARM_UP if WARM_UP * total != 1 else 2 / total
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, recipe.rate, total_steps=total, pct_start=rising)
        module.train()
        for _ in range(recipe.epochs):
            order = torch.randperm(len(y))
            for rows in (order[i : i + recipe.batch] for i in starts):
                batch = inputs[rows] if recipe.augment is None else recipe.augment(inputs[rows])
                optimiser.zero_grad()
                loss = torch.nn.functional.cross_entropy(
                    module(batch), targets[rows], label_smoothing=recipe.label_smoothing
                )
                torch.autograd.backward(loss)
                optimiser.step()
                schedule.step()
        return module.eval()


def accuracy(module: torch.nn.Module, x: FloatArray, y: IntArray) -> float:
    """Share of windows x [N, T, C] that the module classifies as y [N]."""
    import torch

    with reproducible(0), torch.no_grad():
        scores = module(torch.from_numpy(np.ascontiguousarray(x.transpose(0, 2, 1))))
    return float((scores.argmax(1).numpy() == y).mean())
