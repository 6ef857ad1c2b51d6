"""Bytes of code and constants of the device's parts, as built for this machine at -Os: a table.

python benchmarks/code_size.py DIR      (a folder that `tinyfl compile` or a run wrote)
"""

from __future__ import annotations

import argparse
from pathlib import Path

from tinyfl.boards.firmware import firmware_dir
from tinyfl.boards.size import kernel_flash, part_size
from tinyfl.wire.zcbor_runtime import zcbor_runtime


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("network", type=Path)
    network = parser.parse_args().network
    firmware = firmware_dir()
    core = sorted((firmware / "core").glob("*.c"))
    link = [c for c in core if c.name.startswith(("tf_arq", "tf_frame"))]
    _, runtime = zcbor_runtime()
    parts = {
        "network and the kernels it calls": kernel_flash(network),
        "all kernels": part_size(sorted((firmware / "kernels").glob("*.c"))),
        "core": part_size([c for c in core if c not in link]),
        "serial link": part_size(link),
        "wire codec (generated)": part_size(sorted((firmware / "gen").glob("*.c"))),
        "zcbor run time": part_size(runtime),
    }
    print(f"| part, {parts['core'].target} | code | constants |\n|---|---:|---:|")
    for name, size in parts.items():
        print(f"| {name} | {size.code} | {size.constants} |")


if __name__ == "__main__":
    main()
