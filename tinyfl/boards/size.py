"""How much flash a network and its kernels take, measured on what a compiler and linker make of them."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from pathlib import Path

from elftools.elf.constants import SH_FLAGS
from elftools.elf.elffile import ELFFile

from tinyfl.boards.firmware import firmware_dir
from tinyfl.boards.toolchain import build
from tinyfl.errors import ToolError
from tinyfl.wire.zcbor_runtime import ZCBOR_DEFINES, ZCBOR_FLAGS, zcbor_runtime

_FLAGS = ("-Os", "-ffunction-sections", "-fdata-sections", "-Wl,--gc-sections")
_NOT_FLASHED = (".eh_frame", ".dyn", ".gnu", ".hash", ".note", ".got", ".plt", ".init", ".fini", ".rela", ".interp")


@dataclass(frozen=True)
class FlashSize:
    """Bytes of code and constants, and the machine they were built for."""

    code: int
    constants: int
    target: str

    @property
    def total(self) -> int:
        """Code and constants."""
        return self.code + self.constants


def kernel_flash(bundle_dir: Path, *, grad_bits: int = 8) -> FlashSize:
    """Size of the network in ``bundle_dir`` with the kernels it calls, at -Os for this machine; ToolError."""
    firmware = firmware_dir()
    sources = [
        bundle_dir / "net.c",
        firmware / "ports" / "size" / "size_probe.c",
        *sorted((firmware / "kernels").glob("*.c")),
    ]
    include = [bundle_dir, firmware / "include"]
    return _measure(build(sources, include, {"TF_GRAD_BITS": grad_bits}, None, False, _FLAGS))


def part_size(sources: list[Path]) -> FlashSize:
    """Size of a part of the firmware, everything in it counted, at -Os for this machine; ToolError."""
    firmware = firmware_dir()
    runtime, _ = zcbor_runtime()
    include = [*(firmware / folder for folder in ("include", "core", "gen")), runtime]
    defines: dict[str, str | int] = dict.fromkeys(ZCBOR_DEFINES, 1)
    return _measure(build(sources, include, defines, None, True, (*_FLAGS, *ZCBOR_FLAGS)))


def _measure(linked: Path) -> FlashSize:
    with linked.open("rb") as file:
        try:
            elf = ELFFile(file)
        except Exception as error:  # pyelftools raises its own kinds for other formats
            raise ToolError(f"the size of {linked.name} cannot be read: this machine does not use ELF") from error
        code = constants = 0
        for section in elf.iter_sections():
            flags, size = section["sh_flags"], section["sh_size"]
            if not flags & SH_FLAGS.SHF_ALLOC or section.name.startswith(_NOT_FLASHED) or section.name == ".bss":
                continue
            if flags & SH_FLAGS.SHF_EXECINSTR:
                code += size
            else:
                constants += size
    return FlashSize(code, constants, f"{platform.machine()} at -Os")
