"""Messages over a serial line with 1 % of its bytes altered and 5 % of its frames dropped, repeated and reordered each.

python -m benchmarks.bad_line [--frames N] [--seeds S ...]

Every message is compared on arrival: one that is lost, doubled or altered ends it with exit code 1. Time is that of a
line at 115,200 baud.
"""

from __future__ import annotations

import argparse
import subprocess
from pathlib import Path

from tinyfl.boards.firmware import firmware_dir
from tinyfl.boards.toolchain import build

SOURCE = Path(__file__).parents[1] / "tests" / "link" / "bad_line.c"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=1_000_000)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1])
    options = parser.parse_args()
    program = bad_line()
    for seed in options.seeds:
        subprocess.run([program, str(options.frames), str(seed)], check=True)


def bad_line() -> Path:
    core = firmware_dir() / "core"
    sources = [SOURCE, core / "tf_arq.c", core / "tf_arq_out.c", core / "tf_frame.c"]
    return build(sources, [core, firmware_dir() / "include"], shared=False, flags=["-O2"])


if __name__ == "__main__":
    main()
