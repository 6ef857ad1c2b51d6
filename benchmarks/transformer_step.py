"""A training step of the next byte's network on an emulated board, and the transformer's in float32 C.

    python -m benchmarks.transformer_step [SCHEME ...] [--network transformer|gru] [--target BOARD] [--steps N] [--json]

A context of 64, gradients of 16 bits, what trains as in examples/next_byte/scenario.toml. Weights
and calibration are random: what a step costs depends on neither. Ours is what `tinyfl bench` measures, its digest that
of the interpreter; the other is `float_transformer` (see transformer_in_float.py), on the same bytes, once with its
tiled matrix products and once with plain ones (a single sum in the inner loop).

SRAM is statics and stack. The emulator counts instructions, not cycles: on the M7 two may share a cycle, and loads
and floating point operations may take more than one; nor does it know caches and the wait states of flash.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
from torch import nn

from benchmarks.transformer_in_float import CONTEXT, FloatMeasurement, adapt, float_scheme, run_float
from examples.next_byte.experiment import pairs, shared_scheme
from examples.next_byte.networks import BYTES, Transformer, network
from tinyfl.boards.bench import run_bench
from tinyfl.boards.bench_samples import interpreter_digest
from tinyfl.boards.targets import BOARDS, board_of
from tinyfl.compiler.bundle import Bundle
from tinyfl.compiler.command import write_bundle
from tinyfl.compiler.frontends.torch import import_torch
from tinyfl.compiler.pipeline import compile_graph
from tinyfl.progress import Progress

SCHEMES = ("lora:4", "last:3", "last:1")
RATE = 0.125
_CALIBRATION = 24
_STORE = 1
FLOAT_BOARD = "cortex-m7"
_COLUMNS = ("sram_bytes", "flash_bytes", "instructions_forward", "instructions_step")


def fresh(kind: str) -> nn.Module:
    """The network of a kind with random weights."""
    torch.manual_seed(0)
    return network(kind, CONTEXT).eval()


def compile_next_byte(kind: str, spec: str, out: Path) -> Bundle:
    """The network with random weights, all that trains shared, into ``out``."""
    graph = import_torch(fresh(kind), torch.zeros(1, CONTEXT, dtype=torch.int64))
    windows = np.random.default_rng(0).integers(BYTES, size=(_CALIBRATION, CONTEXT + 1)).astype(np.uint8)
    scheme = shared_scheme(spec, graph)
    bundle = compile_graph(graph, scheme, *pairs(windows), learning_rate=RATE, grad_bits=16, margin=1)
    write_bundle(bundle, _STORE, out)
    return bundle


def measure(kind: str, spec: str, target: str, steps: int, folder: Path) -> list[dict[str, object]]:
    """The rows of one scheme: integer and, of the transformer on a Cortex-M7, float32 tiled and float32 plain."""
    board = board_of(target)
    with Progress() as progress, progress.task(f"compiling {spec}"):
        bundle = compile_next_byte(kind, spec, folder / "network")
    with Progress() as progress:
        said = run_bench(folder / "network", board, steps, progress)
    assert said.stack_bytes is not None
    integer = {
        "program": "tinyfl, int8 and Q8.8",
        "toolchain": said.image.toolchain,
        "sram_bytes": said.image.sram_static_bytes + said.stack_bytes,
        "static_bytes": said.image.sram_static_bytes,
        "stack_bytes": said.stack_bytes,
        "arena_bytes": bundle.plan.arena_bytes,
        "flash_bytes": said.image.flash_bytes,
        "instructions_forward": said.forward,
        "instructions_step": said.step,
        "equals_interpreter": said.digest == interpreter_digest(bundle, steps),
    }
    rows = [integer]
    module = fresh(kind)
    if isinstance(module, Transformer) and target == FLOAT_BOARD:
        scheme = float_scheme(spec)
        if scheme.rank:
            adapt(module, scheme.rank)
        for name, tile in (("float32, tiled", 4), ("float32, plain", 1)):
            row = run_float(module, scheme, board, folder / name, steps=steps, rate=RATE, tile=tile)
            rows.append(_float_row(name, row))
    return [{"scheme": spec, "trained": sum(t.count for t in bundle.tensors), **row} for row in rows]


def _float_row(name: str, said: FloatMeasurement) -> dict[str, object]:
    return {
        "program": name,
        "toolchain": said.toolchain,
        "sram_bytes": said.sram_static_bytes + said.stack_bytes,
        "static_bytes": said.sram_static_bytes,
        "stack_bytes": said.stack_bytes,
        "flash_bytes": said.flash_bytes,
        "instructions_forward": said.instructions_forward,
        "instructions_step": round(sum(said.each_step) / len(said.each_step)),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("schemes", nargs="*", default=list(SCHEMES), help="default: " + ", ".join(SCHEMES))
    parser.add_argument("--network", choices=("transformer", "gru"), default="transformer")
    parser.add_argument("--target", choices=[name for name in BOARDS if name != "host"], default=FLOAT_BOARD)
    parser.add_argument("--steps", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    rows: list[dict[str, object]] = []
    for spec in options.schemes:
        with tempfile.TemporaryDirectory() as folder:
            rows += measure(options.network, spec, options.target, options.steps, Path(folder))
    if options.json:
        print(json.dumps(rows))
    else:
        _show(rows)
    return 0 if all(row.get("equals_interpreter", True) for row in rows) else 1


def _show(rows: list[dict[str, object]]) -> None:
    print(f"{'':30}" + "".join(f"{name:>21}" for name in _COLUMNS) + f"{'forward/token':>15}{'step/token':>12}")
    for row in rows:
        line = f"{row['scheme']}, {row['program']}"
        counts = [int(str(row[column])) for column in _COLUMNS]
        print(f"{line:30}" + "".join(f"{n:21,}" for n in counts), end="")
        print("".join(f"{n / CONTEXT:{width},.0f}" for n, width in zip(counts[2:], (15, 12), strict=True)))
    kinds = dict.fromkeys(str(row["toolchain"]) for row in rows)
    print("\ninstructions, not cycles; " + "; ".join(kinds))
    if any(not row.get("equals_interpreter", True) for row in rows):
        print("NOT the interpreter's weights")


if __name__ == "__main__":
    sys.exit(main())
