"""`tinyfl compile` as a user types it: what it leaves, and one sentence for each mistake."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cli_lab import ROOT, refusal, samples, tinyfl, write_network

CALIBRATED = ("--calibration", "samples.npz")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the user works: a network and its samples."""
    write_network(tmp_path)
    x, y = samples()
    np.savez(tmp_path / "samples.npz", x=x, y=y)
    return tmp_path


def left(folder: Path) -> set[str]:
    return {p.name for p in folder.iterdir()} - {"my_net.py", "samples.npz", "__pycache__"}


def test_it_leaves_c_plan_and_bundle_and_the_same_ones_again(folder: Path) -> None:
    first = tinyfl("compile", "my_net.py:make", *CALIBRATED, "-o", "out/deep/a", "--scheme", "last:2", cwd=folder)
    assert first.returncode == 0, first.stderr
    out = folder / "out" / "deep" / "a"
    assert {p.name for p in out.iterdir()} == {"net.c", "net.h", "plan.json", "bundle"}
    assert {p.name for p in out.parent.iterdir()} == {"a"}
    plan = json.loads((out / "plan.json").read_text())
    assert plan["network_id"] in first.stdout
    assert f"SRAM {plan['sram_bytes']['total']} B" in first.stdout
    again = tinyfl("compile", "my_net.py:make", *CALIBRATED, "-o", "b", "--scheme", "last:2", "--json", cwd=folder)
    assert json.loads(again.stdout) == plan
    assert len(again.stdout.splitlines()) == 1
    for name in ("net.c", "net.h", "plan.json"):
        assert (folder / "b" / name).read_bytes() == (out / name).read_bytes()


@pytest.mark.slow
def test_what_it_leaves_can_be_built(folder: Path) -> None:
    assert tinyfl("compile", "my_net.py:make", *CALIBRATED, "-o", "out", cwd=folder).returncode == 0
    done = tinyfl("build", "out", "--json", cwd=folder)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert all((folder / result[key]).is_file() for key in ("executable", "library"))
    assert result["kernel_flash_bytes"] > 0


@pytest.mark.slow
def test_a_budget_is_kept_or_refused_by_the_byte_with_what_would_work(folder: Path) -> None:
    def compiled(*words: str) -> Any:
        return tinyfl("compile", "my_net.py:make", *CALIBRATED, "--scheme", "full", "-o", "out", *words, cwd=folder)

    need = json.loads(compiled("--json").stdout)["sram_bytes"]["total"]
    assert compiled("--sram", str(need)).returncode == 0
    sentence = refusal(compiled("--sram", str(need - 1)))
    assert f"needs {need} B of SRAM" in sentence
    assert f", 1 B over the budget of {need - 1}:" in sentence
    (one,) = re.findall(r"or (\d+) with --store 1,", sentence)
    (least,) = re.findall(r"or (\d+) with --store 1 --scheme last:1, the smallest that works", sentence)
    assert int(least) < int(one) < need
    assert compiled("--sram", one, "--store", "1").returncode == 0
    assert compiled("--sram", least, "--store", "1", "--scheme", "last:1").returncode == 0
    hopeless = refusal(compiled("--sram", str(int(least) - 1), "--store", "1", "--scheme", "last:1"))
    assert f"give at least {least}, the smallest that works" in hopeless


def save(folder: Path, **arrays: Any) -> None:
    np.savez(folder / "samples.npz", **arrays)


def spoil_nan(folder: Path) -> None:
    x, y = samples()
    x[7, 3, 1] = np.nan
    save(folder, x=x, y=y)


def spoil_label(folder: Path) -> None:
    x, y = samples()
    save(folder, x=x, y=y + 1)


def spoil_negative(folder: Path) -> None:
    x, y = samples()
    save(folder, x=x, y=y - 1)


def spoil_text(folder: Path) -> None:
    x, y = samples()
    save(folder, x=x.astype(str), y=y)


def spoil_float_labels(folder: Path) -> None:
    x, y = samples()
    save(folder, x=x, y=y.astype(float))


def spoil_pickle(folder: Path) -> None:
    x, y = samples()
    save(folder, x=x.astype(object), y=y)


def spoil_names(folder: Path) -> None:
    x, y = samples()
    save(folder, samples=x, y=y)


def spoil_channels(folder: Path) -> None:
    x, y = samples()
    save(folder, x=x[:, :, :1], y=y)


def spoil_empty(folder: Path) -> None:
    x, y = samples()
    save(folder, x=x[:0], y=y[:0])


def spoil_array(folder: Path) -> None:
    with (folder / "samples.npz").open("wb") as stream:
        np.save(stream, samples()[0])


def spoil_garbage(folder: Path) -> None:
    (folder / "samples.npz").write_text("not an archive")


def spoil_folder(folder: Path) -> None:
    (folder / "samples.npz").unlink()
    (folder / "samples.npz").mkdir()


def spoil_missing(folder: Path) -> None:
    (folder / "samples.npz").unlink()


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (spoil_missing, "samples.npz cannot be read"),
        pytest.param(spoil_folder, "samples.npz cannot be read", marks=pytest.mark.slow),
        pytest.param(spoil_garbage, "samples.npz cannot be read", marks=pytest.mark.slow),
        (spoil_array, "samples.npz cannot be read"),
        pytest.param(spoil_pickle, "samples.npz cannot be read", marks=pytest.mark.slow),
        (spoil_names, "samples.npz has no array x"),
        pytest.param(spoil_text, "samples.npz has x of <U", marks=pytest.mark.slow),
        (spoil_nan, "samples.npz: x of sample 7 is not finite"),
        pytest.param(spoil_float_labels, "y [40] of float64", marks=pytest.mark.slow),
        (spoil_label, "one label in 0..2 a sample"),
        pytest.param(spoil_negative, "one label in 0..2 a sample", marks=pytest.mark.slow),
        pytest.param(spoil_channels, "2 channels", marks=pytest.mark.slow),
        pytest.param(spoil_empty, "N > 0", marks=pytest.mark.slow),
    ],
)
def test_calibration_that_cannot_be_used(spoil: Any, message: str, folder: Path) -> None:
    spoil(folder)
    assert message in refusal(tinyfl("compile", "my_net.py:make", *CALIBRATED, "-o", "out", cwd=folder))
    assert left(folder) <= {"samples.npz"}


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ("my_net.py:nothing", "my_net.py has nothing called nothing"),
        pytest.param("other.py:make", "other.py cannot be imported (there is no such file)", marks=pytest.mark.slow),
        pytest.param("nomodule:make", "nomodule cannot be imported", marks=pytest.mark.slow),
        ("my_net.py", "name it as module:name or file.py:name"),
        pytest.param("my_net.py:needs", "'my_net.py:needs' cannot be made (TypeError", marks=pytest.mark.slow),
        pytest.param("my_net.py:broken", "'my_net.py:broken' cannot be made (ValueError: a b)", marks=pytest.mark.slow),
        pytest.param("my_net.py:number", "returned int; return a torch.nn.Module", marks=pytest.mark.slow),
        ("my_net.py:mish", "operator mish (of Mish) is not supported; supported are conv1d"),
        pytest.param("nowhere.pt2", "nowhere.pt2 cannot be read as a torch.export file", marks=pytest.mark.slow),
        pytest.param("samples.npz", "name it as module:name", marks=pytest.mark.slow),
    ],
)
def test_a_network_that_cannot_be_used(model: str, message: str, folder: Path) -> None:
    assert message in refusal(tinyfl("compile", model, *CALIBRATED, "-o", "out", cwd=folder))
    assert left(folder) == set()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        pytest.param(
            ("--scheme", "first:1"), "'first:1' is neither last:K, full, lora:R nor a file", marks=pytest.mark.slow
        ),
        pytest.param(("--scheme", "last:0"), "give last:K with K from 1 to 3", marks=pytest.mark.slow),
        pytest.param(("--scheme", "last:4"), "give last:K with K from 1 to 3", marks=pytest.mark.slow),
        pytest.param(("--scheme", "my_net.py"), "scheme file my_net.py cannot be read", marks=pytest.mark.slow),
        (("--sram", "lots"), "'lots' is not a size"),
        pytest.param(("--sram", "0"), "'0' is not a size", marks=pytest.mark.slow),
        pytest.param(("--flash", "100"), "B over the budget of 100 B: give at least", marks=pytest.mark.slow),
        (("--sram", "1K"), "B over the budget of 1024: give at least"),
        (("--grad-bits", "12"), "use 8 or 16"),
        (("--learning-rate", "nan"), "a learning rate of nan"),
        pytest.param(("--learning-rate", "inf"), "a learning rate of inf", marks=pytest.mark.slow),
    ],
)
def test_an_option_that_cannot_be_met(words: tuple[str, ...], message: str, folder: Path) -> None:
    assert message in refusal(tinyfl("compile", "my_net.py:make", *CALIBRATED, "-o", "out", *words, cwd=folder))
    assert left(folder) == set()


@pytest.mark.slow
def test_a_file_in_the_place_of_the_folder_is_left_alone(folder: Path) -> None:
    (folder / "out").write_text("mine")
    assert "out cannot be used" in refusal(tinyfl("compile", "my_net.py:make", *CALIBRATED, "-o", "out", cwd=folder))
    assert (folder / "out").read_text() == "mine"
    assert left(folder) == {"out"}


@pytest.mark.slow
@pytest.mark.parametrize("zipped", [False, True])
def test_a_file_that_is_no_export_is_one_sentence(zipped: bool, folder: Path) -> None:
    if zipped:
        shutil.copy(folder / "samples.npz", folder / "net.pt2")
    else:
        (folder / "net.pt2").write_text("no archive")
    done = tinyfl("compile", "net.pt2", *CALIBRATED, "-o", "out", cwd=folder)
    assert "net.pt2 cannot be read as a torch.export file" in refusal(done)


@pytest.mark.slow
def test_an_exported_network_gives_the_same_c_as_its_module(folder: Path) -> None:
    code = "import torch, my_net; m = my_net.make().eval(); "
    code += "torch.export.save(torch.export.export(m, (torch.zeros(1, 2, 32),)), 'net.pt2')"
    here = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{folder}"}
    subprocess.run([sys.executable, "-c", code], cwd=folder, env=here, check=True, capture_output=True)
    for model, out in (("net.pt2", "a"), ("my_net.py:make", "b")):
        assert tinyfl("compile", model, *CALIBRATED, "-o", out, cwd=folder).returncode == 0
    assert (folder / "a" / "net.c").read_bytes() == (folder / "b" / "net.c").read_bytes()
