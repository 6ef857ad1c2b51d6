"""What a board is: a memory map, a toolchain, and an emulator that runs what was built for it."""

from __future__ import annotations

import shutil
from dataclasses import dataclass

from tinyfl.boards.toolchain import Compiler, find_compiler, version_of
from tinyfl.errors import ToolError


@dataclass(frozen=True)
class ExternalProgram:
    """A program that a board needs, and the Debian packages that bring it."""

    name: str
    packages: str

    def require(self, board: str) -> None:
        """ToolError with the remedy where it is not installed."""
        if shutil.which(self.name) is None:
            raise ToolError(
                f"board {board} needs {self.name}, which is not installed; on Debian: apt install {self.packages}"
            )


# Of a GCC that is asked for no C library: freestanding headers, yet built-in functions as usual.
FREESTANDING = ("-ffreestanding", "-fbuiltin", "-nostdlib", "-Wl,-lgcc")


@dataclass(frozen=True)
class CrossToolchain:
    """A C compiler for another machine."""

    command: tuple[str, ...]
    programs: tuple[ExternalProgram, ...]
    """all that the command runs"""
    target: tuple[str, ...] = ()
    """options that choose the machine"""


@dataclass(frozen=True)
class Counter:
    """Ticks that a board reads while the emulator lets every instruction last 2^shift ns of virtual time."""

    tick_ns: float
    shift: int

    def instructions(self, ticks: int) -> int:
        """Exact: an instruction lasts more than two ticks, or just one."""
        return round(ticks * self.tick_ns / 2**self.shift)


@dataclass(frozen=True)
class Emulator:
    """A program that runs a board's file and shows what it writes to its serial line."""

    program: ExternalProgram
    machine: tuple[str, ...]
    """options that choose the machine; the last one takes the file as its value"""
    counter: Counter

    @property
    def command(self) -> list[str]:
        """Everything but the file's name."""
        console = ["-display", "none", "-monitor", "none", "-serial", "stdio", "-no-reboot"]
        return [self.program.name, "-icount", f"shift={self.counter.shift}", *console, *self.machine]


@dataclass(frozen=True)
class DeviceMachine:
    """How a board becomes a device of a fleet: its ports, and memory in a file that outlives the emulator."""

    ports: tuple[str, ...]
    """folders below ``device_fw/ports`` with what ``board_port.h`` asks for"""
    machine: tuple[str, ...]
    """options that choose the machine; ``{storage}`` is the file's name, the last one takes the program"""
    memory_bytes: int
    """of the file"""
    storage_at: int
    """where in that memory ``tf_storage`` of the memory map lies"""


def memory_in_file(memory_bytes: int) -> tuple[str, ...]:
    """Options of a machine whose memory is called ``storage`` and lies in the storage's file."""
    size = f"{memory_bytes >> 20}M"
    return ("-m", size, "-object", f"memory-backend-file,id=storage,size={size},mem-path={{storage}},share=on")


@dataclass(frozen=True)
class Board:
    """One target of ``tinyfl bench`` and ``tinyfl build``."""

    name: str
    title: str
    optimisation: str
    ports: tuple[str, ...]
    """folders below ``device_fw/ports`` whose C and assembly is the board's start-up and end"""
    bench_port: str
    """folder below ``device_fw/ports`` with what ``bench_port.h`` asks for"""
    memory_map: str | None
    """the linker script below ``device_fw/ports`` with the board's SRAM and flash; None on a host"""
    toolchain: CrossToolchain | None
    """None: the compiler of this machine"""
    emulator: Emulator | None
    """None: runs on this machine"""
    device: DeviceMachine | None = None
    """None: serves the bench alone, or is the host"""

    def compiler(self) -> Compiler:
        """The board's compiler; ToolError where one is not installed."""
        if self.toolchain is None:
            return find_compiler()
        for program in self.toolchain.programs:
            program.require(self.name)
        version = version_of(self.toolchain.command)
        if version is None:
            raise ToolError(f"the compiler of board {self.name}, {self.toolchain.command[-1]}, does not run")
        return Compiler(self.toolchain.command, version, self.toolchain.target)

    def require_emulator(self) -> None:
        """ToolError with the remedy where the emulator is not installed."""
        if self.emulator is not None:
            self.emulator.program.require(self.name)
