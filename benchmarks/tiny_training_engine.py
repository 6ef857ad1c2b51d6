"""One training step of MCUNet-5FPS on an emulated Cortex-M7, beside MIT's Tiny Training Engine on the same work.

128x128 images, 10 classes, batch size 1, the published update schemes. Ours are measured by `tinyfl bench` in this
run; theirs were measured with gcc 12.2 at -Ofast on the same emulator (qemu-system-arm -M mps2-an500 -icount shift=0)
for the scheme that their code ships. The 148 KB scheme trains 100,160 weights, which with fractions take 200,320 B:
it does without.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from benchmarks.mcunet import MODEL, compile_mcunet
from tinyfl.boards.bench import run_bench
from tinyfl.boards.bench_samples import interpreter_digest
from tinyfl.boards.targets import board_of
from tinyfl.progress import Progress

SCHEMES = {"mcunetv3-49k": 8, "mcunetv3-99k": 8, "mcunetv3-148k": 0}
TINY_TRAINING_ENGINE = {
    "sram_bytes": 252_648,
    "instructions_step": 106_400_000,
    "instructions_forward": 65_000_000,
    "flash_bytes": 657_992,
}
_COLUMNS = ("sram_bytes", "instructions_step", "instructions_forward", "flash_bytes")


def measure(scheme: str, fraction_bits: int, target: str, steps: int) -> dict[str, object]:
    """Compile one scheme and run it; the digest is compared with the interpreter's."""
    with tempfile.TemporaryDirectory() as folder, Progress() as progress:
        start = time.perf_counter()
        bundle = compile_mcunet(scheme, Path(folder), fraction_bits=fraction_bits)
        seconds = time.perf_counter() - start
        row = run_bench(Path(folder), board_of(target), steps, progress).as_json()
    static, stack = row["sram_static_bytes"], row["stack_bytes"]
    assert isinstance(static, int)
    assert isinstance(stack, int)
    return {
        "scheme": scheme,
        "fraction_bits": fraction_bits,
        **row,
        "sram_bytes": static + stack,
        "arena_bytes": bundle.plan.arena_bytes,
        "compile_seconds": round(seconds, 1),
        "equals_interpreter": row["weights_digest"] == interpreter_digest(bundle, steps),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("schemes", nargs="*", default=list(SCHEMES), help="of " + ", ".join(SCHEMES))
    parser.add_argument("--target", default="cortex-m7")
    parser.add_argument("--steps", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if not MODEL.is_file():
        print("the network is not here: put mcunet-5fps.tflite into ../shared/models", file=sys.stderr)
        return 2
    rows = [measure(s, SCHEMES[s], options.target, options.steps) for s in options.schemes]
    if options.json:
        print(json.dumps({"tiny_training_engine": TINY_TRAINING_ENGINE, "ours": rows}))
    else:
        _show(rows)
    return 0 if all(row["equals_interpreter"] for row in rows) else 1


def _show(rows: list[dict[str, object]]) -> None:
    print(f"{'':30}" + "".join(f"{name:>22}" for name in _COLUMNS) + "  equals the interpreter")
    _line("Tiny Training Engine, 49 KB", TINY_TRAINING_ENGINE, "")
    for row in rows:
        name = f"{row['scheme']}, {'Q8.8' if row['fraction_bits'] else 'int8'} weights"
        _line(name, row, "yes" if row["equals_interpreter"] else "NO")


def _line(name: str, row: Mapping[str, object], equal: str) -> None:
    print(f"{name:30}" + "".join(f"{row[column]:22,}" for column in _COLUMNS) + f"  {equal}")


if __name__ == "__main__":
    sys.exit(main())
