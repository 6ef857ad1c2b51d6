"""The float32 step in C that the transformer's integer step is compared with is torch's."""

from __future__ import annotations

import ctypes
from pathlib import Path

import numpy as np
import pytest
import torch
from bench_lab import runnable
from torch.nn import functional

from benchmarks.transformer_in_float import (
    CONTEXT,
    FLAGS,
    SOURCES,
    FloatScheme,
    adapt,
    bench_windows,
    float_scheme,
    packed,
    parameters,
    run_float,
)
from examples.next_byte.networks import Transformer
from tinyfl.boards.toolchain import build

RATE = 0.125
SPECS = ("lora:4", "last:3", "last:1")


def shipped(scheme: FloatScheme) -> Transformer:
    torch.manual_seed(0)
    module = Transformer(CONTEXT)
    if scheme.rank:
        adapt(module, scheme.rank)
    for parameter in parameters(module, scheme)[1]:
        torch.nn.init.normal_(parameter, std=0.2)  # no gradient is small
    return module.float().double()


def descend(module: Transformer, scheme: FloatScheme, window: np.ndarray) -> float:
    """A step by torch; the mean probability of the right bytes before it."""
    tokens = torch.from_numpy(window.astype(np.int64))
    scores, labels = module(tokens[None, :-1])[0], tokens[1:]
    _, trained = parameters(module, scheme)
    grads = torch.autograd.grad(functional.cross_entropy(scores, labels), trained)
    with torch.no_grad():
        for parameter, grad in zip(trained, grads, strict=True):
            parameter -= RATE * grad
    return float(scores.detach().softmax(1)[torch.arange(CONTEXT), labels].mean())


@pytest.mark.parametrize("tile", [4, 1])
@pytest.mark.parametrize("spec", SPECS)
def test_steps_in_c_are_those_of_torch(spec: str, tile: int) -> None:
    scheme = float_scheme(spec)
    module = shipped(scheme)
    library = ctypes.CDLL(str(build([SOURCES / "transformer.c"], [], {**scheme.defines, "TILE": tile}, flags=FLAGS)))
    library.transformer_step.restype = ctypes.c_float
    frozen, trained = (packed(tensors) for tensors in parameters(module, scheme))
    start = trained.copy()
    floats = np.ctypeslib.ndpointer(np.float32, flags="C")
    library.transformer_bind.argtypes = [floats, floats]
    library.transformer_bind(frozen, trained)
    for window in bench_windows(3):
        right = library.transformer_step(window.tobytes(), ctypes.c_float(RATE))
        assert right == pytest.approx(descend(module, scheme, window), rel=1e-4)
    expected = packed(parameters(module, scheme)[1])
    assert np.abs(expected - start).max() > 1e-2
    assert np.abs(trained - expected).max() < 1e-5
    for tensor, moved in zip(
        *(np.split(a, _ends(module, scheme)) for a in (expected - start, trained - start)), strict=True
    ):
        assert np.abs(tensor - moved).max() < 1e-3 * np.abs(tensor).max()


def _ends(module: Transformer, scheme: FloatScheme) -> np.ndarray:
    return np.cumsum([p.numel() for p in parameters(module, scheme)[1]])[:-1]


@pytest.mark.parametrize("spec", SPECS)
def test_the_board_takes_the_same_steps(spec: str, tmp_path: Path) -> None:
    scheme = float_scheme(spec)
    module = shipped(scheme)
    said = run_float(module, scheme, runnable("cortex-m7"), tmp_path, steps=2, rate=RATE)
    expected = [descend(module, scheme, window) for window in bench_windows(2)]
    assert said.right == pytest.approx(expected, abs=2e-6)
    assert 0 < said.instructions_forward < min(said.each_step)
