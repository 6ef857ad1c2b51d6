"""Links a program around a compiled network for a board and measures what it takes of the board's memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from elftools.common.exceptions import ELFError
from elftools.elf.constants import SH_FLAGS
from elftools.elf.elffile import ELFFile

from tinyfl.boards.board import Board
from tinyfl.boards.firmware import firmware_dir
from tinyfl.boards.memory_map import MemoryMap, overflows, read_memory_map
from tinyfl.boards.toolchain import BuildError, build
from tinyfl.errors import BudgetError, ToolError

_STACK = ".stack"
_TITLES = (("SRAM", "SRAM"), ("FLASH", "flash"))


@dataclass(frozen=True)
class Image:
    """A linked program and what it takes."""

    file: Path
    toolchain: str
    """the compiler's name and version, and the optimisation"""
    sram_static_bytes: int
    """variables of all that is linked; not the stack"""
    flash_bytes: int
    """code, constants and initial values of all that is linked"""
    stack_limit: int
    """bytes kept for the stack; 0 on a host"""


@dataclass(frozen=True)
class BoardProgram:
    """What is linked around a network, beside its kernels and a bare board's start-up."""

    name: str
    """of the file, in a folder of the board's name"""
    folders: tuple[str, ...]
    """below ``device_fw``: all their C and assembly, and their headers"""
    defines: Mapping[str, str | int] = field(default_factory=dict)
    flags: tuple[str, ...] = ()
    sources: tuple[Path, ...] = ()
    include: tuple[Path, ...] = ()
    remedy: str = "compile it with --sram or --flash to be told what fits, or with a scheme that trains less"
    """of a network that does not fit"""


def build_image(network: Path, board: Board, program: BoardProgram, grad_bits: int) -> Image:
    """Link ``program`` with the network of a folder that ``tinyfl compile`` wrote and its kernels, for ``board``.

    Args:
        network: has ``net.c`` and ``net.h``; the program is left in a folder of the board's name in it.
        board: to build for.
        program: to build.
        grad_bits: width of gradients that the network was compiled for.

    Raises:
        BudgetError: it does not fit the board's SRAM or flash; by how much, and what to do.
        ToolError: no network or compiler, or it does not compile.
    """
    if not (network / "net.c").is_file():
        raise ToolError(f"{network} has no net.c; let `tinyfl compile` write it there")
    firmware = firmware_dir()
    ports = firmware / "ports"
    folders = [*(firmware / folder for folder in program.folders), *(ports / folder for folder in board.ports)]
    if board.toolchain is not None:
        folders.append(ports / "freestanding")  # memcpy and its kin: no C library is asked for
    sources = [network / "net.c", *sorted((firmware / "kernels").glob("*.c")), *program.sources]
    sources += [file for folder in folders for file in sorted(folder.glob("*.[cS]"))]
    include = [network, firmware / "include", *folders, *program.include]
    defines: dict[str, str | int] = {"TF_GRAD_BITS": grad_bits, **program.defines}
    compiler = board.compiler()
    flags = [*board.optimisation.split(), "-ffunction-sections", "-fdata-sections", "-Wl,--gc-sections"]
    flags += program.flags
    scripts: list[Path] = []
    if board.memory_map is not None:
        flags += ["-nostartfiles", "-Wl,--no-warn-rwx-segments"]
        scripts = [ports / board.memory_map, ports / "bare" / "sections.ld"]
    try:
        file = build(sources, include, defines, network / board.name / program.name, False, flags, compiler, scripts)
    except BuildError as error:
        excess = overflows(error.log)
        if not excess:
            raise
        raise BudgetError(_too_much(network, board, excess, read_memory_map(scripts[0]), program.remedy)) from error
    stack_limit = read_memory_map(scripts[0]).stack_bytes if scripts else 0
    return Image(file, f"{compiler.release}, {board.optimisation}", *memory_of(file), stack_limit)


def memory_of(file: Path) -> tuple[int, int]:
    """Bytes of variables and of code, constants and initial values in an ELF file; ToolError if it is none."""
    variables = flash = 0
    with file.open("rb") as stream:
        try:
            for section in ELFFile(stream).iter_sections():
                if not section["sh_flags"] & SH_FLAGS.SHF_ALLOC or section.name == _STACK:
                    continue
                if section["sh_flags"] & SH_FLAGS.SHF_WRITE:
                    variables += section["sh_size"]
                if section["sh_type"] != "SHT_NOBITS":
                    flash += section["sh_size"]
        except ELFError as error:
            raise ToolError(f"the size of {file} cannot be read: this machine does not use ELF") from error
    return variables, flash


def _too_much(network: Path, board: Board, excess: dict[str, int], memory: MemoryMap, remedy: str) -> str:
    parts = [
        f"{excess[name]:,} B more {title} than the {memory.regions[name]:,} B"
        for name, title in _TITLES
        if name in excess
    ]
    return (
        f"{network} needs {' and '.join(parts)} of {board.name} ({memory.stack_bytes:,} B of its SRAM are the "
        f"stack's); {remedy}"
    )
