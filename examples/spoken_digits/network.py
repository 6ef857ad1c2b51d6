"""Two strided convolutions over a word's log-mel spectrum, then what is left of it in time order: 13,000 parameters."""

from __future__ import annotations

from torch import nn


def network(channels: int, length: int, classes: int) -> nn.Module:
    """Scores [N, classes] of words [N, mel bands, frames]."""
    del length  # the pooling takes any
    return nn.Sequential(
        nn.Conv1d(channels, 32, 5, 2, 2),
        nn.BatchNorm1d(32),
        nn.ReLU(),
        nn.Conv1d(32, 48, 5, 2, 2),
        nn.BatchNorm1d(48),
        nn.ReLU(),
        nn.AvgPool1d(4),
        nn.Flatten(),
        nn.Dropout(0.2),
        nn.Linear(192, classes),
    )
