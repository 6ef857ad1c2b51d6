"""Float training on a host: of the shipped network, and of the from-scratch control on a device's few windows.

Single-threaded and seeded, so that a second run gives the same bits.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np

from simulations.networks import Factory
from tinyfl.data.dataset import FloatArray, IntArray

if TYPE_CHECKING:
    import torch

BATCH = 32


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


def train_float(
    factory: Factory, x: FloatArray, y: IntArray, classes: int, *, epochs: int, rate: float, seed: int
) -> torch.nn.Module:
    """Train a fresh network on windows x [N, T, C] with labels y [N]: Adam, one-cycle rate, cross-entropy."""
    import torch

    with reproducible(seed):
        module = factory(x.shape[2], x.shape[1], classes)
        inputs = torch.from_numpy(np.ascontiguousarray(x.transpose(0, 2, 1)))
        targets = torch.from_numpy(y)
        batch = min(BATCH, len(y))
        steps = -(-len(y) // batch)
        optimiser = torch.optim.Adam(module.parameters(), lr=rate)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, rate, total_steps=epochs * steps)
        module.train()
        for _ in range(epochs):
            order = torch.randperm(len(y))
            for rows in (order[i : i + batch] for i in range(0, len(order), batch)):
                if len(rows) < 2 <= len(y):  # a batch norm cannot normalise one window
                    schedule.step()
                    continue
                optimiser.zero_grad()
                loss = torch.nn.functional.cross_entropy(module(inputs[rows]), targets[rows])
                torch.autograd.backward(loss)
                optimiser.step()
                schedule.step()
        return copy.deepcopy(module).eval()


def accuracy(module: torch.nn.Module, x: FloatArray, y: IntArray) -> float:
    """Share of windows x [N, T, C] that the module classifies as y [N]."""
    import torch

    with reproducible(0), torch.no_grad():
        scores = module(torch.from_numpy(np.ascontiguousarray(x.transpose(0, 2, 1))))
    return float((scores.argmax(1).numpy() == y).mean())
