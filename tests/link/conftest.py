import ctypes
from pathlib import Path

import pytest

from tinyfl.boards.firmware import firmware_dir
from tinyfl.boards.toolchain import build

FLAGS = ("-O1", "-g", "-Wshadow", "-Wconversion", "-fsanitize=undefined", "-fsanitize-undefined-trap-on-error")


@pytest.fixture(scope="session")
def arq_library() -> ctypes.CDLL:
    """Both ends of the serial link as a shared library; undefined behaviour traps."""
    core = firmware_dir() / "core"
    sources = [core / "tf_frame.c", core / "tf_arq.c", core / "tf_arq_out.c", Path(__file__).with_name("arq_shim.c")]
    return ctypes.CDLL(str(build(sources, [core, firmware_dir() / "include"], flags=FLAGS)))
