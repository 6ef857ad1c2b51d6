"""``tinyfl bench``: what a training step of a compiled network costs on a board."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from tinyfl.boards.board import Board
from tinyfl.boards.emulator import lines_of
from tinyfl.boards.image import BoardProgram, Image, build_image
from tinyfl.compiler.bundle import load_bundle
from tinyfl.compiler.stream import find_stream
from tinyfl.errors import BudgetError, ModelError, ToolError
from tinyfl.progress import Progress


@dataclass(frozen=True)
class Measurement:
    """What a board measured; None where a host cannot."""

    target: str
    steps: int
    image: Image
    forward: int | None
    """instructions of one forward pass"""
    each_step: tuple[int, ...]
    """instructions of every training step; empty on a host"""
    stack_bytes: int | None
    """the most stack in use: start-up, bench and network"""
    digest: str
    """CRC-32 over the trained planes after all steps, as :meth:`tinyfl.compiler.interpret.Interpreter.digest`"""
    each_stream_step: tuple[int, ...] = ()
    """instructions of every step of a sequence; empty on a host, or where none was asked for"""
    scores: str | None = None
    """CRC-32 of that sequence's scores, as :func:`tinyfl.boards.bench_samples.interpreter_scores`"""

    @property
    def step(self) -> int | None:
        """Instructions of a training step: the mean of all, rounded."""
        return round(sum(self.each_step) / len(self.each_step)) if self.each_step else None

    @property
    def stream_step(self) -> int | None:
        """Instructions of a step of a sequence: the mean of all, rounded."""
        each = self.each_stream_step
        return round(sum(each) / len(each)) if each else None

    def as_json(self) -> dict[str, object]:
        """The keys of ``tinyfl bench --json``; the last two only of a stream."""
        result: dict[str, object] = {
            "target": self.target,
            "steps": self.steps,
            "toolchain": self.image.toolchain,
            "instructions_forward": self.forward,
            "instructions_step": self.step,
            "sram_static_bytes": self.image.sram_static_bytes,
            "stack_bytes": self.stack_bytes,
            "flash_bytes": self.image.flash_bytes,
            "weights_digest": self.digest,
        }
        if self.scores:
            result |= {"instructions_stream_step": self.stream_step, "scores_digest": self.scores}
        return result


def build_bench(network: Path, board: Board, grad_bits: int, steps: int = 50, stream: bool = False) -> Image:
    """Link the bench that does ``steps`` training steps, at least 1, for ``board``; ``stream``: then a sequence.

    Raises as ``build_image`` does.
    """
    folders = ["ports/bench", f"ports/{board.bench_port}"]
    if board.toolchain is not None:
        folders.append("ports/bench/bare")
    defines = {"BENCH_STEPS": steps} | ({"TF_STREAM": 1} if stream else {})
    return build_image(network, board, BoardProgram("bench", tuple(folders), defines), grad_bits)


def run_bench(network: Path, board: Board, steps: int, progress: Progress, stream: bool = False) -> Measurement:
    """Build the network of a folder that ``tinyfl compile`` wrote for ``board``, run it and measure.

    ``stream``: after the training steps also a sequence, step by step.

    Raises:
        ModelError: no network there, or none that streams.
        BudgetError: it does not fit the board.
        ToolError: a compiler or emulator is missing or failed, or the program did.
    """
    board.require_emulator()
    bundle = load_bundle(network)
    refused = find_stream(bundle.program, bundle.plan) if stream else None
    if isinstance(refused, str):
        raise ModelError(f"{network} cannot be computed step by step ({refused}); leave --stream out")
    grad_bits = bundle.program.grad_bits
    with progress.task(f"building {network} for {board.name}"):
        image = build_bench(network, board, grad_bits, steps, stream)
    said: dict[str, list[int]] = defaultdict(list)
    with progress.task(f"training {steps} steps on {board.name}", steps) as task:
        for line in lines_of(board, image.file):
            name, _, value = line.partition(" ")
            said[name].append(int(value, 16))
            task.advance(name == "step")
    if board.emulator is not None and max(said["stack"] + said["fault"], default=0) >= image.stack_limit:
        raise BudgetError(
            f"{network} needs more than the {image.stack_limit:,} B of stack that {board.name} has; "
            f"raise STACK_BYTES in device_fw/ports/{board.memory_map}"
        )
    if said["fault"]:
        raise ToolError(f"{network} stopped on {board.name} with a processor fault; report it with this network")
    if not said["end"]:
        raise ToolError(f"{network} stopped on {board.name} before it had said what it measured; run it again")
    return _measurement(board, image, said)


def _measurement(board: Board, image: Image, said: dict[str, list[int]]) -> Measurement:
    (forward_ticks,), (idle_ticks,), (stack,), (digest,) = (said[k] for k in ("forward", "nothing", "stack", "digest"))
    steps = said["step"]
    scores = f"{said['scores'][0]:08x}" if said["scores"] else None
    common = (board.name, len(steps), image)
    if board.emulator is None:
        return Measurement(*common, None, (), None, f"{digest:08x}", (), scores)
    counter = board.emulator.counter
    idle, forward, *each = (counter.instructions(ticks) for ticks in (idle_ticks, forward_ticks, *steps))
    each = [instructions - idle for instructions in each]
    streamed = tuple(counter.instructions(ticks) - idle for ticks in said["stream"])
    return Measurement(*common, forward - idle, tuple(each), stack, f"{digest:08x}", streamed, scores)
