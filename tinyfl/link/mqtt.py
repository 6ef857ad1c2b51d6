"""Devices behind an MQTT broker: one hub per gateway, one link per device."""

from __future__ import annotations

import queue
import threading
import time
from dataclasses import dataclass

from tinyfl.errors import LinkError
from tinyfl.link.base import check_message
from tinyfl.link.mqtt_client import Broker, MqttConnection, publish_bytes

ONLINE, OFFLINE = b"online", b"offline"
_KEPT_MESSAGES = 256
_PUBACK_BYTES = 4
_LOOK_SECONDS = 0.25


@dataclass(frozen=True)
class Topics:
    """The topics of one device of a fleet."""

    fleet: str
    device: str

    def __post_init__(self) -> None:
        for word in (self.fleet, self.device):
            if not word or len(word.encode()) > 32 or any(c in "+#/\0" for c in word):
                raise LinkError(f"{word!r} cannot be a fleet or device: 1 to 32 bytes without +, # and / are.")

    @property
    def down(self) -> str:
        """Messages to the device."""
        return f"tinyfl/{self.fleet}/{self.device}/down"

    @property
    def up(self) -> str:
        """Messages from the device."""
        return f"tinyfl/{self.fleet}/{self.device}/up"

    @property
    def state(self) -> str:
        """Retained: ``online``, or ``offline`` by the device or its last will."""
        return f"tinyfl/{self.fleet}/{self.device}/state"


class MqttHub:
    """The gateway's connection, which all its links share. It finds a lost broker again by itself."""

    def __init__(self, broker: Broker, fleet: str) -> None:
        """Connect; ``LinkError`` naming the broker and the reason, within seconds, when that fails."""
        Topics(fleet, "any")
        self.fleet = fleet
        self._lock = threading.Lock()
        self._links: dict[str, MqttLink] = {}
        self._online: dict[str, bool] = {}
        topics = [f"tinyfl/{fleet}/+/up", f"tinyfl/{fleet}/+/state"]
        self._connection = MqttConnection(broker, topics, self._route)

    @property
    def broker(self) -> Broker:
        """The broker it is connected to."""
        return self._connection.broker

    def devices(self) -> dict[str, bool]:
        """Every device of the fleet that ever announced itself, and whether it is online."""
        with self._lock:
            return dict(sorted(self._online.items()))

    def link(self, device: str) -> MqttLink:
        """Return a fresh link to a device; an earlier one to the same device is closed.

        Raises ``LinkError`` when the broker is not there or the device has said it is offline.
        """
        link = MqttLink(self, Topics(self.fleet, device))
        link.check()
        with self._lock:
            earlier, self._links[device] = self._links.get(device), link
        if earlier is not None:
            earlier.close()
        return link

    def close(self) -> None:
        """Leave the broker; all links are closed."""
        with self._lock:
            links = list(self._links.values())
        for link in links:
            link.close()
        self._connection.close()

    def check(self, device: str) -> None:
        """Raise ``LinkError`` unless the broker is there and the device not known to be offline."""
        if not self._connection.connected:
            raise LinkError(f"the broker {self.broker.url} is gone: {self._connection.reason}.")
        with self._lock:
            offline = self._online.get(device) is False
        if offline:
            raise LinkError(f"device {device} is offline, says the broker {self.broker.url}; check that it runs.")

    def publish(self, topic: str, message: bytes) -> int:
        """Publish one message; returns the bytes of the packet."""
        return self._connection.publish(topic, message)

    def forget(self, link: MqttLink) -> None:
        """Stop routing messages to a link."""
        with self._lock:
            if self._links.get(link.device) is link:
                del self._links[link.device]

    def _route(self, topic: str, payload: bytes) -> None:
        device, kind = topic.split("/")[-2:]
        with self._lock:
            if kind == "state":
                self._online[device] = payload == ONLINE
                return
            self._online[device] = True  # it speaks, whatever a late will says
            link = self._links.get(device)
        if link is not None:
            link.deliver(payload)


class MqttLink:
    """A :class:`tinyfl.link.base.DeviceLink` to one device; made by :meth:`MqttHub.link`.

    The byte counts are of MQTT packets with their acknowledgements, without TCP, IP and TLS.
    """

    def __init__(self, hub: MqttHub, topics: Topics) -> None:
        self.device = topics.device
        self.bytes_sent = 0
        self.bytes_received = 0
        self._hub = hub
        self._topics = topics
        self._arrived: queue.Queue[bytes | None] = queue.Queue(_KEPT_MESSAGES)
        self._closed = False

    def check(self) -> None:
        """Raise ``LinkError`` when this link, the broker or the device is gone."""
        if self._closed:
            raise LinkError(f"the link to device {self.device} is closed.")
        self._hub.check(self.device)

    def send(self, message: bytes) -> None:
        """Publish one message to the device."""
        check_message(message)
        self.check()
        self.bytes_sent += self._hub.publish(self._topics.down, message)
        self.bytes_received += _PUBACK_BYTES

    def receive(self, timeout: float) -> bytes | None:
        """Return the next message, or None after ``timeout`` seconds; notices a lost broker meanwhile."""
        deadline = time.monotonic() + timeout
        while True:
            left = deadline - time.monotonic()
            try:
                message = self._arrived.get(left > 0, min(max(left, 0.0), _LOOK_SECONDS))
            except queue.Empty:
                self.check()
                if left <= 0:
                    return None
                continue
            if message is None:
                self.check()
                continue
            self.bytes_received += publish_bytes(self._topics.up, message, self._hub.broker.version)
            self.bytes_sent += _PUBACK_BYTES
            return message

    def deliver(self, message: bytes) -> None:
        """Take a message that has arrived; dropped when nobody has received the last 256."""
        if not self._arrived.full():
            self._arrived.put_nowait(message)

    def close(self) -> None:
        """Stop listening; the hub stays connected."""
        if not self._closed:
            self._closed = True
            self._hub.forget(self)
            if not self._arrived.full():
                self._arrived.put_nowait(None)  # wakes a receiver
