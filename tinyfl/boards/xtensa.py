"""An Xtensa core with register windows and an FPU, the kind inside an ESP32: QEMU's KC705."""

from __future__ import annotations

import sys
from pathlib import Path

from tinyfl.boards import xtensa_cc
from tinyfl.boards.board import Board, Counter, CrossToolchain, DeviceMachine, Emulator, ExternalProgram

XTENSA = Board(
    name="xtensa",
    title="Xtensa DE233 with FPU, KC705",
    optimisation="-O2",
    ports=("bare", "xtensa"),
    bench_port="xtensa/bench",
    memory_map="xtensa/xtensa.ld",
    toolchain=CrossToolchain(
        command=(sys.executable, str(Path(xtensa_cc.__file__))),
        programs=(
            ExternalProgram(xtensa_cc.CLANG, "clang-22"),
            ExternalProgram(xtensa_cc.ASSEMBLER, "llvm-22"),
            ExternalProgram(xtensa_cc.LINKER, "binutils-xtensa-lx106"),
        ),
        target=("-nostdlibinc", "-fomit-frame-pointer"),
    ),
    emulator=Emulator(
        ExternalProgram("qemu-system-xtensa", "qemu-system-misc"),
        ("-M", "kc705", "-cpu", "de233_fpu", "-kernel"),
        Counter(25.0, 6),
    ),
    device=DeviceMachine(
        ports=("xtensa/device",),
        machine=("-M", "kc705", "-cpu", "de233_fpu", "-drive", "if=pflash,format=raw,file={storage}", "-kernel"),
        memory_bytes=128 << 20,  # the chip's size
        storage_at=0,
    ),
)
