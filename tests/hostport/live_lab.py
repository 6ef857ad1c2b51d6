"""The live device's C as a library, and a gateway's end of its byte line that Python moves through time."""

from __future__ import annotations

import ctypes as ct
from collections.abc import Callable
from pathlib import Path

import numpy as np

from tinyfl.boards.firmware import firmware_dir
from tinyfl.boards.toolchain import build
from tinyfl.link.arq import Arq, Role
from tinyfl.wire.zcbor_runtime import ZCBOR_DEFINES, ZCBOR_FLAGS, zcbor_runtime

LONGEST = 4096


def build_live(network: Path, sources: tuple[Path, ...] = (), include: tuple[Path, ...] = ()) -> ct.CDLL:
    """Everything of a live device but a board, and what else is given; undefined behaviour traps."""
    firmware = firmware_dir()
    runtime_include, runtime = zcbor_runtime()
    folders = [firmware / name for name in ("core", "gen", "kernels", "ports/live", "ports/loop", "ports/emulated")]
    own = [file for folder in folders for file in sorted(folder.glob("*.c"))]
    own += [Path(__file__).with_name("live_harness.c"), network / "net.c"]
    path = build(
        [*own, *sources, *runtime],
        [network, firmware / "include", *folders, *include, runtime_include],
        ZCBOR_DEFINES,
        flags=["-O1", "-g", "-fsanitize=undefined", "-fsanitize-undefined-trap-on-error", *ZCBOR_FLAGS],
    )
    library = ct.CDLL(str(path))
    library.harness_new.restype = library.chip.restype = ct.c_void_p
    library.harness_digest.restype = library.harness_inferred.restype = ct.c_uint32
    return library


class LiveDevice:
    """A :class:`tinyfl.link.base.DeviceLink` to a live device.

    ``spoil`` may alter what the line carries, frames towards the device and what its FIFO held back; ``link`` is a
    ``message_link`` that takes the line's place.
    """

    def __init__(
        self,
        library: ct.CDLL,
        name: str = "worn-1",
        *,
        seed: int = 7,
        recordings: bytes = b"",
        label_bytes: int = 0,
        rows: int = 4,
        hop: int = 2,
        spoil: Callable[[bytes, bool], bytes] = lambda data, _: data,
        link: ct.c_void_p | None = None,
    ) -> None:
        self.device, self.bytes_sent, self.bytes_received = name, 0, 0
        self.c, self._now, self._boots, self._spoil = library, 0, 0, spoil
        library.harness_writes(2**32 - 1)
        make = (name.encode(), seed, recordings, len(recordings), label_bytes, rows, hop)
        self.handle = ct.c_void_p(library.harness_new(*make))
        library.harness_link(self.handle, link)
        self._arq = Arq(Role.GATEWAY, 99)
        assert self.boot() == 0

    def boot(self) -> int:
        """Cut the power and start again; the gateway's end stays."""
        self._boots += 1
        return int(self.c.harness_boot(self.handle, self._boots))

    def pass_ms(self, ms: int) -> None:
        """Time goes by, and both ends work."""
        out = ct.create_string_buffer(LONGEST)
        for _ in range(ms):
            self._now += 1
            self.c.harness_clock(self._now)
            while frame := self._arq.poll(self._now):
                frame = self._spoil(frame, True)
                self.c.harness_give(self.handle, frame, len(frame))
            status = self.c.harness_turn(self.handle)
            assert status == 0, status
            count = self.c.harness_take(self.handle, out)
            self._arq.feed(self._spoil(out.raw[:count], False), self._now)

    def send(self, message: bytes) -> None:
        self._arq.send(message)

    def receive(self, timeout: float) -> bytes | None:
        for _ in range(max(1, int(timeout * 1000))):
            self.pass_ms(1)
            if (message := self._arq.take()) is not None:
                return message
        return None

    def close(self) -> None:
        self.c.harness_free(self.handle)

    def sample(self, row: np.ndarray) -> int:
        return int(self.c.harness_sample(self.handle, row.astype(np.int8).tobytes()))

    def label(self, label: int) -> int:
        return int(self.c.harness_label(self.handle, label))

    def windows(self, input_bytes: int) -> list[tuple[int, bytes]]:
        """Label and window of every fresh window in the store."""
        x = ct.create_string_buffer(input_bytes)
        return [(self.c.harness_window(self.handle, i, x), x.raw) for i in range(self.c.harness_fresh(self.handle))]
