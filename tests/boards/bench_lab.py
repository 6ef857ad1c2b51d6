"""Small networks as `tinyfl compile` would leave them, and boards whose programs are installed."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from torch import nn

sys.path.append(str(Path(__file__).parents[1] / "compiler"))
from networks import Network, randomise

from tinyfl.boards.board import Board
from tinyfl.boards.targets import BOARDS
from tinyfl.compiler.bundle import Bundle, save_bundle
from tinyfl.compiler.emit_c import emit
from tinyfl.compiler.pipeline import compile_graph
from tinyfl.errors import ToolError
from tinyfl.ops import OPS
from tinyfl.types import LayerUpdate, UpdateScheme

BARE = [name for name in BOARDS if name != "host"]


def small() -> Network:
    """Every kind of convolution, pooling and a classifier; odd sizes."""
    layers = [nn.Conv2d(3, 8, 3, padding=1), nn.ReLU6(), nn.Conv2d(8, 8, 3, padding=1, groups=8), nn.ReLU()]
    layers += [nn.Conv2d(8, 8, 3, stride=2, padding=1, groups=8), nn.ReLU()]
    layers += [nn.Conv2d(8, 11, 1), nn.MaxPool2d(2), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(11, 5)]
    return Network(randomise(nn.Sequential(*layers), 0), (3, 9, 7))


def wide() -> Network:
    """More trained weights than any board has RAM for."""
    layers = [nn.Conv2d(1, 4, 1), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 24 * 24, 64)]
    return Network(randomise(nn.Sequential(*layers), 0), (1, 24, 24))


def compiled(
    network: Network, folder: Path, *, grad_bits: int = 8, input_in_arena: bool = False, fraction_bits: int = 8
) -> Bundle:
    """Everything trains; the folder has what `tinyfl bench` needs."""
    graph = network.graph()
    scheme = UpdateScheme(tuple(LayerUpdate(n.name, 1.0, True) for n in graph.nodes if OPS[n.op].parametrised))
    _, x = network.samples(8, 1)
    labels = np.arange(len(x)) % graph.classes
    options = {"grad_bits": grad_bits, "input_in_arena": input_in_arena, "fraction_bits": fraction_bits}
    bundle = compile_graph(graph, scheme, x, labels, learning_rate=2.0**-6, **options)
    folder.mkdir(parents=True, exist_ok=True)
    emit(bundle.program, bundle.plan, folder)
    save_bundle(bundle, folder / "bundle")
    return bundle


def buildable(name: str) -> Board:
    """The board, or a skip that names the compiler that is missing."""
    board = BOARDS[name]
    try:
        board.compiler()
    except ToolError as error:
        pytest.skip(str(error))
    return board


def runnable(name: str) -> Board:
    """The board, or a skip that names the compiler or emulator that is missing."""
    board = buildable(name)
    try:
        board.require_emulator()
    except ToolError as error:
        pytest.skip(str(error))
    return board
