"""What a stream's experiment found, and its stable form ``report.json`` (docs/report.md)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass

import numpy as np

from simulations.outcome import REPORT_FORMAT, KernelCost, Traffic
from simulations.stream.arms import Scores
from tinyfl.types import Json

FROZEN, FINE_TUNED, STORED, FEDERATED = "frozen", "fine_tuned", "stored", "federated"


@dataclass(frozen=True)
class ArmOutcome:
    """One arm; every summary is [devices]."""

    scores: Scores

    @property
    def way(self) -> Scores:
        """Accuracy on each later period right after its labels, [devices, later periods]."""
        return np.diagonal(self.scores, axis1=1, axis2=2)[:, 1:]

    @property
    def on_the_way(self) -> Scores:
        """Mean accuracy on the later periods, each right after its labels."""
        return self.way.mean(axis=1)

    @property
    def at_the_end(self) -> Scores:
        """Mean accuracy on the later periods after the last one."""
        return self.scores[:, -1, 1:].mean(axis=1)

    @property
    def first_period(self) -> Scores:
        """Accuracy at the end on the period the factory knew."""
        return self.scores[:, -1, 0]

    @property
    def forgotten(self) -> Scores:
        """What accuracy on a later period falls from right after its labels to the end, mean without the last."""
        if self.way.shape[1] < 2:
            return np.zeros(len(self.scores))
        return (self.way - self.scores[:, -1, 1:])[:, :-1].mean(axis=1)


SUMMARIES = ("on_the_way", "at_the_end", "first_period", "forgotten")


@dataclass(frozen=True)
class StreamOutcome:
    """One experiment on a stream."""

    name: str
    dataset: str
    strategy: str
    seed: int
    labels_per_class: int
    devices: tuple[str, ...]
    periods: tuple[str, ...]
    arms: Mapping[str, ArmOutcome]
    traffic: Traffic
    kernel: KernelCost
    weights_digest: Mapping[str, str]
    events: tuple[str, ...]
    wall_seconds: float

    def findings(self) -> tuple[str, ...]:
        """Where federation paid and what was forgotten, one sentence each."""
        out = []
        federated = self.arms[FEDERATED]
        if STORED in self.arms:
            for when, title in (("on_the_way", "right after each period's labels"), ("at_the_end", "at the end")):
                ours, theirs = getattr(federated, when), getattr(self.arms[STORED], when)
                margin = 100 * float((ours - theirs).mean())
                worse = int((ours < theirs).sum())
                verdict = "pays" if margin > 0 else "does not pay"
                out.append(
                    f"Federation {verdict} {title}: {margin:+.1f} points against every device alone with its store "
                    f"({worse} of {len(self.devices)} devices worse)."
                )
        lost = {name: 100 * float(arm.forgotten.mean()) for name, arm in self.arms.items() if name != FROZEN}
        titles = {FINE_TUNED: "without a store", STORED: "with it", FEDERATED: "federated, with it"}
        each = ", ".join(f"{value:.1f} points {titles[name]}" for name, value in lost.items())
        out.append(f"Of what a period taught, the rest of the stream took: {each}.")
        return tuple(out)


def report(outcome: StreamOutcome) -> Json:
    """The report's JSON object."""
    return {
        "format": REPORT_FORMAT,
        "name": outcome.name,
        "dataset": outcome.dataset,
        "engine": "stream",
        "strategy": outcome.strategy,
        "seed": outcome.seed,
        "devices": len(outcome.devices),
        "labels_per_class": outcome.labels_per_class,
        "periods": list(outcome.periods),
        "arms": {name: _arm(arm, outcome.devices) for name, arm in outcome.arms.items()},
        "findings": list(outcome.findings()),
        "bytes": asdict(outcome.traffic),
        "kernel": asdict(outcome.kernel),
        "weights_digest": dict(outcome.weights_digest),
        "events": list(outcome.events),
        "wall_seconds": round(outcome.wall_seconds, 2),
    }


def _arm(arm: ArmOutcome, devices: tuple[str, ...]) -> Json:
    out: Json = {}
    for summary in SUMMARIES:
        values = getattr(arm, summary)
        per_device = dict(zip(devices, values.tolist(), strict=True))
        out[summary] = {"mean": float(values.mean()), "per_device": per_device}
    return {**out, "accuracy": arm.scores.mean(axis=0).tolist(), "way": arm.way.tolist()}
