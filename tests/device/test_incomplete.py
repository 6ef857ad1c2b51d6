"""What a device is given to start with: each missing or impossible part is refused before anything happens."""

import ctypes as ct

import pytest
from device_lab import FIELDS, SECTOR, Device, Flash, Port, Wearer
from test_device_memory import PLANES, Memory

from tests.compiler.device_library import Model, Tensor

ARGUMENT, SPACE = -1, -2


class Config(ct.Structure):
    _fields_ = [("name", ct.c_char_p), ("seed", ct.c_uint32)]


class Parts:
    """All that tf_device_init takes, whole."""

    def __init__(self, library: ct.CDLL) -> None:
        self.library = library
        self.flash = Flash(2 * library.harness_slot_bytes(12, SECTOR))
        self.whole = Device(library, Flash(len(self.flash.data)), Wearer(1))  # lends its port
        self.port = Port(None, len(self.flash.data), SECTOR, *(getattr(self.whole.port, name) for name, _ in FIELDS))
        self.model = Model.from_buffer_copy(Model.in_dll(library, "tiny_model"))
        self.config = Config(b"parts", 1)
        self.block = (ct.c_uint64 * (library.block_bytes(12) // 8))()
        self.memory = Memory()
        library.place(self.block, ct.sizeof(self.block), 12, ct.byref(self.memory))
        self.dev = ct.create_string_buffer(4096)

    def start(self, **instead: object) -> int:
        parts = {name: ct.byref(getattr(self, name)) for name in ("dev", "model", "port", "memory", "config")}
        return self.library.tf_device_init(*(parts | instead).values())


@pytest.fixture
def parts(library: ct.CDLL) -> Parts:
    return Parts(library)


def test_whole_parts_make_a_device(parts: Parts) -> None:
    assert parts.start() == 0


@pytest.mark.parametrize("part", ["dev", "model", "port", "memory", "config"])
def test_a_missing_part_is_refused(parts: Parts, part: str) -> None:
    assert parts.start(**{part: None}) == ARGUMENT


@pytest.mark.parametrize("function", [name for name, _ in FIELDS])
def test_a_missing_function_of_the_port_is_refused(parts: Parts, function: str) -> None:
    setattr(parts.port, function, dict(FIELDS)[function]())
    assert parts.start() == ARGUMENT


@pytest.mark.parametrize("plane", [*PLANES, "capacity"])
def test_a_missing_plane_is_refused(parts: Parts, plane: str) -> None:
    setattr(parts.memory, plane, 0)
    assert parts.start() == ARGUMENT


@pytest.mark.parametrize("name", [None, b"", b"n" * 33])
def test_a_name_that_is_none_is_refused(parts: Parts, name: bytes | None) -> None:
    parts.config.name = name
    assert parts.start() == ARGUMENT


def test_a_model_that_cannot_federate_is_refused(parts: Parts) -> None:
    tensors = (Tensor * 65)(*(Tensor(i % 24, 1, 0, 1) for i in range(65)))
    own = parts.model.tensors, parts.model.tensor_count
    parts.model.tensors, parts.model.tensor_count = tensors, 65
    assert parts.start() == ARGUMENT
    parts.model.tensors, parts.model.tensor_count = own
    assert parts.start() == 0
    parts.model.fraction_bits = 0
    assert parts.start() == ARGUMENT


@pytest.mark.parametrize(
    ("sector", "size"), [(128, None), (SECTOR + 32, None), (SECTOR, 3 * SECTOR), (SECTOR, 2 * SECTOR), (0, None)]
)
def test_a_flash_that_does_not_fit_is_refused(parts: Parts, sector: int, size: int | None) -> None:
    parts.port.sector_bytes = sector
    parts.port.flash_bytes = size or len(parts.flash.data)
    assert parts.start() == SPACE


def test_no_window_is_no_window(parts: Parts) -> None:
    assert parts.start() == 0
    assert parts.library.tf_push_sample(ct.byref(parts.dev), None, 8) == ARGUMENT
