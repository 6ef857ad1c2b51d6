"""Orders and reports as Flower records, the same way for coordinator and gateway."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import fields
from typing import Any

import numpy as np
from flwr.app import Array, ArrayRecord, ConfigRecord, MetricRecord, RecordDict

from coordinator.orders import DeviceReport, RoundOrder
from coordinator.report_json import report_from_json, report_to_json
from tinyfl.errors import RunError

_PLAIN = tuple(f.name for f in fields(RoundOrder) if f.name != "base")
_SEQUENCES = ("shifts", "evaluate", "devices")


def order_to_records(order: RoundOrder) -> RecordDict:
    """The order as the content of a message."""
    header = json.dumps({name: getattr(order, name) for name in _PLAIN})
    return RecordDict(
        {"order": ConfigRecord({"json": header}), "base": ArrayRecord({"base": Array(np.asarray(order.base))})}
    )


def order_from_records(records: RecordDict) -> RoundOrder:
    """The order again; raises RunError for other content."""
    try:
        raw = json.loads(str(records.config_records["order"]["json"]))
        base = records.array_records["base"]["base"].numpy().astype(np.int32)
        plain: dict[str, Any] = {n: tuple(raw[n]) if n in _SEQUENCES else raw[n] for n in _PLAIN}
        return RoundOrder(**plain, base=base)
    except (KeyError, TypeError, ValueError) as error:
        raise RunError(f"the coordinator sent no order ({error!r}); run the same tinyfl on both sides") from error


def reports_to_records(reports: Sequence[DeviceReport], parameters: int) -> RecordDict:
    """Reports as the content of a reply: the deltas stacked, int32 [devices with a delta, parameters]."""
    rows = [r.delta.q for r in reports if r.delta is not None]
    stacked = np.stack(rows) if rows else np.zeros((0, parameters), np.int32)
    header = json.dumps([report_to_json(r) for r in reports])
    return RecordDict(
        {
            "reports": ConfigRecord({"json": header}),
            "deltas": ArrayRecord({"deltas": Array(stacked)}),
            "metrics": MetricRecord({"num-examples": sum(r.examples for r in reports), "devices": len(reports)}),
        }
    )


def reports_from_records(records: RecordDict) -> list[DeviceReport]:
    """The reports again; raises RunError for other content."""
    try:
        raw = json.loads(str(records.config_records["reports"]["json"]))
        rows = iter(records.array_records["deltas"]["deltas"].numpy().astype(np.int32))
        return [report_from_json(r, next(rows) if "delta" in r else None) for r in raw]
    except (KeyError, TypeError, ValueError, StopIteration) as error:
        raise RunError(f"a gateway sent no reports ({error!r}); run the same tinyfl on both sides") from error
