"""A 32-bit RISC-V microcontroller: QEMU's virt machine without an operating system."""

from __future__ import annotations

from tinyfl.boards.board import (
    FREESTANDING,
    Board,
    Counter,
    CrossToolchain,
    DeviceMachine,
    Emulator,
    ExternalProgram,
    memory_in_file,
)

_GCC = ExternalProgram("riscv64-unknown-elf-gcc", "gcc-riscv64-unknown-elf")
_QEMU = ExternalProgram("qemu-system-riscv32", "qemu-system-misc")
_MEMORY = 24 << 20

RV32IMC = Board(
    name="rv32imc",
    title="RV32IMC, QEMU virt",
    optimisation="-O2",
    ports=("bare", "rv32"),
    bench_port="rv32/bench",
    memory_map="rv32/rv32imc.ld",
    toolchain=CrossToolchain(
        command=(_GCC.name,),
        programs=(_GCC,),
        target=("-march=rv32imc", "-mabi=ilp32", "-mcmodel=medany", "-mstrict-align", *FREESTANDING),
    ),
    # The counter is the core's own of retired instructions.
    emulator=Emulator(_QEMU, ("-M", "virt", "-bios", "none", "-kernel"), Counter(1.0, 0)),
    device=DeviceMachine(
        ports=("rv32/device", "memory_storage"),
        machine=("-M", "virt,memory-backend=storage", *memory_in_file(_MEMORY), "-bios", "none", "-kernel"),
        memory_bytes=_MEMORY,
        storage_at=8 << 20,
    ),
)
