"""The devices of one gateway as a cohort."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from coordinator.orders import DeviceReport, RoundOrder
from tinyfl.gateway.ledger import Ledger
from tinyfl.gateway.sessions import DeviceSession
from tinyfl.gateway.worker import run_order


class SessionCohort:
    """Takes all its devices through an order at once, each in a thread of its own."""

    def __init__(self, sessions: Sequence[DeviceSession], ledger: Ledger | None = None, threads: int = 32) -> None:
        """``ledger`` None keeps it in memory; at most ``threads`` devices are served at a time."""
        self.sessions = tuple(sessions)
        self.ledger = ledger or Ledger()
        self._pool = ThreadPoolExecutor(max(1, min(threads, len(self.sessions))), "device")

    @property
    def devices(self) -> tuple[str, ...]:
        """Names of the devices."""
        return tuple(s.device for s in self.sessions)

    def run(self, order: RoundOrder) -> list[DeviceReport]:
        """The reports of those devices of the order that are ours."""
        asked = set(order.devices)
        ours = [s for s in self.sessions if s.device in asked]
        return list(self._pool.map(lambda s: run_order(s, order, self.ledger), ours))

    def close(self) -> None:
        """End threads, links and ledger."""
        self._pool.shutdown(cancel_futures=True)
        for session in self.sessions:
            session.close()
        self.ledger.close()
