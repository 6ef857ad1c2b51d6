"""How far a run is, and its checkpoint: one file, replaced as a whole after each round."""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from coordinator.orders import DeviceReport, Int32Array
from coordinator.plan import RunPlan
from coordinator.report_json import report_from_json, report_to_json
from tinyfl.errors import RunError

MEMORY = "memory:"


@dataclass(frozen=True)
class RoundOutcome:
    """One closed round. Reports carry no deltas any more; ``digests`` keeps those of the updates that counted."""

    round: int
    kind: str
    version: int  # of the base the round started from
    shifts: tuple[int, ...]
    reports: tuple[DeviceReport, ...]  # by device name
    missing: tuple[str, ...]  # devices that were asked and did not finish
    digests: Mapping[str, int]
    attempts: int

    @property
    def p_label(self) -> float:
        """Mean probability (0..1) of the right label while training; 0 where nothing trained."""
        steps = sum(r.steps for r in self.reports)
        return sum(r.p_sum for r in self.reports) / (32768 * steps) if steps else 0.0


@dataclass(frozen=True, eq=False)
class RunState:
    """Everything needed to go on with a run; of a finished one, its result."""

    version: int
    base: Int32Array  # [parameters], offsets from the factory model
    shifts: tuple[int, ...]
    outcomes: tuple[RoundOutcome, ...] = ()
    memory: Mapping[str, np.ndarray[Any, Any]] = field(default_factory=dict)  # the strategy's

    @staticmethod
    def start(plan: RunPlan) -> RunState:
        """Before the first round."""
        shifts = (plan.delta_shift,) * len(plan.model.tensors)
        return RunState(0, np.zeros(plan.model.size, np.int32), shifts)


def save_state(state: RunState, plan: RunPlan, path: Path) -> None:
    """Replace the checkpoint in one step; a power cut leaves the older one or this one."""
    header = {
        "plan": plan.fingerprint,
        "version": state.version,
        "shifts": state.shifts,
        "outcomes": [_outcome_to_json(o) for o in state.outcomes],
    }
    arrays: dict[str, Any] = {MEMORY + name: value for name, value in state.memory.items()}
    arrays |= {"header": np.frombuffer(json.dumps(header).encode(), np.uint8), "base": state.base}
    part = path.with_name(path.name + ".part")
    with part.open("wb") as f:
        np.savez(f, **arrays)
        f.flush()
        os.fsync(f.fileno())
    part.replace(path)


def load_state(plan: RunPlan, path: Path) -> RunState:
    """Read a checkpoint of this very plan; raises RunError."""
    try:
        with np.load(path, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
        header = json.loads(arrays["header"].tobytes())
        fingerprint = header["plan"]
        state = RunState(
            version=header["version"],
            base=arrays["base"],
            shifts=tuple(header["shifts"]),
            outcomes=tuple(_outcome_from_json(o) for o in header["outcomes"]),
            memory={n[len(MEMORY) :]: a for n, a in arrays.items() if n.startswith(MEMORY)},
        )
    except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
        raise RunError(f"checkpoint {path} cannot be read ({error}); delete it to start again") from error
    if fingerprint != plan.fingerprint:
        raise RunError(f"checkpoint {path} belongs to another run; delete it or choose another folder")
    return state


def _outcome_to_json(outcome: RoundOutcome) -> dict[str, Any]:
    return {
        **{k: getattr(outcome, k) for k in ("round", "kind", "version", "shifts", "missing", "attempts")},
        "digests": dict(outcome.digests),
        "reports": [report_to_json(r) for r in outcome.reports],
    }


def _outcome_from_json(raw: dict[str, Any]) -> RoundOutcome:
    reports = tuple(report_from_json(r, None) for r in raw["reports"])
    sequences = {k: tuple(raw[k]) for k in ("shifts", "missing")}
    return RoundOutcome(**{**raw, **sequences, "reports": reports})
