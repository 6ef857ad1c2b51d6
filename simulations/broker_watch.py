"""Notices that a broker of the user's own is gone for good."""

from __future__ import annotations

import time

from tinyfl.errors import LinkError
from tinyfl.link.mqtt_client import Broker, MqttConnection

AWAY_SECONDS = 30.0


class BrokerWatch:
    """A connection of its own to the broker; a context manager. A broker that comes back in time is no trouble."""

    def __init__(self, url: str, fleet: str, away_seconds: float = AWAY_SECONDS) -> None:
        """Connect; LinkError naming the broker and the reason if it is not there or refuses."""
        self._away_seconds = away_seconds
        self._connection = MqttConnection(Broker.at(url), [f"tinyfl/{fleet}/+/state"], lambda topic, payload: None)
        self._seen = time.monotonic()

    def __enter__(self) -> BrokerWatch:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def check(self) -> None:
        """Raise LinkError once the broker has been away for too long; called several times a second."""
        now = time.monotonic()
        if self._connection.connected:
            self._seen = now
        elif now - self._seen > self._away_seconds:
            url, reason = self._connection.broker.url, self._connection.reason
            raise LinkError(
                f"the broker {url} has been away for {self._away_seconds:g} s ({reason}); start it and run again"
            )
