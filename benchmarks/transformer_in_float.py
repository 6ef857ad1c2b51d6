"""The transformer of examples/next_byte and a step of SGD on it in float32 C (`float_transformer`), on an emulated
Cortex-M7: what the integer step is compared with.

What a competent programmer would write for this network with this processor's floating point unit: static memory,
only the gradients that the scheme asks for, matrix products that keep a tile of 4 x 4 sums in registers, one
exponential of 20 instructions instead of the C library's. It is compiled for speed, with fused multiply-adds.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn

from examples.next_byte.networks import Transformer
from tinyfl.boards.board import Board
from tinyfl.boards.emulator import lines_of
from tinyfl.boards.firmware import firmware_dir
from tinyfl.boards.image import memory_of
from tinyfl.boards.toolchain import build

SOURCES = Path(__file__).with_name("float_transformer")
FLAGS = ("-O3", "-ffp-contract=fast", "-fno-math-errno")
CONTEXT = 64


@dataclass(frozen=True)
class FloatScheme:
    """What trains: adapters of a rank beside all linear layers but the last one, or so many layers from the end."""

    rank: int = 0
    last: int = 0

    @property
    def defines(self) -> dict[str, int]:
        """For the compiler of `transformer.c`."""
        return {"RANK": self.rank, "LAST": self.last}


def float_scheme(spec: str) -> FloatScheme:
    """Of ``lora:R``, ``last:1`` or ``last:3``, as `tinyfl compile --scheme` takes them."""
    kind, _, number = spec.partition(":")
    if kind == "lora":
        return FloatScheme(rank=int(number))
    if spec not in ("last:1", "last:3"):
        raise ValueError(f"scheme {spec}: transformer.c has lora:R, last:1 and last:3")
    return FloatScheme(last=int(number))


class Adapted(nn.Module):
    """A linear layer with an adapter beside it."""

    def __init__(self, layer: nn.Linear, rank: int) -> None:
        super().__init__()
        self.layer = layer
        self.down = nn.Linear(layer.in_features, rank, bias=False)
        self.up = nn.Linear(rank, layer.out_features, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.layer(x) + self.up(self.down(x))


_LAYERS = ("qkv", "out", "up", "down")


def adapt(module: Transformer, rank: int) -> None:
    """Put adapters beside the linear layers of every block."""
    for block in module.blocks:
        for name in _LAYERS:
            setattr(block, name, Adapted(getattr(block, name), rank))


def parameters(module: Transformer, scheme: FloatScheme) -> tuple[list[nn.Parameter], list[nn.Parameter]]:
    """The frozen and the trained ones in the order of `transformer.h`; layer norms must be without scales."""
    frozen, trained = [module.token.weight, module.position.weight], list[nn.Parameter]()
    layers = [getattr(block, name) for block in module.blocks for name in _LAYERS] + [module.head]
    for place, layer in enumerate(layers):
        plain = layer.layer if isinstance(layer, Adapted) else layer
        trains = place >= len(layers) - scheme.last
        (trained if trains else frozen).extend((plain.weight, plain.bias))
        if isinstance(layer, Adapted):
            trained.extend((layer.down.weight, layer.up.weight))
    return frozen, trained


def packed(tensors: list[nn.Parameter]) -> np.ndarray:
    """One after the other, float32."""
    return torch.cat([t.detach().flatten() for t in tensors]).float().numpy()


@dataclass(frozen=True)
class FloatMeasurement:
    """What the emulated board says."""

    toolchain: str
    sram_static_bytes: int
    stack_bytes: int
    flash_bytes: int
    instructions_forward: int
    each_step: tuple[int, ...]
    right: tuple[float, ...]
    """of each step the mean probability of the right next byte before it"""


def run_float(
    module: Transformer, scheme: FloatScheme, board: Board, folder: Path, *, steps: int, rate: float, tile: int = 4
) -> FloatMeasurement:
    """Build the step with the module's weights into ``folder`` and run it on the bench's bytes."""
    frozen, trained = (packed(tensors) for tensors in parameters(module, scheme))
    folder.mkdir(parents=True, exist_ok=True)
    weights = folder / "weights.c"
    weights.write_text(_array("frozen_weights", frozen) + _array("shipped_weights", trained))
    ports = firmware_dir() / "ports"
    folders = [ports / f for f in ("bench", "bench/bare", board.bench_port, *board.ports, "freestanding")]
    files = [f for place in folders[1:] for f in sorted(place.glob("*.[cS]"))]  # its own bench.c
    compiler = board.compiler()
    flags = (*FLAGS, "-ffunction-sections", "-fdata-sections", "-Wl,--gc-sections", "-nostartfiles")
    program = build(
        [SOURCES / "transformer.c", SOURCES / "bench.c", weights, *files],
        [SOURCES, *folders],
        {**scheme.defines, "TILE": tile, "TRAINED": trained.size, "BENCH_STEPS": steps, "RATE": f"{rate!r}f"},
        folder / "float",
        False,
        (*flags, "-Wl,--no-warn-rwx-segments"),
        compiler,
        [SOURCES / f"{board.name}.ld", ports / "bare" / "sections.ld"],
    )
    said: dict[str, list[int]] = defaultdict(list)
    for line in lines_of(board, program):
        name, _, value = line.partition(" ")
        said[name].append(int(value, 16))
    if not said["end"] or board.emulator is None:
        raise RuntimeError(f"the float32 step stopped on {board.name}")
    idle, forward, *each = (
        board.emulator.counter.instructions(ticks) for ticks in said["nothing"] + said["forward"] + said["step"]
    )
    static, flash = memory_of(program)
    return FloatMeasurement(
        f"{compiler.release}, {' '.join(FLAGS)}",
        static,
        said["stack"][0],
        flash,
        forward - idle,
        tuple(e - idle for e in each),
        tuple(value / 1e6 for value in said["right"]),
    )


def bench_windows(count: int) -> Iterator[np.ndarray]:
    """Bytes [CONTEXT + 1] of each training step of the bench."""
    word = 2463534242
    for draw in range(count + 1):
        drawn = bytearray()
        while len(drawn) <= CONTEXT:
            word ^= word << 13 & 0xFFFFFFFF
            word ^= word >> 17
            word ^= word << 5 & 0xFFFFFFFF
            drawn += word.to_bytes(4, "little")
        if draw:
            yield np.frombuffer(bytes(drawn[: CONTEXT + 1]), np.uint8)


def _array(name: str, values: np.ndarray) -> str:
    rows = ",\n".join(float(v).hex() + "f" for v in values)
    return f"extern const float {name}[];\nconst float {name}[{values.size}] = {{\n{rows}}};\n"
