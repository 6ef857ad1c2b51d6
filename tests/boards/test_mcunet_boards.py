"""MCUNet under the published 49 KB scheme: fifty training steps end with the interpreter's bits on every board."""

from __future__ import annotations

from pathlib import Path

import pytest
from bench_lab import runnable

from benchmarks.mcunet import MODEL, compile_mcunet
from tinyfl.boards.bench import run_bench
from tinyfl.boards.bench_samples import interpreter_digest
from tinyfl.boards.targets import BOARDS
from tinyfl.compiler.bundle import load_bundle
from tinyfl.progress import Progress

STEPS = 50

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not MODEL.is_file(), reason=f"the network {MODEL} is not here"),
]


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("mcunet") / "net"
    compile_mcunet("mcunetv3-49k", folder)
    return folder


@pytest.fixture(scope="module")
def digest(network: Path) -> str:
    return interpreter_digest(load_bundle(network), STEPS)


@pytest.mark.parametrize("target", BOARDS)
def test_fifty_steps_end_with_the_interpreters_weights(network: Path, digest: str, target: str) -> None:
    result = run_bench(network, runnable(target), STEPS, Progress(quiet=True))
    assert result.digest == digest
