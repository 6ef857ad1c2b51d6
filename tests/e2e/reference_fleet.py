"""A fleet in NumPy alone: what docs/NUMERICS.md and docs/SPEC.md say devices compute, without any of their C."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from coordinator.orders import DeviceReport, RoundOrder, Status
from coordinator.plan import shared_model
from tinyfl.boards.recordings import LabelledWindows, Recordings
from tinyfl.compiler.bundle import Bundle
from tinyfl.compiler.interpret import Interpreter
from tinyfl.compiler.layout import factory_planes
from tinyfl.compiler.sample_order import epoch_order
from tinyfl.ops.arith import rs
from tinyfl.types import IntArray
from tinyfl.wire.delta import SparseDelta, values_digest


@dataclass
class ReferenceDevice:
    """One device: an interpreter, the store's windows in the order they came, residual."""

    name: str
    bundle: Bundle
    recordings: Recordings
    seed: int
    collected: int = 0
    windows: list[tuple[IntArray, int, bool]] = field(default_factory=list)  # input, label, shipped

    def __post_init__(self) -> None:
        self.net = Interpreter(self.bundle.program, self.seed)
        self.residual = np.zeros(self.bundle.space.size, np.int64)
        self._take(self.recordings.factory, np.ones(len(self.recordings.factory), bool), shipped=True)

    def _take(self, source: LabelledWindows, rows: np.ndarray, *, shipped: bool) -> None:
        shape = self.bundle.program.graph.shapes[self.bundle.program.graph.input]
        for x, label in zip(source.inputs[rows], source.labels[rows], strict=True):
            self.windows.append((x.astype(np.int64).reshape(shape), int(label), shipped))

    def _shared_slices(self) -> list[tuple[bool, slice]]:
        return [(t.is_bias, slice(t.offset, t.offset + t.count)) for t in self.bundle.tensors if t.shared]

    def _shared(self) -> IntArray:
        w, b = self.net.masters()
        return np.concatenate([(b if is_bias else w)[part] for is_bias, part in self._shared_slices()])

    def _install(self, base: IntArray) -> None:
        w, b = self.net.masters()
        values = shared_model(self.bundle).factory + base.astype(np.int64)
        at = 0
        for is_bias, part in self._shared_slices():
            count = part.stop - part.start
            (b if is_bias else w)[part] = values[at : at + count]
            at += count
        self.net.set_masters(w, b)

    def run(self, order: RoundOrder) -> DeviceReport:
        """One round as a device does it."""
        self._install(order.base)
        steps, p_sum = 0, 0
        if order.epochs:
            arrivals = self.recordings.wearer.rounds
            self._take(self.recordings.wearer, (arrivals > self.collected) & (arrivals <= order.round), shipped=False)
            self.collected = order.round
        learned = [w for w in self.windows if order.replay or not w[2]]
        self.net.lr_shift = order.lr_shift
        for epoch in range(order.epochs):
            for i in epoch_order(self.seed, order.round, epoch, len(learned)):
                p_sum += self.net.train_step(learned[i][0], learned[i][1])
                steps += 1
        delta = self._delta(order, len(learned)) if order.trains_shared else None
        return DeviceReport(self.name, Status.DONE, delta, len(learned), steps, p_sum, weights_digest=self.net.digest())

    def _delta(self, order: RoundOrder, examples: int) -> SparseDelta:
        """NUMERICS section 9."""
        base = shared_model(self.bundle).factory + order.base.astype(np.int64)
        t = self._shared() - base + self.residual
        space = self.bundle.space
        shifts = np.repeat(order.shifts, [x.count for x in space.tensors])
        limit = np.where(np.arange(space.size) < space.weights, 127, 32767)
        q = np.clip(rs(t, shifts), -limit, limit)
        self.residual = np.clip(t - (q << shifts), -32768, 32767)
        q32 = q.astype(np.int32)
        return SparseDelta(
            device=self.name,
            round=order.round,
            scheme_id=order.scheme_id,
            base_version=order.version,
            shifts=order.shifts,
            q=q32,
            examples=examples,
            digest=values_digest(q32),
        )


@dataclass
class ReferenceCohort:
    """All reference devices."""

    devices: list[ReferenceDevice]

    def run(self, order: RoundOrder) -> list[DeviceReport]:
        return [d.run(order) for d in self.devices if d.name in order.devices]


def factory_is_where_devices_start(bundle: Bundle) -> bool:
    w, b = factory_planes(bundle.program.graph)
    masters = Interpreter(bundle.program).masters()
    return bool((masters[0] == 256 * w).all() and (masters[1] == b).all())
