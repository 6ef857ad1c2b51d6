"""`tinyfl simulate` and `tinyfl demo` as a user types them, with good input and with wrong."""

import json
import re
import shutil
import tomllib
from pathlib import Path
from typing import Any

import pytest
from cli_lab import refusal, tinyfl, write_scenario

BOTH = pytest.mark.parametrize(
    "command", [("simulate",), pytest.param(("demo", "--scenario"), marks=pytest.mark.slow)], ids=["simulate", "demo"]
)
STRATEGY = """
import numpy as np
from coordinator.strategies.base import Strategy

class Mine(Strategy):
    def aggregate(self, deltas, examples, round):
        return {value}
"""


def reports_in(folder: Path) -> list[str]:
    """Anything of a report, whole or half, below a folder."""
    return [p.name for p in folder.rglob("*") if p.name.startswith("report") or p.name.endswith(".part")]


def simulated(folder: Path, *words: str) -> dict[str, Any]:
    done = tinyfl("simulate", "small.toml", "--json", *words, cwd=folder)
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 1
    data: dict[str, Any] = json.loads(done.stdout)
    return data


@pytest.mark.slow
def test_two_runs_give_the_same_report_but_for_the_time(tmp_path: Path, data_folder: Path) -> None:
    write_scenario(tmp_path / "small.toml", data_folder)
    first = simulated(tmp_path, "-o", "runs/a")
    assert json.loads((tmp_path / "runs" / "a" / "report.json").read_text()) == first
    assert (tmp_path / "runs" / "a" / "report.html").read_text().startswith("<!doctype html>")
    second = simulated(tmp_path, "-o", "runs/b")
    assert first.pop("wall_seconds") > 0
    assert second.pop("wall_seconds") > 0
    assert second == first
    assert first["engine"] == "simulation"
    assert len(set(first["weights_digest"].values())) == first["devices"] == 3
    assert set(first["accuracy"]) == {"pretrained", "scratch", "local", "federated", "personalised"}
    assert not list(tmp_path.rglob("*.part"))


@pytest.mark.slow
def test_without_options_it_writes_below_runs_and_tells_a_person(tmp_path: Path, data_folder: Path) -> None:
    write_scenario(tmp_path / "small.toml", data_folder)
    done = tinyfl("simulate", "small.toml", "--no-controls", "--seed", "8", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    data = json.loads((tmp_path / "runs" / "small" / "report.json").read_text())
    assert data["seed"] == 8
    assert set(data["accuracy"]) == {"pretrained", "federated", "personalised"}
    assert data["forgetting"] is None
    for device in data["accuracy"]["pretrained"]["per_device"]:
        assert device in done.stdout
    assert "runs/small/report.html" in done.stdout.replace("\n", "")
    assert all(line.startswith("tinyfl: ") for line in done.stderr.splitlines())


def spoiled(data: Path, folder: Path, old: str, new: str) -> Path:
    """A copy of the recordings with one text changed in one file, and a scenario for it."""
    shutil.copytree(data, folder / "data")
    file = folder / "data" / "cy" / "left" / "all.csv"
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))
    return write_scenario(folder / "small.toml", folder / "data")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        pytest.param("a,b,label", "a,label", "all.csv, line 2 has 3 cells", marks=pytest.mark.slow),
        pytest.param("a,b,label", "a,c,label", "has the channels a, c", marks=pytest.mark.slow),
        ("a,b,label", "a,b,klass", "all.csv has no column 'label'"),
        pytest.param(",still", ",nan,still", "all.csv, line 2 has 4 cells", marks=pytest.mark.slow),
        pytest.param("\n0.", "\nnan\n0.", "all.csv, line", marks=pytest.mark.slow),
        ("still\n", "still\nnan,1,still\n", "line 3, column 'a' is nan"),
        pytest.param("still\n", "still\n1,wet,still\n", "line 3, column 'b' is 'wet'", marks=pytest.mark.slow),
        pytest.param("still\n", "still\n1,1e99,still\n", "line 3, column 'b' is 1e+99", marks=pytest.mark.slow),
    ],
)
def test_recordings_with_a_mistake(old: str, new: str, message: str, tmp_path: Path, data_folder: Path) -> None:
    spoiled(data_folder, tmp_path, old, new)
    sentence = refusal(tinyfl("simulate", "small.toml", "-o", "out", cwd=tmp_path))
    assert "cy/left/all.csv" in sentence
    assert message in sentence
    assert reports_in(tmp_path) == []


def test_a_label_that_the_data_set_does_not_declare(tmp_path: Path, data_folder: Path) -> None:
    spoiled(data_folder, tmp_path, ",still\n", ",stil\n")
    (tmp_path / "data" / "dataset.toml").write_text('classes = ["still", "slow", "fast"]\n')
    sentence = refusal(tinyfl("simulate", "small.toml", "-o", "out", cwd=tmp_path))
    assert "line 2 has the unknown label 'stil': use one of still, slow, fast" in sentence
    assert reports_in(tmp_path) == []


@BOTH
@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("window = 32\n", "", "data.window is missing"),
        ("window = 32", "window = -1", "data.window = -1"),
        pytest.param("small.py:net", "small.py:nett", "nothing called nett", marks=pytest.mark.slow),
        pytest.param('augment = "none"', 'augment = "imu"', 'augment = "imu" turns 6 channels', marks=pytest.mark.slow),
        pytest.param("pretrain_users = 2", "pretrain_users = 9", "has 5 users, not 9", marks=pytest.mark.slow),
        pytest.param('worn_side = "left"', 'worn_side = "top"', "no windows to learn from", marks=pytest.mark.slow),
    ],
)
def test_a_scenario_with_a_mistake(
    command: tuple[str, ...], old: str, new: str, message: str, tmp_path: Path, data_folder: Path
) -> None:
    write_scenario(tmp_path / "small.toml", data_folder, old, new)
    assert message in refusal(tinyfl(*command, "small.toml", "-o", "out", cwd=tmp_path))
    assert reports_in(tmp_path) == []


@BOTH
@pytest.mark.parametrize(
    ("spec", "content", "message"),
    [
        ("avrage", None, "there is no strategy 'avrage'; built in are average, norm-clip, trimmed-mean"),
        ("mine.py:Mine", None, "there is no strategy file mine.py"),
        ("mine.py:Mine", "def f(:\n", "mine.py cannot be imported (SyntaxError"),
        ("mine.py:Yours", STRATEGY.format(value="1"), "mine.py has no class Yours"),
        ("mine.py:np", STRATEGY.format(value="1"), "np in mine.py is no strategy"),
    ],
)
def test_a_strategy_that_cannot_be_had_costs_no_training(
    command: tuple[str, ...], spec: str, content: str | None, message: str, tmp_path: Path, data_folder: Path
) -> None:
    write_scenario(tmp_path / "small.toml", data_folder)
    if content is not None:
        (tmp_path / "mine.py").write_text(content)
    done = tinyfl(*command, "small.toml", "--strategy", spec, "-o", "out", cwd=tmp_path)
    assert message in refusal(done)
    assert len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("deltas.mean(axis=0)", "strategy Mine returned float64 in round 2; return an array of integers"),
        ("deltas", "strategy Mine returned shape"),
        ("1 // 0", "strategy Mine failed in round 2: ZeroDivisionError"),
        ("self.memory.update(last=[1]) or deltas[0]", "strategy Mine keeps list in memory['last']"),
    ],
)
def test_a_strategy_that_goes_wrong_in_a_round(value: str, message: str, tmp_path: Path, data_folder: Path) -> None:
    write_scenario(tmp_path / "small.toml", data_folder)
    (tmp_path / "mine.py").write_text(STRATEGY.format(value=value))
    done = tinyfl("simulate", "small.toml", "--strategy", "mine.py:Mine", "-o", "out", cwd=tmp_path)
    assert message in refusal(done)
    assert reports_in(tmp_path) == []


@pytest.mark.slow
def test_a_strategy_that_goes_wrong_in_the_fleet_says_the_same(tmp_path: Path, data_folder: Path) -> None:
    pytest.importorskip("flwr", reason="needs the extra: pip install 'tinyfl[fleet]'")
    write_scenario(tmp_path / "small.toml", data_folder)
    (tmp_path / "mine.py").write_text(STRATEGY.format(value="deltas.mean(axis=0)"))
    done = tinyfl("demo", "--scenario", "small.toml", "--strategy", "mine.py:Mine", "-o", "out", cwd=tmp_path)
    assert "strategy Mine returned float64 in round 2; return an array of integers" in refusal(done)
    assert reports_in(tmp_path) == []


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("mqtt://127.0.0.1:1", "mqtt://127.0.0.1:1"),
        ("http://127.0.0.1", "a broker's URL has the form mqtt://"),
        ("mqtt://127.0.0.1:port", "a broker's URL has the form mqtt://"),
    ],
)
def test_a_broker_that_refuses_is_found_out_first(url: str, message: str, tmp_path: Path, data_folder: Path) -> None:
    pytest.importorskip("flwr", reason="needs the extra: pip install 'tinyfl[fleet]'")
    write_scenario(tmp_path / "small.toml", data_folder)
    done = tinyfl("demo", "--scenario", "small.toml", "--broker", url, "-o", "out", cwd=tmp_path)
    assert message in refusal(done)
    assert len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
@pytest.mark.parametrize("out", ["file", "file/below"])
def test_a_file_in_the_place_of_the_folder_is_left_alone(out: str, tmp_path: Path, data_folder: Path) -> None:
    write_scenario(tmp_path / "small.toml", data_folder)
    (tmp_path / "file").write_text("mine")
    assert "cannot be used" in refusal(tinyfl("simulate", "small.toml", "-o", out, cwd=tmp_path))
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.parametrize("scenario", ["wach", "nowhere.toml", "."])
def test_a_scenario_that_is_not_there(scenario: str, tmp_path: Path) -> None:
    assert "scenario" in refusal(tinyfl("simulate", scenario, "-o", "out", cwd=tmp_path))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_the_network_of_a_run_builds_into_a_device_with_the_runs_normalisation(
    tmp_path: Path, data_folder: Path
) -> None:
    write_scenario(tmp_path / "small.toml", data_folder)
    simulated(tmp_path, "-o", "run", "--no-controls")
    done = tinyfl("build", "run/network", "--target", "esp32s3", "-o", "project", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    header = (tmp_path / "project/components/tinyfl/network/tf_input.h").read_text()
    sensor = tomllib.loads((tmp_path / "run/network/sensor.toml").read_text())
    assert f"#define TF_INPUT_HOP {sensor['hop']}u" in header
    assert f"#define TF_INPUT_CHANNELS {len(sensor['mean'])}u" in header
    factors = re.search(r"FACTORS \{(.*)\}", header)
    assert factors is not None
    steps = [
        float(word.removesuffix("f")) * std for word, std in zip(factors[1].split(", "), sensor["std"], strict=True)
    ]
    assert max(steps) - min(steps) < 1e-5 * max(steps), "one scale of the input, divided by each deviation"
