import ctypes
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def arq_library(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("no C compiler (cc) on this machine")
    core = ROOT / "device_fw/core"
    library = tmp_path_factory.mktemp("arq") / "libarq.so"
    sources = [core / "tf_frame.c", core / "tf_arq.c", core / "tf_arq_out.c", Path(__file__).with_name("arq_shim.c")]
    flags = [
        "-std=c11",
        "-O1",
        "-g",
        "-Wall",
        "-Wextra",
        "-Werror",
        "-Wshadow",
        "-Wconversion",
        "-fsanitize=undefined",
        "-fsanitize-undefined-trap-on-error",
        "-shared",
        "-fPIC",
    ]
    includes = [f"-I{core}", f"-I{ROOT / 'device_fw/include'}"]
    subprocess.run([compiler, *flags, *includes, *map(str, sources), "-o", str(library)], check=True)
    return ctypes.CDLL(str(library))
