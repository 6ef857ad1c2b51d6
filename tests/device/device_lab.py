"""A device core driven from Python: the C of ``device_fw`` with a flash, a line and a wearer made of Python."""

from __future__ import annotations

import ctypes as ct
from pathlib import Path

import numpy as np

from tinyfl.boards.firmware import firmware_dir
from tinyfl.boards.toolchain import build, find_compiler
from tinyfl.wire import codec
from tinyfl.wire import messages as m
from tinyfl.wire.delta import decode_values, encode_space, values_digest
from tinyfl.wire.zcbor_runtime import ZCBOR_DEFINES, ZCBOR_FLAGS, zcbor_runtime

HERE = Path(__file__).parent
FIRMWARE = firmware_dir()
SECTOR = 256
UNIT = 64
SCHEME = 0xA5A5F00D
CLASSES, COLUMNS, WEIGHTS, BIASES = 3, 8, 24, 6
SHARED_W = np.r_[0:12, 18:24]  # in the weight plane
SHARED_B = np.r_[0:3]
SHARED = len(SHARED_W) + len(SHARED_B)
SHARED_TENSORS = 3
TENSOR_OF = np.repeat([0, 1, 2], [12, 6, 3])
IO, EMPTY = -7, -8

_C = [ct.c_void_p]
FIELDS = [
    ("now_ms", ct.CFUNCTYPE(ct.c_uint32, *_C)),
    ("flash_read", ct.CFUNCTYPE(ct.c_int, *_C, ct.c_uint32, ct.c_void_p, ct.c_uint32)),
    ("flash_write", ct.CFUNCTYPE(ct.c_int, *_C, ct.c_uint32, ct.c_void_p, ct.c_uint32)),
    ("flash_erase", ct.CFUNCTYPE(ct.c_int, *_C, ct.c_uint32)),
    ("send", ct.CFUNCTYPE(ct.c_int, *_C, ct.c_void_p, ct.c_uint32)),
    ("collect", ct.CFUNCTYPE(ct.c_int, *_C, ct.c_void_p, ct.c_uint32, ct.c_uint32)),
    ("sample", ct.CFUNCTYPE(ct.c_int, *_C, ct.c_uint32, ct.c_uint32, ct.c_void_p, ct.c_void_p)),
]


class Port(ct.Structure):
    _fields_ = [("ctx", ct.c_void_p), ("flash_bytes", ct.c_uint32), ("sector_bytes", ct.c_uint32), *FIELDS]


def build_library() -> ct.CDLL:
    """The core, the codec and the tiny model as a shared library; undefined behaviour traps."""
    include, sources = zcbor_runtime()
    own = [*(FIRMWARE / "core").glob("*.c"), *(FIRMWARE / "gen").glob("*.c"), HERE / "harness.c", HERE / "tiny_model.c"]
    path = build(
        [*(s for s in sorted(own) if not s.name.startswith("tf_arq")), *sources],
        [FIRMWARE / "include", FIRMWARE / "core", FIRMWARE / "gen", HERE, include],
        ZCBOR_DEFINES,
        flags=["-O1", "-g", "-fsanitize=undefined", "-fsanitize-undefined-trap-on-error", *zcbor_flags()],
    )
    library = ct.CDLL(str(path))
    library.harness_new.restype = ct.c_void_p
    library.harness_device.restype = ct.c_void_p
    library.harness_plane.restype = ct.c_void_p
    for name in ("harness_slot_bytes", "harness_window_count", "harness_order", "rice_encode"):
        getattr(library, name).restype = ct.c_uint32
    return library


def zcbor_flags() -> tuple[str, ...]:
    """Flags that zcbor's C needs."""
    # zcbor calls its decoders through pointers to void *, which Clang's sanitizer minds and GCC's does not know.
    return ZCBOR_FLAGS if find_compiler().is_gcc else (*ZCBOR_FLAGS, "-fno-sanitize=function")


class PowerCut(Exception):
    """The flash lost power in the middle of an operation."""


class Flash:
    """NOR flash: writes clear bits of erased units, once. Dies at operation ``cut_at`` (1 is the next), torn."""

    def __init__(self, size: int) -> None:
        self.data = bytearray(b"\xff" * size)
        self.operations = 0
        self.cut_at: int | None = None
        self.dead = False
        self.unreadable = False
        self.writes: list[int] = []
        self.erased = [0] * (size // SECTOR)

    def _operate(self) -> bool:
        """True: this operation is the torn one."""
        self.operations += 1
        if self.cut_at is None:
            return False
        self.cut_at -= 1
        self.dead = self.cut_at <= 0
        return self.cut_at == 0

    def write(self, at: int, data: bytes) -> None:
        if self.dead:
            raise PowerCut
        assert at % UNIT == 0
        assert len(data) % UNIT == 0
        assert self.data[at : at + len(data)] == b"\xff" * len(data), "written twice without an erase"
        torn = self._operate()
        self.data[at : at + len(data) // (2 if torn else 1)] = data[: len(data) // (2 if torn else 1)]
        if torn:
            raise PowerCut
        self.writes.append(at)

    def erase(self, sector: int) -> None:
        if self.dead:
            raise PowerCut
        torn = self._operate()
        length = SECTOR // (2 if torn else 1)
        self.data[sector * SECTOR : sector * SECTOR + length] = b"\xff" * length
        if torn:
            raise PowerCut
        self.erased[sector] += 1

    def power_on(self) -> None:
        self.cut_at, self.dead = None, False


class Wearer:
    """Labelled windows by round (round 0: shipped), and evaluation sets; the same every time it is asked."""

    def __init__(self, seed: int, per_round: int = 5, shipped: int = 6) -> None:
        self.seed, self.per_round, self.shipped = seed, per_round, shipped

    def windows(self, round_number: int) -> list[tuple[np.ndarray, int]]:
        random = np.random.default_rng([self.seed, round_number])
        count = self.per_round if round_number else self.shipped
        labels = random.integers(0, CLASSES, count)
        x = random.integers(-20, 20, (count, COLUMNS)) + 80 * (np.arange(COLUMNS) % CLASSES == labels[:, None])
        return [(x[i].astype(np.int8), int(labels[i])) for i in range(count)]

    def test_set(self, number: int) -> list[tuple[np.ndarray, int]]:
        return self.windows(1000 + number) if number < 2 else []


class Device:
    """One boot of a device on a flash. Everything it says lies in ``sent``."""

    def __init__(self, library: ct.CDLL, flash: Flash, wearer: Wearer, capacity: int = 12, seed: int = 7) -> None:
        self.library, self.flash, self.wearer, self.capacity = library, flash, wearer, capacity
        self.sent: list[tuple[int, m.Message]] = []
        self.raw: list[bytes] = []
        self.collected: list[tuple[int, int]] = []
        self.clock = 0
        self.request_id = 100
        self.keep: object = None
        functions = [kind(getattr(self, f"_{name}")) for name, kind in FIELDS]
        self.port = Port(None, len(flash.data), SECTOR, *functions)
        self.handle = ct.c_void_p(library.harness_new(ct.byref(self.port), b"lab-1", seed, capacity))
        self.dev = ct.c_void_p(library.harness_device(self.handle))
        self.status = library.harness_init(self.handle)

    def close(self) -> None:
        self.library.harness_free(self.handle)

    def _now_ms(self, ctx: int) -> int:
        self.clock += 3
        return self.clock

    def _flash_read(self, ctx: int, at: int, to: int, n: int) -> int:
        if self.flash.dead or self.flash.unreadable:
            return IO
        ct.memmove(to, bytes(self.flash.data[at : at + n]), n)
        return 0

    def _flash_write(self, ctx: int, at: int, source: int, n: int) -> int:
        try:
            self.flash.write(at, ct.string_at(source, n))
        except PowerCut:
            return IO
        return 0

    def _flash_erase(self, ctx: int, sector: int) -> int:
        try:
            self.flash.erase(sector)
        except PowerCut:
            return IO
        return 0

    def _send(self, ctx: int, message: int, n: int) -> int:
        self.raw.append(ct.string_at(message, n))
        self.sent.append(codec.decode_message(self.raw[-1]))
        return 0

    def _collect(self, ctx: int, dev: int, first: int, last: int) -> int:
        self.collected.append((first, last))
        for number in range(first, last + 1):
            for x, label in self.wearer.windows(number):
                if self.push(x, label, 0 if number else 1, dev) < 0:
                    return IO
        return 0

    def push(self, x: np.ndarray, label: int, origin: int, dev: int | None = None) -> int:
        target = self.dev if dev is None else ct.c_void_p(dev)
        self.library.tf_push_sample(target, x.ctypes.data_as(ct.c_void_p), ct.c_uint32(x.size))
        return self.library.tf_label(target, label, origin)

    def predict(self, x: np.ndarray, margin: int) -> int:
        self.library.tf_push_sample(self.dev, x.ctypes.data_as(ct.c_void_p), ct.c_uint32(x.size))
        return self.library.tf_label_predicted(self.dev, ct.c_int16(margin))

    def infer(self, x: np.ndarray) -> np.ndarray:
        logits = np.zeros(CLASSES, np.int16)
        size = ct.c_uint32(x.size)
        self.library.tf_infer(self.dev, x.ctypes.data_as(ct.c_void_p), size, logits.ctypes.data_as(ct.c_void_p))
        return logits

    def _sample(self, ctx: int, number: int, index: int, x: int, label: int) -> int:
        samples = self.wearer.test_set(number)
        if index >= len(samples):
            return EMPTY
        self.keep = samples[index][0]
        ct.cast(x, ct.POINTER(ct.c_void_p))[0] = samples[index][0].ctypes.data
        ct.cast(label, ct.POINTER(ct.c_uint16))[0] = samples[index][1]
        return 0

    def plane(self, which: str, dtype: str, count: int) -> np.ndarray:
        address = self.library.harness_plane(self.handle, ct.c_char(which.encode()))
        data = ct.string_at(address, count * np.dtype(dtype).itemsize)
        return np.frombuffer(data, dtype)

    def receive(self, data: bytes) -> m.Message:
        """What the device answers; exactly one message with the id of the request."""
        before = len(self.sent)
        assert self.library.tf_device_receive(self.dev, data, len(data)) == 0
        assert len(self.sent) == before + 1
        return self.sent[-1][1]

    def ask(self, request: m.Request) -> m.Message:
        self.request_id += 1
        answer = self.receive(codec.encode_request(self.request_id, request))
        assert self.sent[-1][0] == self.request_id
        return answer

    def facts(self) -> m.Facts:
        report = self.ask(m.Info())
        assert isinstance(report, m.Report)
        return report.facts

    def run(self, limit: int | None = None) -> int:
        """Steps until idle or ``limit``; returns the number of steps taken."""
        done = 0
        while limit is None or done < limit:
            done += 1
            status = self.library.tf_step(self.dev)
            assert status >= 0
            if status == 0:
                break
        return done

    def put(self, base: np.ndarray, version: int) -> None:
        for chunk in encode_space(base.astype(np.int32), len(SHARED_W), 16):
            answer = self.ask(m.Put(SCHEME, version, chunk.start, chunk.count, chunk.k, chunk.data))
            assert answer == m.Accepted(version, chunk.start, chunk.count)

    def fetch(self, round_number: int, space: int = 12) -> tuple[np.ndarray, m.Delta]:
        q = np.zeros(0, np.int32)
        while len(q) < SHARED:
            answer = self.ask(m.Fetch(round_number, len(q), space))
            assert isinstance(answer, m.Delta), answer
            assert (answer.start, answer.round) == (len(q), round_number)
            q = np.r_[q, decode_values(answer.count, answer.k, answer.data)]
        assert values_digest(q) == answer.digest
        return q, answer


def base_of(version: int) -> np.ndarray:
    """Some global model, relative to the factory; version 0 is the factory's."""
    random = np.random.default_rng(version)
    wide = np.r_[random.integers(-900, 900, len(SHARED_W)), random.integers(-(10**5), 10**5, len(SHARED_B))]
    return (wide * (version > 0)).astype(np.int32)


def train_request(round_number: int, version: int, **changes: object) -> m.Train:
    base = clamped(base_of(version))
    fields: dict[str, object] = {
        "scheme": SCHEME,
        "round": round_number,
        "version": version,
        "digest": values_digest(base),
        "epochs": 2,
        "lr_shift": 1,
        "share": True,
        "replay": True,
        "shifts": (3, 4, 2),
    }
    return m.Train(**(fields | changes))  # type: ignore[arg-type]


FACTORY_W = np.array(
    [5, -3, 127, -127, 0, 1, -1, 100, -100, 64, -64, 7, 9, -9, 3, -3, 2, 6, 11, -50, 50, -7, 8, -2], np.int64
)
FACTORY_B = np.array([100, -2000, 30000, -4, 5, 1 << 20], np.int64)
FACTORY = np.r_[256 * FACTORY_W[SHARED_W], FACTORY_B[SHARED_B]]
LIMIT = np.r_[np.full(len(SHARED_W), 32512), np.full(len(SHARED_B), 1 << 30)]


def clamped(base: np.ndarray) -> np.ndarray:
    """A base as the server keeps it: within the limits of NUMERICS section 6."""
    return np.clip(FACTORY + base, -LIMIT, LIMIT) - FACTORY
