"""What one more byte costs the next byte's networks on an emulated board: computed step by step, or by a whole window.

    python -m benchmarks.stream_step [--target BOARD]

A context of 64, the last layer trains; weights are random, what a step costs does not depend on them.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from benchmarks.transformer_step import compile_next_byte
from tinyfl.boards.bench import run_bench
from tinyfl.boards.bench_samples import interpreter_scores
from tinyfl.boards.targets import BOARDS, board_of
from tinyfl.compiler.stream import Stream, find_stream
from tinyfl.progress import Progress

NETWORKS = ("transformer", "gru")
_SCHEME = "last:1"


def row(kind: str, target: str, folder: Path) -> tuple[str, bool]:
    """A line of the table, and whether the stream has the window's bits."""
    bundle = compile_next_byte(kind, _SCHEME, folder)
    stream = find_stream(bundle.program, bundle.plan)
    assert isinstance(stream, Stream)
    whole, stepwise = (
        run_bench(folder, board_of(target), 1, Progress(quiet=True), stream=asked) for asked in (False, True)
    )
    assert whole.forward is not None
    assert stepwise.stream_step is not None
    more = stepwise.image.flash_bytes - whole.image.flash_bytes
    same = stepwise.scores == interpreter_scores(bundle, 1)
    numbers = whole.forward, stepwise.stream_step, stream.state_bytes, more
    cells = [kind, *(f"{n:,}" for n in numbers), "yes" if same else "NO"]
    return f"| {' | '.join(cells)} |", same


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--target", choices=[name for name in BOARDS if name != "host"], default="cortex-m7")
    target = parser.parse_args().target
    print("| | instructions, a window | a step | state, B | flash beside, B | the window's bits |")
    print("|---|---:|---:|---:|---:|---|")
    same = True
    for kind in NETWORKS:
        with tempfile.TemporaryDirectory() as folder:
            line, equal = row(kind, target, Path(folder))
        print(line, flush=True)
        same = same and equal
    sys.exit(0 if same else 1)


if __name__ == "__main__":
    main()
