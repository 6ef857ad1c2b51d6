"""Streams: honest splits, arms that are what they say, a report."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path

import numpy as np
import pytest
from torch import nn

from benchmarks.gas_data import load_gas
from simulations.stream.arms import Judge, alone
from simulations.stream.experiment import build_arm, personal, pretrained, run_stream
from simulations.stream.outcome import ArmOutcome, report
from simulations.stream.periods import split_periods
from simulations.stream.scenario import StreamScenario, load_stream
from tests.cli.cli_lab import refusal, scenario_toml, tinyfl
from tests.device.store_reference import store_reference
from tinyfl.boards.native_net import NativeNet, build_native
from tinyfl.compiler.interpret import Interpreter
from tinyfl.compiler.sample_order import epoch_order
from tinyfl.compiler.scheme import last_layers
from tinyfl.data import load_dataset
from tinyfl.errors import ScenarioError
from tinyfl.progress import Progress

ROOT = Path(__file__).parents[2]
GAS = ROOT / "../shared/data/gas_sensor_drift.npz"


def net(channels: int, length: int, classes: int) -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(channels * length, 12), nn.ReLU(), nn.Linear(12, classes))


def write_stream(folder: Path, counts: tuple[int, ...] = (40, 40, 24, 40)) -> StreamScenario:
    """Three classes as points in four dimensions that wander from period to period."""
    rng = np.random.default_rng(0)
    x, y, period = [], [], []
    for number, count in enumerate(counts):
        for label in range(3):
            centre = 3 * np.eye(4)[label] + 0.8 * number * np.eye(4)[(label + 1) % 3]
            x.append(rng.normal(centre, 0.6, (count, 4)))
            y.append(np.full(count, label))
            period.append(np.full(count, number))
    data = folder / "data"
    data.mkdir()
    np.savez(data / "data.npz", X=np.concatenate(x), y=np.concatenate(y), side=np.concatenate(period))
    (data / "dataset.toml").write_text('axes = "NC"\nuser = "it"\n')
    network = {"model": f"{__file__}:net", "scheme": "full", "pretrain_epochs": 20, "learning_rate": 0.03125}
    return StreamScenario.model_validate(
        {
            "name": "wander",
            "seed": 2,
            "data": {"dataset": str(data), "window": 1},
            "network": network,
            "store": {"capacity": 12, "factory_per_class": 1},
            "stream": {"devices": 2, "labels_per_class": 3, "rounds": 2, "epochs": 3},
        }
    )


def test_devices_label_windows_of_their_own_and_nothing_that_judges(tmp_path: Path) -> None:
    scenario = write_stream(tmp_path)
    periods = split_periods(scenario, load_dataset(scenario.data.dataset))
    assert periods.names == ("0", "1", "2", "3")
    seen: set[tuple[str, int]] = set()
    for part in (periods.shipped, *periods.judged, *(share for told in periods.told for share in told)):
        keys = set(zip(part.side.tolist(), part.order.tolist(), strict=True))
        assert len(keys) == len(part)
        assert not keys & seen
        seen |= keys
    assert [len(j) for j in periods.judged] == [60, 60, 36, 60]
    for told, judge in zip(periods.told, periods.judged[1:], strict=True):
        for label in range(3):
            first = judge.order[judge.y == label].min()
            for share in told:
                assert (share.y == label).sum() == 3
                assert share.order[share.y == label].max() < first


@pytest.mark.skipif(not GAS.is_file(), reason="needs ../shared/data/gas_sensor_drift.npz")
def test_the_gas_sensors_are_split_as_the_benchmark_splits_them() -> None:
    scenario = load_stream(str(ROOT / "examples/drifting_nose/nose.toml"))
    one = scenario.model_copy(update={"stream": scenario.stream.model_copy(update={"devices": 1})})
    ours, theirs = split_periods(one, load_dataset(one.data.dataset)), load_gas(GAS, 5)
    pairs = [(ours.shipped, theirs.shipped), *zip(ours.judged, theirs.judged, strict=True)]
    pairs += [(told[0], part) for told, part in zip(ours.told, theirs.told, strict=True)]
    for mine, part in pairs:
        rows = np.lexsort((*mine.x[:, 0].T, mine.y))
        expected = np.lexsort((*part.x.astype(np.float32).T, part.y))
        assert mine.y[rows].tolist() == part.y[expected].tolist()
        np.testing.assert_allclose(mine.x[rows, 0], part.x[expected], rtol=0, atol=1e-4)


def test_a_device_alone_learns_what_its_store_holds(tmp_path: Path) -> None:
    """Bit for bit: the kernel on the samples that the text of SPEC keeps, in the order of its slots."""
    scenario = write_stream(tmp_path)
    scenario = scenario.model_copy(update={"store": scenario.store.model_copy(update={"factory_per_class": 0})})
    periods = split_periods(scenario, load_dataset(scenario.data.dataset))
    graph = pretrained(scenario, periods)
    build = build_arm(scenario, periods, graph, personal(last_layers(graph, 2)), tmp_path / "network")
    scores = alone(build, scenario, periods, tmp_path / "recordings", lambda: None)
    judge = Judge.of(build.bundle, periods.judged)
    for number, name in enumerate(scenario.devices):
        device, seed = NativeNet(build_native(build.bundle), scenario.seed_of(name)), scenario.seed_of(name)
        assert scores[number, 0].tolist() == judge.of_net(device)
        shares = [told[number] for told in periods.told]
        x = build.bundle.quantize_input(np.concatenate([s.x for s in shares])[:, None].astype(np.float64))
        y = np.concatenate([s.y for s in shares])
        known = 0
        for period, share in enumerate(shares, start=1):
            known += len(share)
            slots = store_reference([(int(label), 0) for label in y[:known]], scenario.store.capacity, seed)
            rows = [row for _, _, row in slots]
            for epoch in range(6):
                device.learn(x[rows], y[rows], epoch_order(seed, period, epoch, len(rows)))
            assert scores[number, period].tolist() == judge.of_net(device)


def test_a_stream_leaves_its_report(tmp_path: Path) -> None:
    scenario = write_stream(tmp_path)
    outcome = run_stream(scenario, "average", tmp_path / "run", Progress(quiet=True))
    data = json.loads((tmp_path / "run" / "report.json").read_text())
    assert list(data["arms"]) == ["frozen", "fine_tuned", "stored", "federated"]
    for name, arm in data["arms"].items():
        scores = outcome.arms[name].scores
        assert scores.shape == (2, 4, 4)
        expected = np.mean([[s[i, i] for i in (1, 2, 3)] for s in scores])
        assert arm["on_the_way"]["mean"] == pytest.approx(expected)
        assert arm["at_the_end"]["per_device"]["device-2"] == pytest.approx(np.mean(scores[1, 3, 1:]))
        assert arm["first_period"]["mean"] == pytest.approx(np.mean(scores[:, 3, 0]))
    page = html.unescape((tmp_path / "run" / "report.html").read_text())
    assert page.count("<svg") == 2
    assert all(sentence in page for sentence in data["findings"])
    assert data["arms"]["federated"]["at_the_end"]["mean"] > data["arms"]["frozen"]["at_the_end"]["mean"]
    again = run_stream(scenario, "average", tmp_path / "again", Progress(quiet=True), controls=False)
    assert list(again.arms) == ["frozen", "federated"]
    assert again.weights_digest == outcome.weights_digest


def test_the_report_has_the_documented_keys(tmp_path: Path) -> None:
    people, stream = (ROOT / "docs" / "report.md").read_text(encoding="utf-8").split("## Of a stream")
    rows = re.findall(r"^\| (`.*?) \|", people + stream, re.MULTILINE)
    named = {word for row in rows for key in re.findall(r"`(.*?)`", row) for word in re.findall(r"\w+", key)}
    without = set(re.findall(r"`(\w+)`", stream.split("and instead:")[0]))
    outcome = run_stream(write_stream(tmp_path), "average", tmp_path / "run", Progress(quiet=True), controls=False)
    data = report(outcome)
    assert set(data) | without <= named
    assert not set(data) & without
    assert set(data["arms"]["federated"]) <= named


def test_what_is_shipped_is_what_the_interpreter_says(tmp_path: Path) -> None:
    scenario = write_stream(tmp_path)
    periods = split_periods(scenario, load_dataset(scenario.data.dataset))
    graph = pretrained(scenario, periods)
    build = build_arm(scenario, periods, graph, last_layers(graph, 2), tmp_path / "network")
    judge = Judge.of(build.bundle, periods.judged)
    interpreter = Interpreter(build.bundle.program, seed=1)
    expected = [
        float(
            (interpreter.logits(build.bundle.quantize_input(w.x[:, None].astype(np.float64))).argmax(1) == w.y).mean()
        )
        for w in periods.judged
    ]
    assert judge.of_net(judge.net) == expected


def test_forgetting_is_the_fall_since_the_labels() -> None:
    arm = ArmOutcome(np.array([[[0.9, 0.2, 0.1], [0.8, 0.7, 0.2], [0.5, 0.4, 0.6]]]))
    assert arm.way.tolist() == [[0.7, 0.6]]
    assert arm.on_the_way.tolist() == pytest.approx([0.65])
    assert arm.at_the_end.tolist() == pytest.approx([0.5])
    assert arm.first_period.tolist() == [0.5]
    assert arm.forgotten.tolist() == pytest.approx([0.3])


@pytest.mark.parametrize(
    ("counts", "said"),
    [((40,), "one period; give the windows of each a `side`"), ((40, 2), "too few windows for 2 devices")],
)
def test_a_stream_that_cannot_be_is_a_sentence(tmp_path: Path, counts: tuple[int, ...], said: str) -> None:
    scenario = write_stream(tmp_path, counts)
    with pytest.raises(ScenarioError, match=said):
        split_periods(scenario, load_dataset(scenario.data.dataset))


@pytest.mark.slow
def test_the_command_line_runs_a_stream_in_one_process_only(tmp_path: Path) -> None:
    (tmp_path / "wander.toml").write_text(scenario_toml(write_stream(tmp_path)))
    done = tinyfl("simulate", "wander.toml", "--seed", "3", "--no-controls", "-o", "out", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "federated + store" in done.stdout
    assert "out/report.html" in done.stdout
    assert json.loads((tmp_path / "out" / "report.json").read_text())["seed"] == 3
    assert "run `tinyfl simulate wander.toml`" in refusal(tinyfl("demo", "--scenario", "wander.toml", cwd=tmp_path))
