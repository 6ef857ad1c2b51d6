"""Fuzzes the device core under AddressSanitizer and UndefinedBehaviorSanitizer with libFuzzer.

python -m tests.fuzz.fuzz [--seconds 60 | --runs N] [--keep] [TARGET ...]     needs clang-22 and libclang-rt-22-dev

An input that breaks a promise is left as a file below build/fuzz, and the exit code is 1. ``--keep`` adds what was
found to reach new code to the corpus, as few inputs as reach all of it.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.fuzz.targets import TARGETS, Target
from tinyfl.boards.toolchain import Compiler, version_of
from tinyfl.errors import ToolError

CLANG = "clang-22"
# zcbor calls its decoders through pointers to void *.
FLAGS = ("-fsanitize=fuzzer,address,undefined", "-fno-sanitize=function")
OUT = Path("build/fuzz")
_EXECUTED = re.compile(r"stat::number_of_executed_units: (\d+)")
_COVERED = re.compile(r"cov: (\d+)")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=f"of {', '.join(TARGETS)}; all without one")
    effort = parser.add_mutually_exclusive_group()
    effort.add_argument("--seconds", type=int, default=60, help="for each target")
    effort.add_argument("--runs", type=int, help="executions of each target instead of a time")
    parser.add_argument("--jobs", type=int, default=2, help="targets at the same time")
    parser.add_argument("--keep", action="store_true", help="rewrite the corpus")
    options = parser.parse_args()
    unknown = set(options.targets) - set(TARGETS)
    if unknown:
        parser.error(f"there is no target {unknown.pop()}; choose of {', '.join(TARGETS)}")
    limit = f"-runs={options.runs}" if options.runs else f"-max_total_time={options.seconds}"
    chosen = [TARGETS[name] for name in options.targets or TARGETS]
    with ThreadPoolExecutor(options.jobs) as pool:
        executions = list(pool.map(lambda target: _fuzz(target, limit, options.keep), chosen))
    print(f"{sum(executions):,} executions in all, 0 findings")


def fuzzing_compiler() -> Compiler:
    """Clang with libFuzzer; ToolError with the remedy where it is not installed."""
    version = version_of((CLANG,))
    if version is None:
        raise ToolError(f"fuzzing needs {CLANG}, which is not installed; on Debian: apt install {CLANG}")
    return Compiler((CLANG,), version)


def _fuzz(target: Target, limit: str, keep: bool) -> int:
    """Run one target; returns the number of executions. Ends the program at a finding."""
    program = target.build(fuzzing_compiler(), FLAGS)
    work, found = OUT / target.name / "corpus", OUT / target.name / "found"
    for folder in (work, found):
        folder.mkdir(parents=True, exist_ok=True)
    write_inputs(work, target.inputs())
    options = [f"-max_len={target.longest}", f"-artifact_prefix={found}/", "-print_final_stats=1", "-verbosity=1"]
    log = OUT / target.name / "log"
    with log.open("w") as out:
        done = subprocess.run([program, *options, limit, str(work)], stdout=out, stderr=out, check=False)
    said = log.read_text(errors="replace")
    if done.returncode:
        sys.exit(f"error: {target.name} broke a promise (exit code {done.returncode}); see {log} and {found}")
    executed = int(_EXECUTED.findall(said)[-1])
    print(f"{target.name}: {executed:,} executions, {_COVERED.findall(said)[-1]} edges, 0 findings", flush=True)
    if keep:
        _keep(target, program, work)
    return executed


def write_inputs(folder: Path, inputs: Iterable[bytes]) -> None:
    """Each input as a file, as libFuzzer reads a corpus."""
    for number, data in enumerate(inputs):
        (folder / f"kept-{number:04}").write_bytes(data)


def _keep(target: Target, program: Path, work: Path) -> None:
    least = OUT / target.name / "least"
    shutil.rmtree(least, ignore_errors=True)
    least.mkdir()
    merge = [program, "-merge=1", f"-max_len={target.longest}", str(least), str(work)]
    subprocess.run(merge, check=True, capture_output=True)
    inputs = sorted((path.read_bytes() for path in least.iterdir()), key=lambda data: (len(data), data))
    target.corpus.write_text("".join(f"{data.hex()}\n" for data in inputs if data), encoding="ascii")


if __name__ == "__main__":
    try:
        main()
    except ToolError as error:
        sys.exit(f"error: {error}")
