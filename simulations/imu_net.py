"""The network of the built-in scenarios: four 1-D convolutions over an inertial sensor's window."""

from __future__ import annotations

import torch
from torch import nn


class ImuNet(nn.Module):
    """Convolutions with batch norm and ReLU, global average pooling, a linear classifier."""

    def __init__(self, channels: int, classes: int) -> None:
        super().__init__()
        self.conv1 = _block(channels, 32, 5, 2)
        self.conv2 = _block(32, 48, 5, 2)
        self.conv3 = _block(48, 64, 3, 2)
        self.conv4 = _block(64, 64, 3, 1)
        self.drop = nn.Dropout(0.2)
        self.head = nn.Linear(64, classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Class scores [N, classes] of windows [N, channels, length]."""
        x = self.conv4(self.conv3(self.conv2(self.conv1(x))))
        scores: torch.Tensor = self.head(self.drop(x.mean(dim=-1)))
        return scores


def _block(channels: int, out: int, kernel: int, stride: int) -> nn.Sequential:
    conv = nn.Conv1d(channels, out, kernel, stride, kernel // 2, bias=False)
    nn.init.kaiming_normal_(conv.weight, nonlinearity="relu")
    return nn.Sequential(conv, nn.BatchNorm1d(out), nn.ReLU())


def imu_net(channels: int, length: int, classes: int) -> nn.Module:
    """Factory for scenarios."""
    del length  # global pooling takes any
    return ImuNet(channels, classes)
