"""Orders and reports through Flower's records, serialised as they travel."""

from dataclasses import astuple, replace

import numpy as np
import pytest
from coordinator_lab import NumpyCohort, plan
from flwr.app import ConfigRecord, RecordDict

from coordinator.flower_records import order_from_records, order_to_records, reports_from_records, reports_to_records
from coordinator.orders import DeviceReport, RoundOrder, Status
from coordinator.rounds import run_rounds
from coordinator.strategies.load import load_strategy
from tinyfl.errors import RunError


def travelled(records: RecordDict) -> RecordDict:
    from flwr.common.serde import recorddict_from_proto, recorddict_to_proto

    return recorddict_from_proto(recorddict_to_proto(records))


class Travelling(NumpyCohort):
    """Every order and report goes through records and bytes."""

    def run(self, order: RoundOrder) -> list[DeviceReport]:
        again = order_from_records(travelled(order_to_records(order)))
        assert again.fingerprint == order.fingerprint
        assert (again.devices, again.evaluate, again.weights) == (order.devices, order.evaluate, order.weights)
        reports = super().run(again)
        bare = [replace(r, delta=None) for r in reports]
        back = reports_from_records(travelled(reports_to_records(reports, order.base.size)))
        assert [replace(r, delta=None) for r in back] == bare
        for a, b in zip(reports, back, strict=True):
            assert (a.delta is None) == (b.delta is None)
            if a.delta is not None and b.delta is not None:
                np.testing.assert_array_equal(a.delta.q, b.delta.q)
                assert astuple(replace(a.delta, q=0)) == astuple(replace(b.delta, q=0))  # type: ignore[arg-type]
        return back


def test_a_run_through_records_is_the_same_run() -> None:
    silent = {(2, 1, "dev-1")}
    direct = run_rounds(plan(), load_strategy("average"), NumpyCohort(silent=silent))
    through = run_rounds(plan(), load_strategy("average"), Travelling(silent=silent))
    np.testing.assert_array_equal(direct.base, through.base)
    assert direct.outcomes == through.outcomes


def test_no_report_at_all_travels_too() -> None:
    assert reports_from_records(travelled(reports_to_records([], 7))) == []
    lost = DeviceReport("d", Status.LOST, events=("gone",))
    assert reports_from_records(travelled(reports_to_records([lost], 7))) == [lost]


@pytest.mark.parametrize("content", [RecordDict(), RecordDict({"reports": ConfigRecord({"json": "[1]"})})])
def test_what_is_no_report_or_order_is_refused(content: RecordDict) -> None:
    with pytest.raises(RunError, match="run the same tinyfl on both sides"):
        reports_from_records(content)
    with pytest.raises(RunError, match="run the same tinyfl on both sides"):
        order_from_records(content)
