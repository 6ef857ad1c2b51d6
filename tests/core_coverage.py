"""How much of the device core the tests reach: a table a file, and exit code 1 if fewer than 95 % of the branches.

python -m tests.core_coverage [TESTS ...]      needs clang-22 and llvm-22; without TESTS those of device, link and wire
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from tinyfl.boards.firmware import firmware_dir

OUT = Path("build/coverage")
TESTS = ("tests/device", "tests/link", "tests/wire", "tests/hostport/test_board_queues.py")
CLANG = "clang-22 -fprofile-instr-generate -fcoverage-mapping"
LEAST_PERCENT = 95.0


def main() -> None:
    tests = sys.argv[1:] or TESTS
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir(parents=True)
    where = {"XDG_CACHE_HOME": str(OUT.absolute()), "LLVM_PROFILE_FILE": str(OUT.absolute() / "%m-%p.profraw")}
    pytest = [sys.executable, "-m", "pytest", "-m", "not soak", "-n", "2", *tests]
    subprocess.run(pytest, env={**os.environ, **where, "CC": CLANG}, check=True)
    merged = OUT / "merged.profdata"
    raw = [str(path) for path in OUT.glob("*.profraw")]
    subprocess.run(["llvm-profdata-22", "merge", "-sparse", *raw, "-o", str(merged)], check=True)
    libraries = [word for path in OUT.rglob("*.so") for word in ("-object", str(path))]
    core = sorted(str(path) for path in (firmware_dir() / "core").glob("*.c"))
    cov = ["llvm-cov-22", "export", "-summary-only", f"-instr-profile={merged}", *libraries, "-sources", *core]
    exported = json.loads(subprocess.run(cov, check=True, stdout=subprocess.PIPE).stdout)["data"][0]
    for file in exported["files"]:
        _show(Path(file["filename"]).name, file["summary"])
    _show("all", exported["totals"])
    if exported["totals"]["branches"]["percent"] < LEAST_PERCENT:
        sys.exit(f"error: fewer than {LEAST_PERCENT:.0f} % of the core's branches are reached")


def _show(name: str, summary: dict[str, dict[str, float]]) -> None:
    branches, lines = summary["branches"], summary["lines"]
    print(f"{name:22} branches {branches['covered']:4} of {branches['count']:4}, {branches['percent']:5.1f} %", end="")
    print(f"   lines {lines['percent']:5.1f} %")


if __name__ == "__main__":
    main()
