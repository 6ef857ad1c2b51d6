"""report.json against docs/report.md and against figures reckoned by hand; a report is there whole or not at all."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from outcomes import FIRST, LAST, outcome, phase

from simulations.outcome import report, write_report

DOCUMENT = (Path(__file__).parents[2] / "docs" / "report.md").read_text(encoding="utf-8").split("## Of a stream")[0]
ARMS = ("pretrained", "scratch", "local", "federated", "personalised")


def documented() -> set[str]:
    """Keys of the document's table, each with its full path."""
    keys = set()
    for row in re.findall(r"^\| (`.*?) \|", DOCUMENT, re.MULTILINE):
        group = ""
        for key in re.findall(r"`([^`]+)`", row):
            full = group + key if key.startswith(".") else key
            group = group or full.rpartition(".")[0]
            keys.add(full)
    return keys


def paths(value: Any, at: str = "") -> set[str]:
    """Paths of a report's leaves, in the document's notation."""
    if at == "phases":
        return {"phases[]"}
    if at == "timeline":
        return {"timeline[]"}
    if isinstance(value, dict) and at not in ("links",):
        out = set()
        for key, inner in value.items():
            name = "ARM" if at == "accuracy" else "NAME" if at == "weights_digest" or at.endswith("per_device") else key
            out |= paths(inner, f"{at}.{name}" if at else name)
        return out
    return {at}


def test_the_report_has_the_documented_keys_and_no_others() -> None:
    assert paths(report(outcome())) == documented()


def test_what_the_issue_asks_for_is_there_with_these_values() -> None:
    data = json.loads(json.dumps(report(outcome())))
    assert (data["dataset"], data["devices"], data["rounds"], data["seed"]) == ("data", 2, 8, 3)
    assert data["labels_per_class"] == 5
    assert list(data["accuracy"]) == list(ARMS)
    assert {arm: data["accuracy"][arm]["mean"] for arm in ARMS} == {
        "pretrained": 0.375,
        "scratch": 0.5,
        "local": 0.5625,
        "federated": 0.75,
        "personalised": 0.75,
    }
    assert data["accuracy"]["personalised"]["per_device"] == {"wearer-a": 1.0, "wearer-b": 0.5}
    assert data["phases"][0]["accuracy"]["local"] == {"mean": 0.75, "per_device": {"wearer-a": 0.75, "wearer-b": 0.75}}
    assert data["forgetting"] == {"before": 0.857, "with_store": 0.729, "without_store": 0.574}
    assert data["bytes"]["up_per_device_round"] == 4053.5
    assert data["bytes"]["down_per_device_round"] == 6997.25
    assert data["bytes"]["full_model_float32"] == 123228
    kernel = {"sram_bytes": 15708, "arena_bytes": 3000, "flash_bytes": 44488, "macs_forward": 326080}
    assert {k: data["kernel"][k] for k in kernel} == kernel
    assert data["kernel"]["macs_backward"] == 375680
    assert data["weights_digest"] == {"wearer-a": "0123abcd", "wearer-b": "0123abcd"}
    assert data["wall_seconds"] == pytest.approx(12.345, abs=0.01)


def test_without_controls_or_a_second_side_the_rest_is_there() -> None:
    bare = phase(1, pretrained=(0.25, 0.5), federated=(0.5, 0.5), personalised=(0.5, 0.75))
    data = report(outcome(bare, forgetting=None))
    assert list(data["accuracy"]) == ["pretrained", "federated", "personalised"]
    assert data["forgetting"] is None
    assert data["findings"] == []


def test_findings_say_where_federation_pays_and_where_not() -> None:
    by_hand = (
        # (1.375 - 1.5) / 2 and (1.375 - 1.125) / 2, then (1.5 - 1.125) / 2 and (1.5 - 1.0) / 2
        (1, "does not pay", "-6.2 points against learning alone (1 of 2 devices worse)"),
        (1, "pays", "+12.5 points against a network trained from scratch on the same windows (0 of 2 devices worse)"),
        (5, "pays", "+18.8 points against learning alone (1 of 2 devices worse)"),
        (5, "pays", "+25.0 points against a network trained from scratch on the same windows (0 of 2 devices worse)"),
    )
    findings = outcome(FIRST, LAST).findings()
    assert len(findings) == len(by_hand)
    for sentence, (labels, verdict, rest) in zip(findings, by_hand, strict=True):
        noun = "label" if labels == 1 else "labels"
        start = f"With {labels} {noun} a class, federation with a personal head {verdict}: "
        assert sentence == f"{start}{rest}."


def test_a_tie_is_no_gain() -> None:
    even = phase(1, pretrained=(0.5,), local=(0.5,), federated=(0.5,), personalised=(0.5,))
    (sentence,) = outcome(even, names=("wearer-a",)).findings()
    assert "does not pay: +0.0 points" in sentence
    assert "(0 of 1 devices worse)" in sentence


def test_both_files_are_written_and_nothing_else(tmp_path: Path) -> None:
    folder = tmp_path / "runs" / "first"
    data = write_report(outcome(), folder)
    assert {p.name for p in folder.iterdir()} == {"report.json", "report.html"}
    assert json.loads((folder / "report.json").read_text()) == json.loads(json.dumps(data))


def test_the_report_of_an_earlier_run_stays_whole_when_a_later_one_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_report(outcome(), tmp_path)
    before = {p.name: p.read_bytes() for p in tmp_path.iterdir()}
    real = Path.write_text

    def full_disk(path: Path, text: str, *args: Any, **kwargs: Any) -> int:
        real(path, text[: len(text) // 2], *args, **kwargs)
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr(Path, "write_text", full_disk)
    with pytest.raises(OSError, match="No space left"):
        write_report(outcome(seed=4), tmp_path)
    assert {name: (tmp_path / name).read_bytes() for name in before} == before
