"""What a board's linker script says about its memory, and what the linker says when a build does not fit."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

_REGION = re.compile(r"^\s*(\w+)\s*\(\w+\)\s*:\s*ORIGIN\s*=\s*\w+\s*,\s*LENGTH\s*=\s*(\d+)([KM]?)", re.MULTILINE)
_STACK = re.compile(r"^STACK_BYTES\s*=\s*(\d+)([KM]?)\s*;", re.MULTILINE)
_OVERFLOW = re.compile(r"region `(\w+)' overflowed by (\d+) bytes")
_UNITS = {"": 1, "K": 1024, "M": 1024 * 1024}


@dataclass(frozen=True)
class MemoryMap:
    """Bytes of each region, and how many of ``SRAM`` are kept for the stack."""

    regions: dict[str, int]
    stack_bytes: int


def read_memory_map(script: Path) -> MemoryMap:
    """The regions of a linker script of ``device_fw/ports``."""
    text = script.read_text(encoding="utf-8")
    regions = {name: int(length) * _UNITS[unit] for name, length, unit in _REGION.findall(text)}
    stack = _STACK.search(text)
    assert stack is not None, script
    return MemoryMap(regions, int(stack[1]) * _UNITS[stack[2]])


def overflows(log: str) -> dict[str, int]:
    """Bytes by which each region was exceeded, as the GNU linker reports them; empty if none was."""
    return {region: int(excess) for region, excess in _OVERFLOW.findall(log)}
