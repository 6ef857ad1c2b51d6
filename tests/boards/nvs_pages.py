"""Reads an NVS partition as its format is documented by Espressif, for comparison: pages of 126 entries of 32 bytes."""

from __future__ import annotations

import struct
import zlib

PAGE, ENTRY, HEADER = 4096, 32, 64
U8, U32, TEXT = 0x01, 0x04, 0x21


def read_nvs(image: bytes) -> dict[str, dict[str, int | str]]:
    """Values by namespace and key; text and integers only."""
    names: dict[int, str] = {}
    found: list[tuple[int, str, int | str]] = []
    for page in range(0, len(image), PAGE):
        if image[page : page + 4] == b"\xff" * 4:
            continue
        states = image[page + 32 : page + 64]
        at = 0
        while at < 126:
            if states[at // 4] >> (at % 4 * 2) & 3 != 2:  # written
                at += 1
                continue
            entry = image[page + HEADER + at * ENTRY :][:ENTRY]
            space, kind, span, _, crc = struct.unpack_from("<BBBBI", entry)
            assert zlib.crc32(entry[:4] + entry[8:], 0xFFFFFFFF) == crc
            key = entry[8:24].split(b"\0")[0].decode()
            if kind == TEXT:
                size, _, data_crc = struct.unpack_from("<HHI", entry, 24)
                data = image[page + HEADER + (at + 1) * ENTRY :][:size]
                assert zlib.crc32(data, 0xFFFFFFFF) == data_crc
                assert data[-1:] == b"\0"
                found.append((space, key, data[:-1].decode()))
            elif space == 0:
                names[entry[24]] = key
            else:
                found.append((space, key, int.from_bytes(entry[24 : 24 + (kind & 15)], "little")))
            at += span
    values: dict[str, dict[str, int | str]] = {name: {} for name in names.values()}
    for space, key, value in found:
        values[names[space]][key] = value
    return values
