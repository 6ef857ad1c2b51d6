import ctypes

import pytest
from kernel_library import kernels


@pytest.fixture(scope="session", params=[8, 16], ids=["R8", "R16"])
def bits(request: pytest.FixtureRequest) -> int:
    return request.param


@pytest.fixture(scope="session", params=[False, True], ids=["portable", "dsp"])
def dsp(request: pytest.FixtureRequest) -> bool:
    return request.param


@pytest.fixture(scope="session")
def lib(bits: int, dsp: bool) -> ctypes.CDLL:
    return kernels(bits, dsp)


@pytest.fixture(scope="session")
def lib8(dsp: bool) -> ctypes.CDLL:
    return kernels(8, dsp)
