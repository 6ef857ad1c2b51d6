import ctypes

import pytest
from kernel_library import kernels


@pytest.fixture(scope="session", params=[8, 16], ids=["R8", "R16"])
def bits(request: pytest.FixtureRequest) -> int:
    return request.param


@pytest.fixture(scope="session")
def lib(bits: int) -> ctypes.CDLL:
    return kernels(bits)


@pytest.fixture(scope="session")
def lib8() -> ctypes.CDLL:
    return kernels(8)
