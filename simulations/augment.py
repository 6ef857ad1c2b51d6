"""Augmentation in pre-training.

Of inertial windows, what differs between wearers of one side, never the other side: each is turned about a random axis
by a small angle (how a watch sits), stretched in time, its gyroscope rescaled, and given noise. Nothing is mirrored:
that would give the scenario's answer away.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch

TURN_DEGREES = 12.0
STRETCH = 0.15
GYRO_SCALE = 0.15
JITTER = 0.05
NOISE = 0.2


def augment_imu(x: torch.Tensor) -> torch.Tensor:
    """Augment windows [N, 6, T]: three accelerometer, then three gyroscope channels, normalised."""
    x = _stretch(_turn(x))
    scale = torch.ones(len(x), 6, 1)
    scale[:, 3:] = 1 + GYRO_SCALE * torch.randn(len(x), 1, 1)
    return x * scale + JITTER * torch.randn_like(x)


def add_noise(x: torch.Tensor) -> torch.Tensor:
    """Add noise of a fifth of a standard deviation to normalised windows [N, C, T]."""
    return x + NOISE * torch.randn_like(x)


AUGMENTS: dict[str, Callable[[torch.Tensor], torch.Tensor] | None] = {
    "none": None,
    "imu": augment_imu,
    "noise": add_noise,
}
"""By the names that a scenario gives them."""


def _turn(x: torch.Tensor) -> torch.Tensor:
    """Rotate both triples about one random axis a window (Rodrigues' formula)."""
    axis = torch.nn.functional.normalize(torch.randn(len(x), 3), dim=1)
    angle = math.radians(TURN_DEGREES) * torch.randn(len(x), 1, 1)
    zero = torch.zeros(len(x))
    a, b, c = axis.unbind(1)
    cross = torch.stack([zero, -c, b, c, zero, -a, -b, a, zero], 1).reshape(-1, 3, 3)
    turn = torch.eye(3) + angle.sin() * cross + (1 - angle.cos()) * (cross @ cross)
    return torch.cat([turn @ x[:, :3], turn @ x[:, 3:]], 1)


def _stretch(x: torch.Tensor) -> torch.Tensor:
    """Play each window faster or slower about its middle, by linear interpolation."""
    length = x.shape[2]
    speed = 1 + STRETCH * (2 * torch.rand(len(x), 1) - 1)
    at = ((torch.arange(length) - length / 2) * speed + length / 2).clamp(0, length - 1)
    low = at.floor().long().clamp(max=length - 2)
    part = (at - low).unsqueeze(1)
    index = low.unsqueeze(1).expand(-1, x.shape[1], -1)
    return x.gather(2, index) * (1 - part) + x.gather(2, index + 1) * part
