"""Random small networks, update schemes and calibration data for the tests of the compiler."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from hypothesis import strategies as st
from torch import nn

from tinyfl.compiler.bundle import Bundle
from tinyfl.compiler.frontends.torch import import_torch
from tinyfl.compiler.pipeline import compile_graph
from tinyfl.ops import OPS, weighted
from tinyfl.types import FloatArray, Graph, LayerUpdate, UpdateScheme

CONV = {1: nn.Conv1d, 2: nn.Conv2d}
NORM = {1: nn.BatchNorm1d, 2: nn.BatchNorm2d}
AVG = {1: nn.AvgPool1d, 2: nn.AvgPool2d}
MAX = {1: nn.MaxPool1d, 2: nn.MaxPool2d}
GLOBAL = {1: nn.AdaptiveAvgPool1d, 2: nn.AdaptiveAvgPool2d}


class Residual(nn.Module):
    """Sum of two branches of the same input (``skip`` None: the input itself), in either order."""

    def __init__(self, branch: nn.Module, skip: nn.Module | None, skip_first: bool) -> None:
        super().__init__()
        self.branch, self.skip, self.skip_first = branch, skip, skip_first

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        a, b = self.branch(x), x if self.skip is None else self.skip(x)
        return b + a if self.skip_first else a + b


class Combined(nn.Module):
    """Two branches of one input, combined by a function: difference, product, concatenation of ``channels``."""

    def __init__(self, first: nn.Module, second: nn.Module, kind: str, channels: int = 1) -> None:
        super().__init__()
        self.first, self.second, self.kind, self.channels = first, second, kind, channels

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        a, b = self.first(x), self.second(x)
        if self.kind == "concat":
            return torch.cat([a, x, b], self.channels)
        return a - b if self.kind == "sub" else a * b


class Squeeze(nn.Module):
    """Squeeze and excite: a gate for each channel, or one for all."""

    def __init__(self, channels: int, gates: int, dims: int, gate: nn.Module, gate_first: bool) -> None:
        super().__init__()
        self.pool, self.fc, self.gate = GLOBAL[dims](1), CONV[dims](channels, gates, 1), gate
        self.gate_first = gate_first

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        gate = self.gate(self.fc(self.pool(x)))
        return gate * x if self.gate_first else x * gate


class Causal(nn.Module):
    """A convolution of the past: zeros before the first sample, or the results beyond the last one cut off."""

    def __init__(
        self,
        channels: int,
        out: int,
        kernel: int,
        dilation: int,
        groups: int = 1,
        cut: bool = False,
        delay: int = 0,
    ) -> None:
        """``delay``: as many samples more are past, of one that is cut."""
        super().__init__()
        self.past = (kernel - 1) * dilation
        padding = self.past + delay if cut else 0
        self.conv = nn.Conv1d(channels, out, kernel, dilation=dilation, groups=groups, padding=padding)
        self.cut = cut

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if self.cut:
            return self.conv(x)[:, :, : x.shape[2]]
        return self.conv(nn.functional.pad(x, (self.past, 0)))


class Recurrent(nn.Module):
    """A GRU or LSTM over [N, C, L]; its states at all steps, the ``last`` of them (step), or as torch's last state."""

    def __init__(
        self,
        channels: int,
        units: int,
        kind: type[nn.GRU | nn.LSTM],
        layers: int = 1,
        last: str = "no",
        batch_first: bool = True,
        bias: bool = True,
    ) -> None:
        super().__init__()
        self.cell = kind(channels, units, layers, bias, batch_first)
        self.last = last

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        order = (0, 2, 1) if self.cell.batch_first else (2, 0, 1)
        y, state = self.cell(x.permute(*order))
        if self.last == "state":
            return (state if isinstance(self.cell, nn.GRU) else state[0])[-1]
        y = y if self.cell.batch_first else y.transpose(0, 1)
        return y[:, -1] if self.last == "step" else y.transpose(1, 2)


class Cut(nn.Module):
    """Samples ``start`` to ``end`` of a sequence, every ``step``-th."""

    def __init__(self, start: int, end: int | None, step: int = 1) -> None:
        super().__init__()
        self.span = slice(start, end, step)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x[:, :, self.span]


class Mean(nn.Module):
    """Mean over the image, as MobileNets write it."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.mean(tuple(range(2, x.dim())))


class Last(nn.Module):
    """The last sample of a sequence."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x[:, :, -1]


@dataclass(frozen=True)
class Network:
    """A module in double and eval mode, and the shape (C, L) or (C, H, W) of one sample."""

    module: nn.Module
    shape: tuple[int, ...]

    def graph(self) -> Graph:
        return import_torch(self.module, torch.zeros(1, *self.shape, dtype=torch.float64))

    def samples(self, count: int, seed: int) -> tuple[torch.Tensor, FloatArray]:
        """The same samples as torch wants them and as the compiler wants them: [N, C, ...] and [N, H, W, C]."""
        x = torch.randn(count, *self.shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
        return x, channels_last(x)


def channels_last(x: torch.Tensor) -> FloatArray:
    """[N, C, L] or [N, C, H, W] -> [N, H, W, C]."""
    image = x[:, :, None, :] if x.dim() == 3 else x
    return image.permute(0, 2, 3, 1).contiguous().numpy()


@dataclass
class _Builder:
    """Draws layers while it follows the shape; ``dims`` is 1 or 2."""

    draw: st.DrawFn
    dims: int
    channels: int
    size: tuple[int, ...]

    def pick(self, *options: object) -> object:
        return self.draw(st.sampled_from(options))

    def window(self, max_kernel: int, pooling: bool) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]:
        """Kernel, stride and padding that fit the size, which they then change."""
        kernel, stride, padding, out = [], [], [], []
        for length in self.size:
            k = self.draw(st.integers(1, min(max_kernel, length)))
            s = self.draw(st.integers(1, 3))
            p = self.draw(st.integers(0, k // 2 if pooling else k))
            kernel.append(k)
            stride.append(s)
            padding.append(p)
            out.append((length + 2 * p - k) // s + 1)
        self.size = tuple(out)
        return tuple(kernel), tuple(stride), tuple(padding)

    def causal(self) -> nn.Module:
        """A dilated convolution that keeps the length, of which the dilation is a divisor."""
        length, cin = self.size[0], self.channels
        dilation = self.draw(st.sampled_from([d for d in range(1, length + 1) if length % d == 0]))
        kernel, cut = self.draw(st.integers(1, 3)), self.draw(st.booleans())
        delay = dilation * self.draw(st.integers(0, 2))
        if self.draw(st.booleans()):
            return Causal(cin, cin, kernel, dilation, cin, cut, delay)
        self.channels = self.draw(st.integers(1, 6))
        return Causal(cin, self.channels, kernel, dilation, 1, cut, delay)

    def recurrent(self) -> nn.Module:
        """A GRU or LSTM over a sequence, that keeps its length."""
        kind, cin = self.pick(nn.GRU, nn.LSTM), self.channels
        self.channels = self.draw(st.integers(1, 6))
        layers, first, bias = self.draw(st.integers(1, 2)), self.draw(st.booleans()), self.draw(st.booleans())
        return Recurrent(cin, self.channels, kind, layers, "no", first, bias)  # type: ignore[arg-type]

    def conv(self) -> nn.Module:
        kind = self.pick("plain", "grouped", "depthwise", "pointwise", "same", *["causal"] * (self.dims == 1))
        if kind == "causal":
            return self.causal()
        cin, bias = self.channels, self.draw(st.booleans())
        if kind == "pointwise":
            self.channels = self.draw(st.integers(1, 6))
            return CONV[self.dims](cin, self.channels, 1, bias=bias)
        if kind == "same":
            self.channels = self.draw(st.integers(1, 6))
            kernel = tuple(self.draw(st.integers(1, 4)) for _ in self.size)
            return CONV[self.dims](cin, self.channels, kernel, padding="same", bias=bias)
        kernel, stride, padding = self.window(3, pooling=False)
        groups = 1
        if kind == "depthwise":
            groups = cin
        elif kind == "grouped":
            groups = self.draw(st.sampled_from([g for g in range(1, cin + 1) if cin % g == 0]))
        if kind != "depthwise":
            self.channels = groups * self.draw(st.integers(1, max(1, 6 // groups)))
        return CONV[self.dims](cin, self.channels, kernel, stride, padding, groups=groups, bias=bias)

    def same_shape(self) -> nn.Module:
        """A branch that keeps the shape."""
        c = self.channels
        kind = self.pick("bottleneck", "depthwise", "single", "activation")
        if kind == "activation":
            return self.activation()
        if kind == "depthwise":
            return nn.Sequential(CONV[self.dims](c, c, 3, padding=1, groups=c), NORM[self.dims](c))
        if kind == "single":
            return CONV[self.dims](c, c, 3, padding=1)
        wide = self.draw(st.integers(1, 6))
        return nn.Sequential(
            CONV[self.dims](c, wide, 1, bias=False),
            NORM[self.dims](wide),
            self.activation(),
            CONV[self.dims](wide, wide, 3, padding=1, groups=wide),
            self.activation(),
            CONV[self.dims](wide, c, 1),
        )

    def residual(self) -> nn.Module:
        skip = CONV[self.dims](self.channels, self.channels, 1) if self.draw(st.booleans()) else None
        return Residual(self.same_shape(), skip, self.draw(st.booleans()))

    def activation(self) -> nn.Module:
        return self.pick(nn.ReLU, nn.ReLU6, nn.ReLU, nn.ReLU6, nn.Hardtanh)()  # type: ignore[operator]

    def function(self) -> nn.Module:
        return self.pick(nn.Sigmoid, nn.Tanh, nn.Hardsigmoid, nn.Hardswish, nn.SiLU, nn.GELU)()  # type: ignore[operator]

    def combined(self) -> nn.Module:
        kind = str(self.pick("sub", "mul", "concat"))
        first, second = self.same_shape(), nn.Identity() if self.draw(st.booleans()) else self.same_shape()
        if kind == "concat":
            self.channels *= 3
        return Combined(first, second, kind)

    def squeeze(self) -> nn.Module:
        gates = self.channels if self.draw(st.booleans()) else 1
        return Squeeze(self.channels, gates, self.dims, self.function(), self.draw(st.booleans()))

    def pool(self) -> nn.Module:
        kind = self.pick(AVG, MAX)
        kernel, stride, padding = self.window(3, pooling=True)
        return kind[self.dims](kernel, stride, padding)  # type: ignore[index]

    def block(self) -> nn.Module:
        kinds = ("conv", "conv", "residual", "activation", "pool", "norm", "combined", "squeeze", "function")
        kind = self.pick(*kinds, *["recurrent"] * (self.dims == 1))
        return getattr(self, str(kind))()

    def norm(self) -> nn.Module:
        return NORM[self.dims](self.channels)

    def head(self, classes: int) -> list[nn.Module]:
        kind = self.pick("global", "mean", "flatten", *["last"] * (self.dims == 1))
        features = self.channels if kind != "flatten" else self.channels * math.prod(self.size)
        start = {
            "global": [GLOBAL[self.dims](1), nn.Flatten()],
            "mean": [Mean()],
            "flatten": [nn.Flatten()],
            "last": [Last()],
        }[kind]
        if self.draw(st.booleans()):
            hidden = self.draw(st.integers(1, 6))
            start += [nn.Linear(features, hidden), self.activation(), nn.Dropout(0.5)]
            features = hidden
        return [*start, nn.Linear(features, classes)]


def randomise(module: nn.Module, seed: int) -> nn.Module:
    """Random running statistics and scales in every batch norm; weights from the seed; double, eval."""
    torch.manual_seed(seed)
    for m in module.modules():
        if isinstance(m, nn.BatchNorm1d | nn.BatchNorm2d):
            m.running_mean.normal_(0, 0.5)
            m.running_var.uniform_(0.3, 2)
            nn.init.uniform_(m.weight, -1.5, 1.5)
            nn.init.normal_(m.bias, 0, 0.5)
        elif hasattr(m, "reset_parameters"):
            m.reset_parameters()
    return module.double().eval()


@st.composite
def networks(draw: st.DrawFn, blocks: int = 4) -> Network:
    """Any network of the supported operators: 1-D or 2-D, up to ``blocks`` blocks before its head."""
    dims = draw(st.integers(1, 2))
    size = tuple(draw(st.integers(3, 9 if dims == 1 else 6)) for _ in range(dims))
    b = _Builder(draw, dims, draw(st.integers(1, 4)), size)
    shape = (b.channels, *size)
    layers = [b.conv() if draw(st.booleans()) else b.block() for _ in range(draw(st.integers(0, blocks)))]
    layers += b.head(draw(st.integers(2, 5)))
    return Network(randomise(nn.Sequential(*layers), draw(st.integers(0, 2**16))), shape)


@st.composite
def schemes(draw: st.DrawFn, graph: Graph) -> UpdateScheme:
    """Any update scheme that fits ``graph``."""
    layers = [n for n in graph.nodes if OPS[n.op].parametrised]
    if draw(st.booleans()):
        chosen = layers[-draw(st.integers(1, len(layers))) :]
    else:
        chosen = draw(st.lists(st.sampled_from(layers), min_size=1, unique_by=lambda n: n.name))
    updates = []
    for n in chosen:
        parts = [0.25, 0.5] if weighted(n.op).sub_channels else []
        ratio = draw(st.sampled_from([0.0, *parts, 1.0, 1.0]))
        bias = True if ratio == 0 else draw(st.booleans())
        updates.append(LayerUpdate(n.name, ratio, bias, draw(st.booleans())))
    return UpdateScheme(tuple(updates))


def compile_network(
    network: Network,
    scheme: UpdateScheme | None = None,
    *,
    grad_bits: int = 8,
    learning_rate: float = 2.0**-6,
    calibration: int = 64,
    margin: int = 0,
) -> Bundle:
    """Compile with random calibration samples and labels; without a scheme every layer trains."""
    graph = network.graph()
    if scheme is None:
        scheme = UpdateScheme(tuple(LayerUpdate(n.name, 1.0, True) for n in graph.nodes if OPS[n.op].parametrised))
    _, x = network.samples(calibration, 1)
    labels = np.random.default_rng(2).integers(0, graph.classes, calibration)
    return compile_graph(graph, scheme, x, labels, learning_rate=learning_rate, grad_bits=grad_bits, margin=margin)
