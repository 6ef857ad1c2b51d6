"""The devices behind all gateways of a Flower federation as a cohort: one Flower node is one gateway."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, replace

from flwr.app import Message, MessageType
from flwr.serverapp import Grid

from coordinator.flower_records import order_to_records, reports_from_records
from coordinator.orders import DeviceReport, RoundOrder
from tinyfl.errors import RunError

_log = logging.getLogger("tinyfl.coordinator")


@dataclass(frozen=True)
class Waiting:
    """How long a coordinator waits, in seconds."""

    poll: float = 0.3  # between looks at what has come
    round: float = 3600.0  # for a round, whatever gateways say
    newcomer: float = 60.0  # for another gateway when none is left that could bring the missing devices


class FlowerCohort:
    """Gives an order to every gateway, also to those that join during the round, until all devices have reported.

    A gateway that was killed and started again is a new node for Flower; it gets the order of the round under way and
    answers from its ledger or asks its devices.
    """

    def __init__(self, grid: Grid, waiting: Waiting | None = None) -> None:
        self._grid = grid
        self._waiting = waiting or Waiting()

    def run(self, order: RoundOrder) -> list[DeviceReport]:
        """The first report of each device of the order that any gateway brings."""
        reports: dict[str, DeviceReport] = {}
        asked: dict[int, str] = {}  # node -> message
        unanswered: dict[str, int] = {}  # message -> node
        first = self._nodes()
        started = alone_since = time.monotonic()
        while set(order.devices) - set(reports):
            nodes = self._nodes()
            for node in nodes - set(asked):
                asked[node] = self._give(order, node)
                unanswered[asked[node]] = node
            for reply in self._grid.pull_messages(list(unanswered)):
                node = unanswered.pop(reply.metadata.reply_to_message_id)
                for report in self._read(reply, node):
                    reports.setdefault(report.device, _joined(report, order.round, late=node not in first))
            now = time.monotonic()
            if nodes & set(unanswered.values()):
                alone_since = now
            if now - alone_since > self._waiting.newcomer or now - started > self._waiting.round:
                break
            time.sleep(self._waiting.poll)
        return list(reports.values())

    def _nodes(self) -> set[int]:
        return set(self._grid.get_node_ids())

    def _give(self, order: RoundOrder, node: int) -> str:
        message = Message(
            content=order_to_records(order),
            dst_node_id=node,
            message_type=MessageType.TRAIN,
            group_id=str(order.round),
            ttl=self._waiting.round,
        )
        (message_id,) = self._grid.push_messages([message])
        return message_id

    def _read(self, reply: Message, node: int) -> list[DeviceReport]:
        if reply.has_error():
            _log.warning("gateway %s failed: %s", node, reply.error.reason)
            return []
        try:
            return reports_from_records(reply.content)
        except RunError as error:
            _log.warning("gateway %s: %s", node, error)
            return []


def _joined(report: DeviceReport, round_number: int, late: bool) -> DeviceReport:
    if not late:
        return report
    event = f"device {report.device} came through a gateway that joined during round {round_number}"
    return replace(report, events=(*report.events, event))
