"""The gas sensors of Vergara et al. (2012): what a device is told of each batch, and what it is judged on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tinyfl.types import FloatArray, IntArray

CLASSES = 6


@dataclass(frozen=True)
class Part:
    """Samples [N, features], normalised, with their gases [N]."""

    x: FloatArray
    y: IntArray


@dataclass(frozen=True)
class Gas:
    """Batches in the order of time, the first of which the network learned before it was shipped."""

    shipped: Part
    """the earlier half of the first batch, all labelled"""
    told: tuple[Part, ...]
    """of each later batch some samples of each gas, spread over its earlier half"""
    judged: tuple[Part, ...]
    """the later half of each batch, the first one included"""


def load_gas(path: Path, per_class: int) -> Gas:
    """Halves are taken by gas, in the order of the file; ranges are those of the shipped part.

    Responses span four decades and change sign: they are compressed by sign(v) log(1 + |v|), then normalised.
    """
    with np.load(path) as file:
        x, y, batch = file["X"].astype(np.float64), file["y"].astype(np.int64), file["batch"]
    x = np.sign(x) * np.log1p(np.abs(x))
    numbers = np.unique(batch)
    earlier = np.zeros(len(y), bool)
    told = np.zeros(len(y), bool)
    for number in numbers:
        for gas in range(CLASSES):
            rows = np.flatnonzero((batch == number) & (y == gas))
            half = rows[: len(rows) // 2]
            earlier[half] = True
            told[half[np.linspace(0, len(half) - 1, min(per_class, len(half))).astype(int)]] = True
    first = (batch == numbers[0]) & earlier
    mean, std = x[first].mean(axis=0), x[first].std(axis=0) + 1e-9
    x = (x - mean) / std
    later = [batch == n for n in numbers[1:]]
    return Gas(
        Part(x[first], y[first]),
        tuple(Part(x[rows & told], y[rows & told]) for rows in later),
        tuple(Part(x[rows & ~earlier], y[rows & ~earlier]) for rows in [batch == n for n in numbers]),
    )
