"""The storage of an emulated board: who the device is, its recordings and its flash, in a file (docs/SPEC.md).

The file is the emulated machine's memory or its flash chip, so it is as large, and sparse.
"""

from __future__ import annotations

import os
import secrets
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from tinyfl.boards.board import DeviceMachine
from tinyfl.errors import DataError, ToolError

_FLASH_AT, _FLASH_BYTES = 128 << 10, 4 << 20  # whole sectors on every board
_RECORDINGS_AT = _FLASH_AT + _FLASH_BYTES
_NAME_BYTES = 32
_LAYOUT = struct.Struct(f"<II{_NAME_BYTES + 4}sIIIIII")
_STATUS_AT, _BLANK_STATUS = 128, 0xFFFFFFFF
_MAGIC, _VERSION = 0x54534654, 1
_BLANK = b"\xff"


class _Header(NamedTuple):
    magic: int
    version: int
    name: bytes
    seed: int
    recordings_at: int
    recordings_bytes: int
    flash_at: int
    flash_bytes: int
    nonce: int


@dataclass(frozen=True)
class Identity:
    """Who a device is: its name of 1 to 32 bytes, and the seed of its first boot."""

    name: str
    seed: int

    def __post_init__(self) -> None:
        """Raise DataError for a name that is no device's."""
        length = len(self.name.encode())
        if not 1 <= length <= _NAME_BYTES:
            raise DataError(f"the device name '{self.name}' has {length} bytes; give 1 to {_NAME_BYTES}")


def read_windows(recordings: Path, machine: DeviceMachine) -> bytes:
    """The bytes of a recordings file; DataError if it cannot be read or does not find room in the storage."""
    try:
        windows = recordings.read_bytes()
    except OSError as error:
        raise DataError(f"recordings {recordings} cannot be read ({error.strerror}); give a recordings file") from error
    if machine.storage_at + _RECORDINGS_AT + len(windows) > machine.memory_bytes:
        raise DataError(f"recordings {recordings} have {len(windows):,} B, which are more than the board has room for")
    return windows


def prepare_storage(path: Path, machine: DeviceMachine, identity: Identity, windows: bytes) -> None:
    """Fill the file, which exists, but keep the flash of an earlier run; ToolError if it cannot be written."""
    old = _read_header(path, machine)
    sizes = (_RECORDINGS_AT, len(windows), _FLASH_AT, _FLASH_BYTES)
    header = _LAYOUT.pack(
        *_Header(_MAGIC, _VERSION, identity.name.encode(), identity.seed, *sizes, secrets.randbits(32))
    )
    header += _BLANK * (_STATUS_AT + 64 - len(header))
    try:
        with path.open("r+b") as stream:
            if old is None:
                stream.truncate(machine.memory_bytes)
                stream.seek(machine.storage_at + _FLASH_AT)
                stream.write(_BLANK * _FLASH_BYTES)
            stream.seek(machine.storage_at + _RECORDINGS_AT)
            stream.write(windows)
            stream.flush()
            os.fsync(stream.fileno())
            stream.seek(machine.storage_at)
            stream.write(header)  # last: a file without it is made anew
    except OSError as error:
        raise ToolError(f"the storage {path} cannot be written ({error.strerror})") from error


def device_status(path: Path, machine: DeviceMachine) -> int:
    """Why the program of a device ended, a ``tf_status``; 0 if it did not say."""
    with path.open("rb") as stream:
        stream.seek(machine.storage_at + _STATUS_AT)
        status = int.from_bytes(stream.read(4), "little")
    return 0 if status == _BLANK_STATUS else -status


def _read_header(path: Path, machine: DeviceMachine) -> _Header | None:
    try:
        with path.open("rb") as stream:
            stream.seek(machine.storage_at)
            packed = stream.read(_LAYOUT.size)
    except OSError:
        return None
    if len(packed) < _LAYOUT.size:
        return None
    header = _Header(*_LAYOUT.unpack(packed))
    return header if (header.magic, header.version) == (_MAGIC, _VERSION) else None
