"""A scenario small enough for a test: four people, three classes of synthetic motion, a tiny network."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from torch import nn

from simulations.scenario import Scenario

CLASSES = ("still", "slow", "fast")


def net(channels: int, length: int, classes: int) -> nn.Module:
    return nn.Sequential(
        nn.Conv1d(channels, 8, 3, 2, 1),
        nn.BatchNorm1d(8),
        nn.ReLU(),
        nn.Conv1d(8, 8, 3, 2, 1),
        nn.ReLU(),
        nn.AdaptiveAvgPool1d(1),
        nn.Flatten(),
        nn.Linear(8, classes),
    )


def write_dataset(folder: Path, seed: int = 0) -> Path:
    """Recordings in the layout of docs/data.md: one CSV a user, sides left and right, mirrored signs."""
    rng = np.random.default_rng(seed)
    for user in ("ada", "bob", "cy", "dee", "eve"):
        for side, sign in (("right", 1.0), ("left", -1.0)):
            rows = ["a,b,label"]
            for label, (name, speed) in enumerate(zip(CLASSES, (0.0, 0.2, 0.7), strict=True)):
                t = np.arange(400)
                a = sign * (label - 1) + np.sin(speed * t) + 0.2 * rng.normal(size=400)
                b = np.cos(speed * t) * (1 + label) + 0.2 * rng.normal(size=400)
                rows += [f"{x:.5f},{y:.5f},{name}" for x, y in zip(a, b, strict=True)]
            target = folder / user / side
            target.mkdir(parents=True)
            (target / "all.csv").write_text("\n".join(rows) + "\n")
    return folder


def small_scenario(dataset: Path, epochs: int = 2, **store: object) -> Scenario:
    return Scenario.model_validate(
        {
            "name": "small",
            "seed": 3,
            "data": {
                "dataset": str(dataset),
                "window": 32,
                "hop": 16,
                "wearer_hop": 16,
                "pretrain_users": 2,
                "shipped_side": "right",
                "worn_side": "left",
            },
            "network": {
                "model": f"{__file__}:net",
                "scheme": "last:2",
                "pretrain_epochs": 5,
                "learning_rate": 0.03125,
            },
            "store": {"capacity": 40, "factory_per_class": 2, "replay": True, **store},
            "fleet": {"serial": 1},
            "phase": [
                {"labels_per_class": 1, "rounds": 2, "epochs": epochs, **CONTROLS},
                {"labels_per_class": 3, "rounds": 2, "epochs": epochs, "lr_shift": 1, **CONTROLS},
            ],
        }
    )


CONTROLS = {"personal_epochs": 2, "local_epochs": 3, "scratch_epochs": 3}
