"""What an experiment found, and its stable form ``report.json`` (docs/report.md)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from tinyfl.types import Json

REPORT_FORMAT = 1
ARMS = ("pretrained", "scratch", "local", "federated", "personalised")
PerDevice = Mapping[str, float]


@dataclass(frozen=True)
class PhaseOutcome:
    """Accuracy (0..1) of every arm on every device at the end of a phase."""

    labels_per_class: int
    rounds: int
    accuracy: Mapping[str, PerDevice]

    def mean(self, arm: str) -> float:
        """Mean over the devices."""
        values = self.accuracy[arm].values()
        return sum(values) / len(values)


@dataclass(frozen=True)
class Forgetting:
    """Mean accuracy on the side the network was shipped for: as shipped, and after learning the other side."""

    before: float
    with_store: float
    without_store: float


@dataclass(frozen=True)
class Traffic:
    """Bytes on the wire, framing included, a device and shared round: means, and the most that one device sent.

    ``full_model_float32`` is what the whole model would take.
    """

    up_per_device_round: float
    down_per_device_round: float
    up_largest: int
    full_model_float32: int


@dataclass(frozen=True)
class KernelCost:
    """What the training kernel costs; ``flash_bytes`` is constants and code as built for ``flash_target``."""

    sram_bytes: int
    arena_bytes: int
    flash_bytes: int
    flash_target: str
    macs_forward: int
    macs_backward: int
    parameters: int
    trained_shared: int
    trained_personal: int


@dataclass(frozen=True)
class RoundRecord:
    """One round as it went: mean probability of the right label while training, and who was missing."""

    round: int
    kind: str
    devices: int
    missing: tuple[str, ...]
    p_label: float


@dataclass(frozen=True)
class Outcome:
    """One experiment."""

    name: str
    dataset: str
    engine: str
    strategy: str
    seed: int
    devices: tuple[str, ...]
    links: Mapping[str, str]
    phases: tuple[PhaseOutcome, ...]
    forgetting: Forgetting | None
    traffic: Traffic
    kernel: KernelCost
    rounds: tuple[RoundRecord, ...]
    weights_digest: Mapping[str, str]
    events: tuple[str, ...]
    wall_seconds: float

    def findings(self) -> tuple[str, ...]:
        """Where federation paid and where it did not, one sentence a phase and control."""
        out = []
        for phase in self.phases:
            for control in (c for c in _CONTROL if c in phase.accuracy):
                margin = 100 * (phase.mean("personalised") - phase.mean(control))
                worse = sum(
                    phase.accuracy["personalised"][d] < phase.accuracy[control][d]
                    for d in phase.accuracy["personalised"]
                )
                verdict = "pays" if margin > 0 else "does not pay"
                labels = "label" if phase.labels_per_class == 1 else "labels"
                out.append(
                    f"With {phase.labels_per_class} {labels} a class, federation with a personal head {verdict}: "
                    f"{margin:+.1f} points against {_CONTROL[control]} ({worse} of {len(self.devices)} devices worse)."
                )
        return tuple(out)


_CONTROL = {"local": "learning alone", "scratch": "a network trained from scratch on the same windows"}


def report(outcome: Outcome) -> Json:
    """The report's JSON object."""
    last = outcome.phases[-1]
    return {
        "format": REPORT_FORMAT,
        "name": outcome.name,
        "dataset": outcome.dataset,
        "engine": outcome.engine,
        "strategy": outcome.strategy,
        "seed": outcome.seed,
        "devices": len(outcome.devices),
        "links": dict(outcome.links),
        "rounds": sum(p.rounds for p in outcome.phases),
        "labels_per_class": last.labels_per_class,
        "accuracy": _accuracy(last),
        "phases": [
            {"labels_per_class": p.labels_per_class, "rounds": p.rounds, "accuracy": _accuracy(p)}
            for p in outcome.phases
        ],
        "findings": list(outcome.findings()),
        "forgetting": None if outcome.forgetting is None else asdict(outcome.forgetting),
        "bytes": asdict(outcome.traffic),
        "kernel": asdict(outcome.kernel),
        "timeline": [asdict(r) for r in outcome.rounds],
        "weights_digest": dict(outcome.weights_digest),
        "events": list(outcome.events),
        "wall_seconds": round(outcome.wall_seconds, 2),
    }


def _accuracy(phase: PhaseOutcome) -> Json:
    return {
        arm: {"mean": phase.mean(arm), "per_device": dict(phase.accuracy[arm])} for arm in ARMS if arm in phase.accuracy
    }


_FILES = ("report.html", "report.json")


def forget_report(folder: Path) -> None:
    """Remove an earlier run's report, which must not pass for this one's if this one fails."""
    for name in _FILES:
        (folder / name).unlink(missing_ok=True)


def write_report(outcome: Outcome, folder: Path) -> Json:
    """Write ``report.json`` and ``report.html`` into ``folder``; returns the JSON object."""
    from simulations.page import render

    data = report(outcome)
    write_files(render(data), data, folder)
    return data


def write_files(page: str, data: Json, folder: Path) -> None:
    """Put both files of a report in place, each whole."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in zip(_FILES, (page, json.dumps(data, indent=2) + "\n"), strict=True):
        part = folder / f"{name}.part"
        part.write_text(text, encoding="utf-8")
        part.replace(folder / name)
