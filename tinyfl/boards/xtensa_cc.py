"""A compiler driver for Xtensa: Clang, LLVM's assembler and binutils behind the command line that GCC has.

No package of Debian has a whole Xtensa compiler for cores with register windows and an FPU. Clang compiles for them
but neither assembles nor links; LLVM's assembler and the linker of ``binutils-xtensa-lx106`` do the rest. Run as a
script, so that :func:`tinyfl.boards.toolchain.build` need not know:

    python xtensa_cc.py [GCC's options] -c source -o object
    python xtensa_cc.py [GCC's options] objects -o program
"""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
from pathlib import Path

CLANG, ASSEMBLER, LINKER = "clang-22", "llvm-mc-22", "xtensa-lx106-elf-ld"
_FEATURES = (
    *("windowed", "density", "mul16", "mul32", "div32", "fp", "bool", "loop", "minmax", "clamps", "nsa", "sext"),
    *("threadptr", "coprocessor", "s32c1i", "exception", "interrupt", "timers1"),
)
_FEATURE_WORDS = [word for name in _FEATURES for word in ("-Xclang", "-target-feature", "-Xclang", f"+{name}")]
_CLANG = [CLANG, "--target=xtensa", *_FEATURE_WORDS]
_ASSEMBLE = [ASSEMBLER, "-triple=xtensa", "-mcpu=esp32", "-filetype=obj", "-"]
_LINK = [LINKER, "--no-relax", "-z", "noexecstack"]
_LITERAL = re.compile(r"\s*\.literal\s+([^,]+),\s*(.*)$")
_LABEL = re.compile(r"[A-Za-z_][\w.$]*:")


def main(arguments: list[str]) -> int:
    """Do what the options say; returns an exit code, complaints are on standard error."""
    if "--version" in arguments:
        return _answer_version()
    if "-c" not in arguments:
        return subprocess.run([*_LINK, *linker_options(arguments)], check=False).returncode
    output = arguments[arguments.index("-o") + 1]
    source = next(word for word in arguments if word.endswith((".c", ".S")))
    options = [word for word in arguments if word not in ("-c", "-o", output, "-nostartfiles")]
    written = source.endswith(".S")  # by hand: preprocessed only, and its literals stand where they belong
    kind = ["-E", "-P"] if written else ["-S"]
    compiled = subprocess.run([*_CLANG, *options, *kind, "-o", "-"], stdout=subprocess.PIPE, text=True, check=False)
    if compiled.returncode:
        return compiled.returncode
    assembly = compiled.stdout if written else literals_before_functions(compiled.stdout)
    return subprocess.run([*_ASSEMBLE, "-o", output], input=assembly, text=True, check=False).returncode


def literals_before_functions(assembly: str) -> str:
    """Clang's assembly with every literal, four-byte aligned, right before the label of its function.

    LLVM 22 puts the literals of a function into the section before it, where they may be unaligned.
    """
    lines: list[str] = []
    waiting: list[str] = []
    for line in assembly.splitlines():
        if line.strip() == ".literal_position":
            continue
        literal = _LITERAL.match(line)
        if literal:
            waiting.append(f"{literal[1]}:\n\t.long {literal[2]}")
            continue
        if waiting and _LABEL.match(line):
            lines += ["\t.p2align 2", *waiting]
            waiting = []
        lines.append(line)
    return "\n".join(lines) + "\n"


def linker_options(arguments: list[str]) -> list[str]:
    """GCC's options for linking as the linker's own: those for the compiler are left out."""
    out: list[str] = []
    for word in arguments:
        if word.startswith("-Wl,"):
            out += word.split(",")[1:]
        elif not word.startswith("-") or word == "-o" or word.startswith(("-T", "-L")):
            out.append(word)
    return out


def _answer_version() -> int:
    programs = (CLANG, ASSEMBLER, LINKER)
    answers = [
        subprocess.run([name, "--version"], capture_output=True, text=True, check=True).stdout for name in programs
    ]
    print(
        *(line for answer in answers for line in answer.splitlines() if re.search(r"version|^GNU ld", line)), sep="\n"
    )
    print("driver", hashlib.sha256(Path(__file__).read_bytes()).hexdigest())
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except FileNotFoundError as error:
        sys.exit(f"error: {error.filename} is not installed")
