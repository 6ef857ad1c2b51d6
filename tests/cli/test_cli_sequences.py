"""`tinyfl compile` of sequences: tokens, steps with labels of their own, and what cannot be one."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from cli_lab import refusal, tinyfl

SLOW = partial(pytest.param, marks=pytest.mark.slow)
NETWORKS = """
from torch import nn


class Last(nn.Module):
    def forward(self, x):
        return x[:, -1]


def language():
    return nn.Sequential(nn.Embedding(20, 8), nn.LayerNorm(8), nn.Linear(8, 20))


def steps():
    return nn.Sequential(nn.Linear(3, 8), nn.GELU(), nn.Linear(8, 4))


def last():
    return nn.Sequential(nn.Linear(3, 8), nn.ReLU(), Last(), nn.Linear(8, 4))


def wide():
    return nn.Sequential(nn.Embedding(20, 8), nn.Linear(8, 300))


def sorting():
    class Sorting(nn.Module):
        def forward(self, x):
            return x.sort(dim=2).values

    return nn.Sequential(nn.Embedding(20, 8), Sorting(), nn.Linear(8, 20))
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "nets.py").write_text(NETWORKS)
    rng = np.random.default_rng(0)
    text = rng.integers(0, 20, (40, 13))
    x = rng.normal(size=(40, 12, 3))
    np.savez(tmp_path / "language.npz", x=text[:, :-1], y=text[:, 1:])
    np.savez(tmp_path / "steps.npz", x=x, y=rng.integers(0, 4, (40, 12)))
    np.savez(tmp_path / "last.npz", x=x, y=np.arange(40) % 4)
    np.savez(tmp_path / "unknown.npz", x=text[:, :-1] + 1, y=text[:, 1:])
    np.savez(tmp_path / "unlabelled.npz", x=text[:, :-1], y=text[:, 0])
    np.savez(tmp_path / "floats.npz", x=text[:, :-1] * 1.0, y=text[:, 1:])
    return tmp_path


@pytest.mark.parametrize(("name", "scheme"), [("language", "full"), SLOW("steps", "last:2"), SLOW("last", "full")])
def test_sequences_compile(folder: Path, name: str, scheme: str) -> None:
    words = (f"nets.py:{name}", "--calibration", f"{name}.npz", "--scheme", scheme, "-o", "out", "--json")
    done = tinyfl("compile", *words, cwd=folder)
    assert done.returncode == 0, done.stderr
    plan = json.loads(done.stdout)
    assert plan["classes"] == (20 if name == "language" else 4)
    header = (folder / "out" / "net.h").read_text()
    sizes = {"language": (13, 12, 1, 20), "steps": (48, 12, 36, 0), "last": (36, 1, 0, 0)}[name]
    for macro, value in zip(("INPUT_BYTES", "STEPS", "TARGET", "TOKENS"), sizes, strict=True):
        assert f"#define TF_NET_{macro} {value}\n" in header


REFUSED = {
    "an unknown token": ("language", "unknown", "full", "tokens 1 to 20; the network knows 0 to 19"),
    "one label for all steps": ("language", "unlabelled", "full", "one label in 0..19 for each of the 12 steps"),
    "tokens that are no integers": ("language", "floats", "full", "tokens [N, T]"),
    "a missing operator": ("sorting", "language", "full", "operator sort"),
    "more classes than a byte has": ("wide", "language", "full", "300 classes; at most 256"),
    "a scheme to be found": ("language", "language", "auto", "last:K, lora:R or full"),
}


@pytest.mark.parametrize("case", [name if name == "a missing operator" else SLOW(name) for name in REFUSED])
def test_what_is_no_sequence_is_refused_in_a_sentence(folder: Path, case: str) -> None:
    network, data, scheme, message = REFUSED[case]
    words = (f"nets.py:{network}", "--calibration", f"{data}.npz", "--scheme", scheme, "-o", "out")
    assert message in refusal(tinyfl("compile", *words, cwd=folder))
    assert not (folder / "out").exists()
