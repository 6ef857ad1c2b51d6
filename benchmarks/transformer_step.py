"""The next byte's training step on an emulated board: SRAM, instructions, and the interpreter's digest.

python -m benchmarks.transformer_step [--network KIND] [--scheme SPEC] [--target BOARD] [--steps N]

Weights and bytes are random: what a step costs does not depend on them.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np
import torch

from examples.next_byte.experiment import pairs, shared_scheme
from examples.next_byte.networks import network
from tinyfl.boards.bench import run_bench
from tinyfl.boards.bench_samples import interpreter_digest
from tinyfl.boards.targets import board_of
from tinyfl.compiler.command import write_bundle
from tinyfl.compiler.frontends.torch import import_torch
from tinyfl.compiler.pipeline import compile_graph
from tinyfl.progress import Progress

CONTEXT = 64


def main() -> None:
    """Compile, run, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--network", choices=("transformer", "gru"), default="transformer")
    parser.add_argument("--scheme", default="last:1")
    parser.add_argument("--target", default="cortex-m7")
    parser.add_argument("--steps", type=int, default=3)
    arguments = parser.parse_args()
    torch.manual_seed(0)
    graph = import_torch(network(arguments.network, CONTEXT), torch.zeros(1, CONTEXT, dtype=torch.int64))
    windows = np.random.default_rng(0).integers(0, 256, (40, CONTEXT + 1)).astype(np.uint8)
    scheme = shared_scheme(arguments.scheme, graph)
    bundle = compile_graph(graph, scheme, *pairs(windows), learning_rate=0.125, grad_bits=16)
    with tempfile.TemporaryDirectory() as name:
        write_bundle(bundle, 1, Path(name) / "net")
        found = run_bench(Path(name) / "net", board_of(arguments.target), arguments.steps, Progress(quiet=True))
    sram = found.image.sram_static_bytes
    step = sum(found.each_step) // len(found.each_step)
    print(
        f"{arguments.network}, {arguments.scheme}, {arguments.target}: SRAM {sram:,} B + stack {found.stack_bytes:,} B"
    )
    print(f"instructions: forward {found.forward:,}, step {step:,}, {step // CONTEXT:,} a byte")
    print(f"digest {found.digest}, interpreter {interpreter_digest(bundle, arguments.steps)}")


if __name__ == "__main__":
    main()
