"""A run: the shared model it starts from and its rounds, as a value and as a file."""

from __future__ import annotations

import hashlib
import json
import zipfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from coordinator.orders import Int32Array
from tinyfl.compiler.bundle import Bundle
from tinyfl.compiler.layout import factory_planes
from tinyfl.errors import RunError
from tinyfl.ops.arith import BIAS_LIMIT, WEIGHT_MAX


@dataclass(frozen=True, eq=False)
class SharedModel:
    """The shared part of a compiled network as shipped."""

    scheme_id: int
    factory: Int32Array  # [shared weights (Q8.8 masters), then shared biases]
    weights: int  # how many of these are weights
    tensors: tuple[int, ...]  # elements of each shared tensor, in order

    def __post_init__(self) -> None:
        if sum(self.tensors) != len(self.factory) or not 0 <= self.weights <= len(self.factory):
            raise ValueError("the tensors of a shared model do not add up to its size")

    @property
    def size(self) -> int:
        """Number of shared parameters."""
        return len(self.factory)

    def clamp(self, base: np.ndarray[Any, np.dtype[np.int64]]) -> Int32Array:
        """The nearest base whose masters stay within NUMERICS section 6."""
        limit = np.where(np.arange(self.size) < self.weights, WEIGHT_MAX, BIAS_LIMIT)
        factory = self.factory.astype(np.int64)
        return (np.clip(factory + base, -limit, limit) - factory).astype(np.int32)


def shared_model(bundle: Bundle) -> SharedModel:
    """The shared part of a bundle's network."""
    w, b = factory_planes(bundle.program.graph)
    parts = [(b if t.is_bias else 256 * w)[t.offset : t.offset + t.count] for t in bundle.tensors if t.shared]
    factory = np.concatenate([np.zeros(0, np.int64), *parts]).astype(np.int32)
    space = bundle.space
    return SharedModel(bundle.scheme_id, factory, space.weights, tuple(t.count for t in space.tensors))


@dataclass(frozen=True)
class PlannedRound:
    """One round as planned; ``kind`` names its purpose in reports."""

    kind: str
    epochs: int  # 0 installs the shared model and trains nothing
    lr_shift: int = 0  # -8..8
    share: bool = True  # False: personal fine-tuning
    replay: bool = True
    evaluate: tuple[int, ...] = ()


@dataclass(frozen=True)
class RunPlan:
    """Everything that, with a strategy, decides what a run computes."""

    model: SharedModel
    rounds: tuple[PlannedRound, ...]
    devices: tuple[str, ...]
    delta_shift: int = 3  # of every tensor in the first round; later ones follow the deltas
    attempts: int = 3  # times a round is asked for before it closes without the missing devices
    first_round: int = 1  # number of the first round: above the last one any of the devices has committed

    @property
    def fingerprint(self) -> str:
        """Identity of the plan."""
        return hashlib.sha256(_header(self).encode() + self.model.factory.tobytes()).hexdigest()[:32]


def _header(plan: RunPlan) -> str:
    model = plan.model
    return json.dumps(
        {
            "scheme_id": model.scheme_id,
            "weights": model.weights,
            "tensors": model.tensors,
            "rounds": [asdict(r) for r in plan.rounds],
            "devices": plan.devices,
            "delta_shift": plan.delta_shift,
            "attempts": plan.attempts,
            "first_round": plan.first_round,
        }
    )


def save_plan(plan: RunPlan, path: Path) -> None:
    """Write a plan as a NumPy archive without pickles."""
    with path.open("wb") as f:
        np.savez(f, header=np.frombuffer(_header(plan).encode(), np.uint8), factory=plan.model.factory)


def load_plan(path: Path) -> RunPlan:
    """Read a plan's file; raises RunError."""
    try:
        with np.load(path, allow_pickle=False) as archive:
            header = json.loads(archive["header"].tobytes())
            factory = archive["factory"].astype(np.int32)
        model = SharedModel(header["scheme_id"], factory, header["weights"], tuple(header["tensors"]))
        rounds = tuple(PlannedRound(**{**r, "evaluate": tuple(r["evaluate"])}) for r in header["rounds"])
        return RunPlan(
            model, rounds, tuple(header["devices"]), header["delta_shift"], header["attempts"], header["first_round"]
        )
    except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
        raise RunError(f"plan {path} cannot be read ({error}); start the run again") from error
