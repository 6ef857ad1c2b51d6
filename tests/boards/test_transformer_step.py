"""The next byte's transformer with a context of 64 takes its training step in 128 KB."""

from __future__ import annotations

from pathlib import Path

import pytest
from bench_lab import runnable

from benchmarks.transformer_step import SCHEMES, compile_next_byte
from tinyfl.boards.bench import run_bench
from tinyfl.boards.bench_samples import interpreter_digest
from tinyfl.progress import Progress


@pytest.mark.slow
@pytest.mark.parametrize("scheme", SCHEMES)
def test_statics_and_stack_stay_below_128_kb(scheme: str, tmp_path: Path) -> None:
    bundle = compile_next_byte("transformer", scheme, tmp_path)
    result = run_bench(tmp_path, runnable("cortex-m7"), 3, Progress(quiet=True))
    assert result.stack_bytes is not None
    assert result.image.sram_static_bytes + result.stack_bytes <= 128 * 1024
    assert result.digest == interpreter_digest(bundle, 3)
