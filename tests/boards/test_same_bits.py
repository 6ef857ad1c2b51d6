"""Networks of different kinds: so many training steps end with one digest on every board."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from bench_lab import Network, compiled, randomise, runnable, small
from sequence_networks import SEQUENCE_NETWORKS, compile_sequences
from torch import nn

from benchmarks.transformer_step import compile_next_byte
from tinyfl.boards.bench import run_bench
from tinyfl.boards.bench_samples import interpreter_digest, interpreter_scores
from tinyfl.boards.targets import BOARDS
from tinyfl.compiler.command import write_bundle
from tinyfl.progress import Progress

STEPS = 200


class Squeezed(nn.Module):
    """An inverted bottleneck with a residual, squeeze and excitation, and functions by table."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, stride=2, padding=1)
        self.expand, self.wide, self.project = (
            nn.Conv2d(8, 16, 1),
            nn.Conv2d(16, 16, 5, 1, 2, 1, 16),
            nn.Conv2d(16, 8, 1),
        )
        self.squeeze, self.excite, self.head = nn.Conv2d(16, 4, 1), nn.Conv2d(4, 16, 1), nn.Linear(8, 6)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = nn.functional.hardswish(self.stem(x))
        y = nn.functional.silu(self.wide(torch.relu(self.expand(x))))
        y = y * torch.sigmoid(self.excite(torch.relu(self.squeeze(y.mean((2, 3), keepdim=True)))))
        return self.head((x + self.project(y)).mean((2, 3)))


def series() -> Network:
    """A network for windows of a sensor, as the watch's."""
    layers = [nn.Conv1d(6, 12, 5, stride=2), nn.ReLU(), nn.Conv1d(12, 12, 3, groups=12), nn.ReLU(), nn.MaxPool1d(2)]
    layers += [nn.Conv1d(12, 16, 3), nn.ReLU(), nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(16, 7)]
    return Network(randomise(nn.Sequential(*layers), 1), (6, 48))


def squeezed() -> Network:
    return Network(randomise(Squeezed(), 2), (3, 12, 12))


@pytest.mark.slow
@pytest.mark.parametrize("grad_bits", [8, 16])
@pytest.mark.parametrize("network", [small, series, squeezed])
def test_two_hundred_steps_end_with_one_digest(network: Callable[[], Network], grad_bits: int, tmp_path: Path) -> None:
    bundle = compiled(network(), tmp_path / "net", grad_bits=grad_bits)
    expected = interpreter_digest(bundle, STEPS)
    for target in BOARDS:
        assert run_bench(tmp_path / "net", runnable(target), STEPS, Progress(quiet=True)).digest == expected, target


@pytest.mark.slow
@pytest.mark.parametrize("grad_bits", [8, 16])
@pytest.mark.parametrize("name", ["transformer", "gru", "gru classifier", "lstm"])
def test_fifty_steps_over_sequences_end_with_one_digest(name: str, grad_bits: int, tmp_path: Path) -> None:
    """And what they then say of a sequence that comes step by step."""
    bundle = compile_sequences(SEQUENCE_NETWORKS[name], grad_bits=grad_bits)
    write_bundle(bundle, 1, tmp_path / "net")
    expected = interpreter_digest(bundle, 50), interpreter_scores(bundle, 50)
    for target in BOARDS:
        result = run_bench(tmp_path / "net", runnable(target), 50, Progress(quiet=True), stream=True)
        assert (result.digest, result.scores) == expected, target


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["lora:4", "last:3"])
def test_fifty_steps_of_the_next_bytes_transformer_end_with_one_digest(scheme: str, tmp_path: Path) -> None:
    expected = interpreter_digest(compile_next_byte("transformer", scheme, tmp_path), 50)
    for target in BOARDS:
        assert run_bench(tmp_path, runnable(target), 50, Progress(quiet=True)).digest == expected, target
