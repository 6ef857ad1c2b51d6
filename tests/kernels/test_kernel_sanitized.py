"""Runs the tests of this folder once more on kernels that trap undefined behaviour and accesses out of bounds."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from kernel_cases import EXAMPLES_VARIABLE
from kernel_library import FLAGS_VARIABLE

from tinyfl.boards.toolchain import find_compiler

SANITIZE = "-O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all"
OVERRUN = """
import numpy as np
from kernel_cases import EXAMPLES_VARIABLE
from kernel_library import at, kernels
x = np.zeros(4000, np.int8)
kernels(8).tf_clamp_s8(0, 1, 4001, at(x), at(x))
"""


def environment() -> dict[str, str]:
    """What a Python needs to load sanitised kernels."""
    compiler = find_compiler()
    if not compiler.is_gcc:
        pytest.skip("the run time of the sanitizers is preloaded by the name that GCC gives it")
    asked = subprocess.run(
        [*compiler.command, "-print-file-name=libasan.so"], capture_output=True, text=True, check=True
    )
    runtime = Path(asked.stdout.strip())
    if not runtime.is_absolute():
        pytest.skip("GCC has no address sanitizer here")
    here = str(Path(__file__).parent)
    return os.environ | {
        "LD_PRELOAD": str(runtime),
        "ASAN_OPTIONS": "detect_leaks=0",
        "PYTHONMALLOC": "malloc",
        "PYTHONPATH": os.pathsep.join([here, *sys.path]),
        FLAGS_VARIABLE: SANITIZE,
        EXAMPLES_VARIABLE: "15",
    }


def test_the_sanitizer_is_awake() -> None:
    done = subprocess.run(
        [sys.executable, "-c", OVERRUN], env=environment(), capture_output=True, text=True, check=False
    )
    assert done.returncode != 0
    assert "heap-buffer-overflow" in done.stderr


@pytest.mark.slow
def test_kernels_are_free_of_undefined_behaviour() -> None:
    here = Path(__file__).parent
    names = ("forward", "elementwise", "loss", "saved", "input_grad", "update")
    names += ("recurrent", "norm", "attention", "matmul")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "no:xdist",
         *(str(here / f"test_kernel_{name}.py") for name in names)],
        env=environment(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert " passed" in done.stdout
