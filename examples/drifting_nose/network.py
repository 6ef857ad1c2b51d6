"""Two hidden layers over the features of one sample: 21,918 parameters for 128 features and 6 gases."""

from __future__ import annotations

from itertools import pairwise

from torch import nn


def network(channels: int, length: int, classes: int) -> nn.Module:
    """Scores [N, classes] of samples [N, features, 1]."""
    sizes = (channels * length, 128, 40)
    hidden = [layer for a, b in pairwise(sizes) for layer in (nn.Linear(a, b), nn.ReLU())]
    return nn.Sequential(nn.Flatten(), *hidden, nn.Linear(sizes[-1], classes))
