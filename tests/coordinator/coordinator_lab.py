"""A cohort computed in NumPy from docs/NUMERICS.md section 9, with devices that vanish when told to."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from coordinator.orders import DeviceReport, RoundOrder, Status
from coordinator.plan import PlannedRound, RunPlan, SharedModel
from tinyfl.wire.delta import SparseDelta, values_digest

TENSORS = (40, 24, 8, 5)
WEIGHTS = 64
SIZE = sum(TENSORS)
TENSOR_OF = np.repeat(np.arange(4), TENSORS)
SCHEME = 0xBEEF


def model(seed: int = 0) -> SharedModel:
    random = np.random.default_rng(seed)
    factory = np.r_[256 * random.integers(-127, 128, WEIGHTS), random.integers(-(10**6), 10**6, SIZE - WEIGHTS)]
    return SharedModel(SCHEME, factory.astype(np.int32), WEIGHTS, TENSORS)


def plan(rounds: int = 4, devices: int = 3, **changes: object) -> RunPlan:
    planned = [PlannedRound("shared", 2, evaluate=(0,)) for _ in range(rounds)]
    planned += [PlannedRound("install", 0, evaluate=(0, 1)), PlannedRound("personal", 3, 1, share=False)]
    names = tuple(f"dev-{i}" for i in range(devices))
    return RunPlan(model(), tuple(planned), names, **changes)  # type: ignore[arg-type]


def learned(device: str, round_number: int, base: np.ndarray) -> np.ndarray:
    """What a device learns in a round: depends on the base, as real training does."""
    random = np.random.default_rng([int(device.split("-")[1]), round_number, values_digest(base)])
    scale = np.where(np.arange(SIZE) < WEIGHTS, 30, 4000)
    return np.rint(random.normal(0, scale)).astype(np.int64)


@dataclass
class NumpyCohort:
    """Devices with residuals; ``silent`` holds (round, attempt, device) that do not answer."""

    silent: set[tuple[int, int, str]] = field(default_factory=set)
    residual: dict[str, np.ndarray] = field(default_factory=dict)
    done: dict[tuple[str, int], SparseDelta] = field(default_factory=dict)
    asked: list[RoundOrder] = field(default_factory=list)

    def run(self, order: RoundOrder) -> list[DeviceReport]:
        self.asked.append(order)
        attempt = sum(o.round == order.round for o in self.asked)
        return [
            self.report(d, order) if (order.round, attempt, d) not in self.silent else DeviceReport(d, Status.LOST)
            for d in reversed(order.devices)
        ]

    def report(self, device: str, order: RoundOrder) -> DeviceReport:
        delta = self.delta(device, order) if order.trains_shared else None
        score = {s: (10, (order.round + s) % 10) for s in order.evaluate}
        digest = f"{order.digest:08x}"
        return DeviceReport(device, Status.DONE, delta, 3, 6, 6 * 16384, evaluations=score, weights_digest=digest)

    def delta(self, device: str, order: RoundOrder) -> SparseDelta:
        key = (device, order.round)
        if key not in self.done:
            step = 2.0 ** np.array(order.shifts)[TENSOR_OF]
            t = learned(device, order.round, order.base) + self.residual.get(device, np.zeros(SIZE, np.int64))
            limit = np.where(np.arange(SIZE) < WEIGHTS, 127, 32767)
            q = np.clip(np.floor(t / step + 0.5), -limit, limit).astype(np.int32)
            self.residual[device] = np.clip(t - (q * step).astype(np.int64), -32768, 32767)
            examples = 3 + int(device.split("-")[1])
            fields = (device, order.round, SCHEME, order.version, order.shifts, q, examples, values_digest(q))
            self.done[key] = SparseDelta(*fields)
        return self.done[key]
