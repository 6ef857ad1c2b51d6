"""Cortex-M boards of Arm's MPS2 and MPS3 family, as QEMU has them."""

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

_GCC = ExternalProgram("arm-none-eabi-gcc", "gcc-arm-none-eabi")
_QEMU = ExternalProgram("qemu-system-arm", "qemu-system-arm")
# GCC 12 makes a loop count down and forgets that what follows reads the flags of the comparison it replaced: at -Os for
# Armv8.1-M it then reads a tap behind a filter that has an even number of them (tf_row_taps.h).
_NO_COUNTED_LOOPS = "-fno-branch-count-reg"


def _board(core: str, title: str, target: tuple[str, ...], machine: str, tick_ns: float, memory: int) -> Board:
    return Board(
        name=core,
        title=title,
        optimisation="-Os -flto",  # inner loops are assembly; everything else counts by its size
        ports=("bare", "cortex_m"),
        bench_port="cortex_m/bench",
        memory_map=f"cortex_m/{core}.ld",
        toolchain=CrossToolchain(
            command=(_GCC.name,),
            programs=(_GCC,),
            target=(f"-mcpu={core}", "-mthumb", "-mfloat-abi=hard", *target, *FREESTANDING),
        ),
        emulator=Emulator(_QEMU, ("-M", machine, "-kernel"), Counter(tick_ns, 9)),
        device=DeviceMachine(
            ports=("cortex_m/device", "memory_storage"),
            machine=("-M", f"{machine},memory-backend=storage", *memory_in_file(memory), "-kernel"),
            memory_bytes=memory,
            storage_at=0,
        ),
    )


CORTEX_M4 = _board("cortex-m4", "Cortex-M4F, MPS2 AN386", ("-mfpu=fpv4-sp-d16",), "mps2-an386", 80.0, 16 << 20)
CORTEX_M7 = _board("cortex-m7", "Cortex-M7F, MPS2 AN500", ("-mfpu=fpv5-sp-d16",), "mps2-an500", 80.0, 16 << 20)
CORTEX_M55 = _board(
    "cortex-m55",
    "Cortex-M55 with Helium, MPS3 AN547",
    ("-DBOARD_MPS3", _NO_COUNTED_LOOPS),
    "mps3-an547",
    100.0,
    2 << 30,
)
