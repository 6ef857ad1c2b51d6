"""A device in this process: the C of the host port, loaded as a library and stepped while one waits for it."""

from __future__ import annotations

import ctypes as ct
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyfl.errors import LinkError, ToolError
from tinyfl.link.base import MAX_MESSAGE_BYTES, check_message

_STEPS = 64
"""Pieces of work between two looks at the clock; in between no other Python thread waits for this one."""


class _Config(ct.Structure):
    _fields_ = (
        ("recordings", ct.c_char_p),
        ("flash", ct.c_char_p),
        ("name", ct.c_char_p),
        ("seed", ct.c_uint32),
        ("capacity", ct.c_uint32),
    )


class DeviceLibrary:
    """A network's host library (``HostBuild.library``); one serves any number of devices."""

    def __init__(self, path: Path) -> None:
        """Load it; ``ToolError`` if that fails."""
        try:
            self.functions: Any = ct.CDLL(str(path))
        except OSError as error:
            raise ToolError(f"cannot load the device library {path} ({error}); build it again.") from error
        handle, bytes_in, none = ct.c_void_p, ct.c_char_p, None
        signatures: dict[str, tuple[Any, list[Any]]] = {
            "tfh_create": (handle, [ct.POINTER(_Config), bytes_in, ct.c_uint32]),
            "tfh_destroy": (none, [handle]),
            "tfh_reset": (ct.c_int, [handle]),
            "tfh_receive": (ct.c_int, [handle, bytes_in, ct.c_uint32]),
            "tfh_work": (ct.c_int, [handle, ct.c_uint32]),
            "tfh_pop_message": (ct.c_uint32, [handle, bytes_in]),
            "tfh_weights_high": (handle, [handle]),
            "tfh_weights_low": (handle, [handle]),
            "tfh_biases": (handle, [handle]),
            "tfh_trained_weights": (ct.c_uint32, []),
            "tfh_trained_biases": (ct.c_uint32, []),
            "tfh_weights_digest": (ct.c_uint32, [handle]),
        }
        for name, (result, arguments) in signatures.items():
            function = getattr(self.functions, name)
            function.restype, function.argtypes = result, arguments


@dataclass(frozen=True)
class DeviceFiles:
    """The files of an emulated device."""

    recordings: Path
    """what its sensor and wearer will say"""
    flash: Path | None = None
    """its flash; None keeps it in memory, as long as the link is not closed"""


class InProcessLink:
    """A :class:`tinyfl.link.base.DeviceLink` to a device that lives in this process.

    The device computes only inside ``receive``, which steps it until a message comes out or it is idle: nothing
    else could ever make it say something, so ``receive`` does not sit out the rest of its timeout. The GIL is
    released meanwhile; devices of different threads run in parallel.
    """

    def __init__(
        self, library: DeviceLibrary, device: str, files: DeviceFiles, *, seed: int = 1, capacity: int = 64
    ) -> None:
        """Boot the device; ``LinkError`` naming it when it cannot start from its files."""
        self.device = device
        self.bytes_sent = 0
        self.bytes_received = 0
        self._c = library.functions
        config = _Config(
            str(files.recordings).encode(),
            None if files.flash is None else str(files.flash).encode(),
            device.encode(),
            seed,
            capacity,
        )
        why = ct.create_string_buffer(512)
        self._handle: int | None = self._c.tfh_create(ct.byref(config), why, len(why))
        if not self._handle:
            raise LinkError(f"device {device} does not start: {why.value.decode(errors='replace')}.")
        self._message = ct.create_string_buffer(MAX_MESSAGE_BYTES)

    def send(self, message: bytes) -> None:
        """Hand one message to the device, which answers it at once; the answer waits for ``receive``."""
        check_message(message)
        handle = self._living()
        self.bytes_sent += len(message)
        if self._c.tfh_receive(handle, message, len(message)) < 0:
            raise LinkError(f"device {self.device} has more to say than anyone takes; receive before sending again.")

    def receive(self, timeout: float) -> bytes | None:
        """Step the device until a message comes out, it has nothing to do, or ``timeout`` seconds are over."""
        handle = self._living()
        deadline = time.monotonic() + timeout
        while True:
            count = self._c.tfh_pop_message(handle, self._message)
            if count:
                self.bytes_received += count
                return self._message.raw[:count]
            more = self._c.tfh_work(handle, _STEPS if timeout > 0 else 1)
            if more < 0:
                raise LinkError(f"device {self.device} failed at its work (status {more}).")
            if time.monotonic() >= deadline or not more:
                count = self._c.tfh_pop_message(handle, self._message)
                self.bytes_received += count
                return self._message.raw[:count] if count else None

    def reset(self) -> None:
        """Cut the device's power and boot it again; only its flash survives. ``LinkError`` when it does not boot."""
        status = self._c.tfh_reset(self._living())
        if status < 0:
            raise LinkError(f"device {self.device} does not start again (status {status}).")

    def weights(self) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.uint8], npt.NDArray[np.int32]]:
        """Copies of the planes w and f [trained_weights] and b [trained_biases]."""
        handle = self._living()
        n, biases = self._c.tfh_trained_weights(), self._c.tfh_trained_biases()
        return (
            np.frombuffer(ct.string_at(self._c.tfh_weights_high(handle), n), np.int8),
            np.frombuffer(ct.string_at(self._c.tfh_weights_low(handle), n), np.uint8),
            np.frombuffer(ct.string_at(self._c.tfh_biases(handle), 4 * biases), np.int32),
        )

    @property
    def weights_digest(self) -> int:
        """Digest of all trained weights, as the device reports it."""
        return int(self._c.tfh_weights_digest(self._living()))

    def close(self) -> None:
        """End the device."""
        if self._handle:
            self._c.tfh_destroy(self._handle)
            self._handle = None

    def _living(self) -> int:
        if not self._handle:
            raise LinkError(f"the link to device {self.device} is closed.")
        return self._handle
