"""`tinyfl compile --scheme auto` as a user types it."""

import json
import os
import re
from pathlib import Path

import numpy as np
import pytest

from tests.cli.cli_lab import refusal, samples, tinyfl, write_network

COMPILE = ("compile", "my_net.py:make", "--calibration", "samples.npz")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TINYFL_CACHE", str(tmp_path / "cache"))
    write_network(tmp_path)
    x, y = samples()
    np.savez(tmp_path / "samples.npz", x=x, y=y)
    return tmp_path


@pytest.mark.slow
def test_a_budget_that_nothing_meets_is_refused_before_anything_trains(folder: Path) -> None:
    sentence = refusal(tinyfl(*COMPILE, "--scheme", "auto", "--sram", "200", "-o", "out", cwd=folder))
    (least,) = re.findall(r"or (\d+) with --store 1 --scheme last:1, the smallest that works", sentence)
    assert "the smallest scheme, --scheme last:1, needs" in sentence
    assert not (folder / "cache" / "search").exists()
    words = ("--scheme", "last:1", "--store", "1", "-o", "out", "--sram")
    assert tinyfl(*COMPILE, *words, least, cwd=folder).returncode == 0
    assert f"give at least {least}" in refusal(tinyfl(*COMPILE, *words, str(int(least) - 1), cwd=folder))


@pytest.mark.slow
def test_it_leaves_a_scheme_that_compiles_to_the_same_c(folder: Path) -> None:
    words = ("--scheme", "auto", "--sram", "4K", "--seed", "3")
    done = tinyfl(*COMPILE, *words, "-o", "out", "--json", cwd=folder)
    assert done.returncode == 0, done.stderr
    plan = json.loads(done.stdout)
    search = json.loads((folder / "out" / "search.json").read_text())
    assert search["seed"] == 3
    assert search["chosen"]["sram_bytes"] == plan["sram_bytes"]["total"] <= 4096
    assert search["chosen"]["constant_bytes"] == plan["constant_bytes"]
    os.environ["TINYFL_CACHE"] = str(folder / "other")  # measured anew
    assert tinyfl(*COMPILE, *words, "-o", "b", cwd=folder).returncode == 0
    assert tinyfl(*COMPILE, "--scheme", "out/scheme.toml", "-o", "c", cwd=folder).returncode == 0
    for name in ("search.json", "scheme.toml", "net.c"):
        assert (folder / "b" / name).read_bytes() == (folder / "out" / name).read_bytes()
    assert (folder / "c" / "net.c").read_bytes() == (folder / "out" / "net.c").read_bytes()


@pytest.mark.slow
def test_a_class_with_one_sample_is_one_sentence(folder: Path) -> None:
    x, y = samples()
    keep = np.concatenate([np.flatnonzero(y < 2), np.flatnonzero(y == 2)[:1]])
    np.savez(folder / "samples.npz", x=x[keep], y=y[keep])
    done = tinyfl(*COMPILE, "--scheme", "auto", "-o", "out", cwd=folder)
    assert "one sample of class 2; --scheme auto needs two of each" in refusal(done)
