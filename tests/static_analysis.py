"""clang-tidy and cppcheck on the firmware; silent and exit code 0 if they find nothing.

python -m tests.static_analysis NETWORK      (a folder that `tinyfl compile` wrote; needs clang-tidy-22 and cppcheck)

``.clang-tidy`` says what is checked.
"""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tinyfl.boards.firmware import firmware_dir
from tinyfl.wire.zcbor_runtime import zcbor_runtime

# Of cppcheck: it takes values that a variable may have for those it has; the hardware reads a vector table; symbols
# of a linker script are no objects; a product of two 9-bit numbers fits 32 bits.
NOT_MEANT = ("knownConditionTrueFalse", "unusedStructMember", "comparePointers", "truncLongCastAssignment")

NOT_FOUND = {"esp32s3", "freestanding"}  # headers in place of a board's own and of this machine's


def main() -> None:
    network = Path(sys.argv[1])
    firmware = firmware_dir()
    folders = sorted({path.parent for path in firmware.rglob("*.h") if not NOT_FOUND & set(path.parts)})
    own = ["-DTF_GRAD_BITS=8", f"-I{network}", *(f"-I{folder}" for folder in folders)]
    sources = [path for path in sorted(firmware.rglob("*.c")) if not {"gen", "esp32s3"} & set(path.parts)]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        clean = all(list(pool.map(lambda source: _tidy(source, own), [*sources, network / "net.c"])))
    check = ["cppcheck", "--quiet", "--error-exitcode=1", "--enable=warning,style,performance,portability", "-j2"]
    check += [f"--suppress={name}" for name in NOT_MEANT]
    done = subprocess.run([*check, "--std=c11", *own, *map(str, sources)], check=False)
    sys.exit(0 if clean and done.returncode == 0 else 1)


def _tidy(source: Path, own: list[str]) -> bool:
    # The headers of a C library are this machine's, whatever the target; only Xtensa's registers need their own one.
    target = ["--target=xtensa", "-ffreestanding"] if "xtensa" in source.parts else []
    command = [
        "clang-tidy-22",
        "--quiet",
        str(source),
        "--",
        "-std=c11",
        *target,
        *own,
        "-isystem",
        str(zcbor_runtime()[0]),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        print(done.stdout, done.stderr, sep="\n")
    return done.returncode == 0


if __name__ == "__main__":
    main()
