"""A network of three layers and a classifier, its task, and its planner."""

from __future__ import annotations

from functools import cache

import numpy as np
from torch import nn

from tests.compiler.networks import Network, randomise
from tinyfl.compiler.model_source import Calibration
from tinyfl.search.need import Planner
from tinyfl.types import Graph

RATE = 2.0**-3


@cache
def small_graph() -> Graph:
    net = nn.Sequential(
        nn.Conv1d(2, 8, 3, 2, 1),
        nn.ReLU(),
        nn.Conv1d(8, 8, 3, 1, 1, groups=8),
        nn.ReLU6(),
        nn.Conv1d(8, 8, 1),
        nn.ReLU(),
        nn.AdaptiveAvgPool1d(1),
        nn.Flatten(),
        nn.Linear(8, 3),
    )
    return Network(randomise(net, 1), (2, 32)).graph()


def task(per_class: int = 16, seed: int = 0) -> Calibration:
    """Three directions of two channels, in noise."""
    rng = np.random.default_rng(seed)
    y = np.arange(3 * per_class) % 3
    centres = np.array([[1.0, 0.0], [-1.0, 1.0], [0.0, -1.0]])
    x = centres[y][:, None] + rng.normal(size=(len(y), 32, 2))
    return Calibration(x[:, None], y)


def planned_network(grad_bits: int = 8) -> Planner:
    return Planner(small_graph(), task().x, RATE, grad_bits)
