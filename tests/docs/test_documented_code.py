"""The Python, TOML and CSV that the pages print, run and read as a reader would."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from fences import ROOT, block, blocks
from stand_ins import provide

from coordinator.strategies.base import aggregate
from coordinator.strategies.load import load_strategy
from tinyfl.boards.esp32s3.provisioning import provision_of
from tinyfl.boards.storage import Identity
from tinyfl.data import load_dataset

TESTED = [  # which test looks at which block
    ("data.md", "python"),  # here
    ("data.md", "toml"),  # here
    ("data.md", "toml"),  # here
    ("README.md", "python"),  # here
    ("adding-a-strategy.md", "python"),  # tests/coordinator/test_strategy_document.py
    ("esp32s3.md", "toml"),  # here
    ("gateway.md", "toml"),  # tests/gateway/test_gateway_config.py
]


def test_every_printed_piece_of_code_is_tested_somewhere() -> None:
    printed = [(b.page.name, b.language) for b in blocks("python", "toml", "py", "c")]
    assert sorted(printed) == sorted(TESTED)


def test_the_example_of_the_data_page_runs(tmp_path: Path) -> None:
    if importlib.util.find_spec("seglearn") is None:
        pytest.skip("it reads the recordings of seglearn")
    code = block("data.md", "python") + (
        "\nassert len(few) == 5 * len(wearers) * len(dataset.classes), len(few)"
        "\nassert len(factory) == 5 and not set(factory) & set(wearers)"
        "\nassert len(learn) and len(judge) and cut.x.shape[1:] == (128, 6)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_the_printed_csv_and_description_are_read_as_the_page_says(tmp_path: Path) -> None:
    csv = next(b.text for b in blocks("") if b.page.name == "data.md" and b.text.startswith("ax,ay,az,label"))
    for user in ("ann", "bob/left"):
        (tmp_path / "my_data" / user).mkdir(parents=True)
        (tmp_path / "my_data" / user / "1.csv").write_text(csv)
    (tmp_path / "my_data" / "dataset.toml").write_text(block("data.md", "toml"))
    dataset = load_dataset(tmp_path / "my_data")
    assert (dataset.name, dataset.rate_hz, dataset.classes) == ("pump", 50.0, ("walk", "rest"))
    assert dataset.channels == ("ax", "ay", "az")
    # the third sample has no label: the recording is cut there
    ann = [r for r in dataset.recordings if r.user == "ann"]
    assert [(r.label, r.order, len(r.samples)) for r in ann] == [(0, 0, 2), (1, 3, 1)]
    assert {r.side for r in dataset.recordings} == {"", "left"}


def test_the_printed_description_of_an_archive_elsewhere_is_read(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "mine").mkdir()
    x = np.arange(12.0).reshape(2, 2, 3)
    np.savez(tmp_path / "kept" / "elsewhere.npz", X=x, label=np.array(["a", "b"]), take=np.array([1, 0]))
    (tmp_path / "mine" / "dataset.toml").write_text(block("data.md", "toml", 1))
    dataset = load_dataset(tmp_path / "mine")
    assert dataset.users == ("hall 3",)
    assert [dataset.classes[r.label] for r in dataset.recordings] == ["b", "a"]
    assert [r.samples.tolist() for r in dataset.recordings] == [x[1].T.tolist(), x[0].T.tolist()]


def test_the_printed_fleet_is_one_that_a_device_can_be_told(tmp_path: Path) -> None:
    provide(("home.toml",), tmp_path)
    told = provision_of(Identity("watch-1", 1), tmp_path / "home.toml").texts
    assert (told["fleet"], told["ssid"], told["password"]) == ("home", "kitchen", "correct horse")
    assert (told["broker"], told["user"], told["secret"]) == ("mqtts://broker.example:8883", "user", "password")
    assert told["ca"].startswith("-----BEGIN CERTIFICATE-----")


@pytest.mark.parametrize("devices", [1, 3, 4, 5, 8])
def test_the_strategy_of_the_readme_is_the_clipped_median(devices: int, tmp_path: Path) -> None:
    (tmp_path / "median.py").write_text(block("README.md", "python"))
    rng = np.random.default_rng(devices)
    deltas = rng.integers(-4000, 4000, (devices, 50))
    step = aggregate(load_strategy(f"{tmp_path / 'median.py'}:Median"), deltas, np.ones(devices, np.int64), 1)
    for column, found in zip(deltas.T.tolist(), step.tolist(), strict=True):
        ordered = sorted(column)
        exact = (
            Fraction(sum(column), devices)
            if devices < 4
            else Fraction(ordered[(devices - 1) // 2] + ordered[devices // 2], 2)
        )
        assert abs(found - min(max(exact, -2048), 2048)) <= Fraction(1, 2)
