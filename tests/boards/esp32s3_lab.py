"""Projects for the ESP32-S3 from small networks, and Clang for its instruction set."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from bench_lab import compiled
from networks import Network, randomise
from torch import nn

from tinyfl.boards import xtensa_cc
from tinyfl.boards.esp32s3.project import build_project
from tinyfl.boards.esp32s3.sensor import Sensor
from tinyfl.boards.firmware import firmware_dir
from tinyfl.boards.targets import BOARDS
from tinyfl.compiler.bundle import Bundle
from tinyfl.errors import ToolError

PORT = firmware_dir() / "ports" / "esp32s3"
STRICT = ["-Wall", "-Wextra", "-Wshadow", "-Wconversion", "-Wsign-conversion", "-Wundef", "-Werror"]
SIX_CHANNELS = Sensor(rate_hz=52.5, hop=3, mean=(0.1, -0.2, 1.0, 0, 0.5, 3), std=(1, 2, 0.5, 1.5, 1, 4))


def worn(channels: int = 6, rows: int = 7) -> Network:
    """A one-dimensional network for a sensor's channels."""
    layers = [nn.Conv1d(channels, 8, 3, padding=1), nn.ReLU(), nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(8, 4)]
    return Network(randomise(nn.Sequential(*layers), 0), (channels, rows))


def project_of(folder: Path, sensor: Sensor | None = None, store: int = 16, grad_bits: int = 8) -> tuple[Path, Bundle]:
    """A project for :func:`worn`, and its bundle."""
    bundle = compiled(worn(), folder / "network", grad_bits=grad_bits)
    build_project(folder / "network", folder / "project", store, sensor or SIX_CHANNELS)
    return folder / "project", bundle


def require_xtensa() -> None:
    try:
        BOARDS["xtensa"].compiler()
    except ToolError as error:
        pytest.skip(str(error))


def compile_xtensa(
    source: Path, include: list[Path], options: list[str], output: Path
) -> subprocess.CompletedProcess[str]:
    """One file through the driver that builds the emulated Xtensa board."""
    words = ["-std=c11", "-O2", "-nostdlibinc", "-ffp-contract=off", *options, *(f"-I{folder}" for folder in include)]
    command = [sys.executable, xtensa_cc.__file__, *words, "-c", str(source), "-o", str(output)]
    return subprocess.run(command, capture_output=True, text=True, check=False)
