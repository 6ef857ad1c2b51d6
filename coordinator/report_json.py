"""A device's report as JSON and back; the integers of its delta travel or are kept beside it."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from coordinator.orders import DeviceReport, Int32Array, Status
from tinyfl.wire.delta import SparseDelta

_PLAIN = tuple(f.name for f in fields(DeviceReport) if f.name not in ("delta", "evaluations"))
_DELTA = tuple(f.name for f in fields(SparseDelta) if f.name != "q")


def report_to_json(report: DeviceReport) -> dict[str, Any]:
    """Everything but the delta's integers."""
    raw: dict[str, Any] = {name: getattr(report, name) for name in _PLAIN}
    raw["evaluations"] = [[number, *score] for number, score in report.evaluations.items()]
    if report.delta is not None:
        raw["delta"] = {name: getattr(report.delta, name) for name in _DELTA}
    return raw


def report_from_json(raw: dict[str, Any], q: Int32Array | None) -> DeviceReport:
    """The report again, its delta made of ``q``. Raises KeyError, TypeError or ValueError for other JSON."""
    delta = raw.get("delta")
    plain = {name: raw[name] for name in _PLAIN}
    plain |= {"status": Status(plain["status"]), "events": tuple(plain["events"])}
    if delta is not None and q is not None:
        delta = SparseDelta(**{**delta, "shifts": tuple(delta["shifts"])}, q=q)
    evaluations = {int(number): (int(count), int(correct)) for number, count, correct in raw["evaluations"]}
    return DeviceReport(**plain, delta=delta if q is not None else None, evaluations=evaluations)
