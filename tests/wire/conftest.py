import ctypes as ct
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "device"))


@pytest.fixture(scope="session")
def library() -> ct.CDLL:
    from device_lab import build_library

    return build_library()
