"""A gateway process: one node of a Flower federation, many devices."""

from __future__ import annotations

import logging
import threading
import time

from coordinator.flower_records import order_from_records, reports_to_records
from coordinator.orders import Cohort
from tinyfl.errors import LinkError, RunError
from tinyfl.gateway.config import GatewayConfig, GatewayDevices
from tinyfl.gateway.fleet_connection import FleetConnection, fleet_connection

POLL_SECONDS = 0.3
RECONNECT_SECONDS = 2.0
_log = logging.getLogger("tinyfl.gateway")


def run_gateway(config: GatewayConfig, stop: threading.Event | None = None, reconnect_seconds: float = 30.0) -> None:
    """Serve a gateway's devices until ``stop`` is set.

    A SuperLink that is away is looked for again for ``reconnect_seconds``; then LinkError is raised, as it is at once
    when the broker cannot be reached.
    """
    devices = GatewayDevices(config)
    try:
        devices.connect()
        serve(devices.cohort, config.superlink, stop or threading.Event(), reconnect_seconds)
    finally:
        devices.close()


def serve(cohort: Cohort, superlink: str, stop: threading.Event, reconnect_seconds: float = 30.0) -> None:
    """Answer the coordinator's orders with a cohort until ``stop`` is set; raises LinkError as ``run_gateway``."""
    last_seen = time.monotonic()
    while not stop.is_set():
        try:
            with fleet_connection(superlink) as connection:
                last_seen = time.monotonic()
                _log.info("joined the federation at %s as node %s", superlink, connection.node_id)
                while not stop.is_set():
                    if not _answer_one(connection, cohort):
                        stop.wait(POLL_SECONDS)
                    last_seen = time.monotonic()
        except LinkError as error:
            if time.monotonic() - last_seen > reconnect_seconds:
                raise
            _log.warning("%s", error)
            stop.wait(RECONNECT_SECONDS)


def _answer_one(connection: FleetConnection, cohort: Cohort) -> bool:
    message = connection.receive()
    if message is None:
        return False
    try:
        order = order_from_records(message.content)
    except RunError as error:
        connection.reply(message, str(error))
        return True
    _log.info("round %s: %s devices asked", order.round, len(order.devices))
    connection.reply(message, reports_to_records(cohort.run(order), order.base.size))
    return True
