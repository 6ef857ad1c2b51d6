import ctypes as ct

import pytest
from device_lab import SECTOR, Device, Flash, Wearer, build_library


@pytest.fixture(scope="session")
def library() -> ct.CDLL:
    return build_library()


@pytest.fixture
def flash(library: ct.CDLL) -> Flash:
    return Flash(2 * library.harness_slot_bytes(12, SECTOR))


@pytest.fixture
def device(library: ct.CDLL, flash: Flash) -> Device:
    return Device(library, flash, Wearer(1))
