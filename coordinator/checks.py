"""What a coordinator believes of a report."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from coordinator.orders import DeviceReport, RoundOrder, Status
from tinyfl.wire.delta import SparseDelta

MAX_WEIGHT_Q = 127
MAX_BIAS_Q = 32767


def checked(report: DeviceReport, order: RoundOrder) -> DeviceReport:
    """The report as it counts: one whose update is not what was asked for is refused, with the reason."""
    if report.status is not Status.DONE or not order.trains_shared:
        return replace(report, delta=None)
    reason = "brought no update" if report.delta is None else _objection(report.delta, report.device, order)
    if reason is None:
        return report
    event = f"{report.device} {reason} in round {order.round}; left out"
    return replace(report, status=Status.REFUSED, delta=None, events=(*report.events, event))


def _objection(delta: SparseDelta, device: str, order: RoundOrder) -> str | None:
    q = delta.q
    if delta.device != device:
        return f"brought the update of {delta.device}"
    if delta.scheme_id != order.scheme_id:
        return f"brought an update of scheme {delta.scheme_id:08x} instead of {order.scheme_id:08x}"
    if (delta.round, delta.base_version, delta.shifts) != (order.round, order.version, order.shifts):
        return f"brought an update of round {delta.round} from version {delta.base_version}"
    if q.shape != order.base.shape:
        return f"brought an update of {q.size} parameters instead of {order.base.size}"
    limit = np.where(np.arange(q.size) < order.weights, MAX_WEIGHT_Q, MAX_BIAS_Q)
    if (np.abs(q.astype(np.int64)) > limit).any():
        return "brought an update out of range"
    return None if delta.is_intact() else "brought an update that does not match its digest"
