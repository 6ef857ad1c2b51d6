"""One connection to an MQTT broker that subscribes anew whenever it was lost and found again."""

from __future__ import annotations

import contextlib
import enum
import secrets
import ssl
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from tinyfl.errors import LinkError
from tinyfl.link.base import MAX_MESSAGE_BYTES

QOS = 1
CONNECT_SECONDS = 5.0
_KEEPALIVE_SECONDS = 20
_RETRY_SECONDS = (1, 8)
_QUEUED_MESSAGES = 256


class MqttVersion(enum.IntEnum):
    """Protocol version to speak; the broker must know it."""

    V311 = 4
    V5 = 5


@dataclass(frozen=True)
class Broker:
    """Where a broker is and how to enter."""

    host: str
    port: int
    user: str | None = None
    password: str | None = None
    tls: bool = False
    version: MqttVersion = MqttVersion.V311
    ca_file: Path | None = None
    """certificates to trust instead of the system's"""

    @classmethod
    def at(cls, url: str, version: MqttVersion = MqttVersion.V311, ca_file: Path | None = None) -> Broker:
        """Read ``mqtt[s]://[user:password@]host[:port]``; ``LinkError`` if it is something else."""
        try:
            parts = urlsplit(url)
            port = parts.port or (8883 if parts.scheme == "mqtts" else 1883)
        except ValueError:
            parts, port = urlsplit(""), 0
        if parts.scheme not in ("mqtt", "mqtts") or not parts.hostname or parts.path.strip("/") or parts.query:
            raise LinkError("a broker's URL has the form mqtt://user:password@host:port (or mqtts:// for TLS).")
        user = unquote(parts.username) if parts.username is not None else None
        password = unquote(parts.password) if parts.password is not None else None
        return cls(parts.hostname, port, user, password, parts.scheme == "mqtts", version, ca_file)

    @property
    def url(self) -> str:
        """Its URL without user and password, to show."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'mqtts' if self.tls else 'mqtt'}://{host}:{self.port}"


@dataclass(frozen=True)
class Will:
    """A retained message for others: ``alive`` whenever connected, ``dead`` once the connection is lost."""

    topic: str
    alive: bytes
    dead: bytes


class MqttConnection:
    """Connects once within seconds or fails; later losses are repaired in the background.

    ``on_message(topic, payload)`` is called in the connection's own thread, for payloads of 1 to 1024 bytes.
    """

    def __init__(
        self,
        broker: Broker,
        topics: Sequence[str],
        on_message: Callable[[str, bytes], None],
        *,
        will: Will | None = None,
    ) -> None:
        """Connect and subscribe; ``LinkError`` naming the broker and the reason when it refuses or is not there."""
        self.broker = broker
        self._topics = [*topics, will.topic] if will is not None else list(topics)
        self._on_message = on_message
        self._will = will
        self._ready = threading.Event()
        self._settled = threading.Event()
        self._reason = "it does not answer"
        self._client = self._make_client()
        try:
            self._client.connect(broker.host, broker.port, _KEEPALIVE_SECONDS)
        except (OSError, ValueError) as error:
            raise self._failure(getattr(error, "strerror", None) or str(error)) from error
        self._client.loop_start()
        self._settled.wait(CONNECT_SECONDS)
        if not self._ready.is_set():
            reason = self._reason
            self._client.disconnect()
            self._client.loop_stop()
            raise self._failure(reason)

    @property
    def connected(self) -> bool:
        """Whether the broker is there and the subscriptions stand."""
        return self._ready.is_set()

    @property
    def reason(self) -> str:
        """Why the connection was last lost."""
        return self._reason

    def publish(self, topic: str, payload: bytes, retain: bool = False) -> int:
        """Publish with QoS 1, or keep it until connected again; returns the bytes of the packet.

        Packets that do not fit the queue of an absent broker are dropped.
        """
        self._client.publish(topic, payload, QOS, retain)
        return publish_bytes(topic, payload, self.broker.version)

    def close(self) -> None:
        """Say goodbye (with the will's ``dead``) and stop the thread."""
        connected = self.connected
        self._ready.clear()
        if self._will is not None and connected:
            with contextlib.suppress(RuntimeError, ValueError):  # lost or full this moment: the will says it
                self._client.publish(self._will.topic, self._will.dead, QOS, True).wait_for_publish(1.0)
        self._client.disconnect()
        self._client.loop_stop()

    def _make_client(self) -> paho.Client:
        broker = self.broker
        client_id = f"tinyfl-{secrets.token_hex(8)}"  # 23 characters: what every broker takes
        client = paho.Client(CallbackAPIVersion.VERSION2, client_id, protocol=MQTTProtocolVersion(broker.version))
        client.connect_timeout = CONNECT_SECONDS
        client.reconnect_delay_set(*_RETRY_SECONDS)
        client.max_queued_messages_set(_QUEUED_MESSAGES)
        if broker.user is not None:
            client.username_pw_set(broker.user, broker.password)
        if broker.tls:
            try:
                client.tls_set_context(ssl.create_default_context(cafile=broker.ca_file))
            except OSError as error:
                raise LinkError(f"cannot read the certificates {broker.ca_file}: {error}.") from error
        if self._will is not None:
            client.will_set(self._will.topic, self._will.dead, QOS, True)
        client.on_connect = self._connected
        client.on_disconnect = self._disconnected
        client.on_subscribe = self._subscribed
        client.on_message = self._received
        return client

    def _connected(self, client: paho.Client, _data: Any, _flags: Any, code: Any, _properties: Any) -> None:
        if code.is_failure:
            self._reason = f"it refuses the login ({code})"
            self._settled.set()
        else:
            client.subscribe([(topic, QOS) for topic in self._topics])

    def _subscribed(self, client: paho.Client, _data: Any, _mid: int, codes: Any, _properties: Any) -> None:
        refused = [code for code in codes if code.is_failure]
        if refused:
            self._reason = f"it refuses the subscription to {self._topics[0]} ({refused[0]})"
        else:
            self._ready.set()
            if self._will is not None:
                client.publish(self._will.topic, self._will.alive, QOS, True)
        self._settled.set()

    def _disconnected(self, _client: paho.Client, _data: Any, _flags: Any, code: Any, _properties: Any) -> None:
        if self._ready.is_set():
            self._reason = f"the connection is lost ({code})"
        elif not self._settled.is_set():
            self._reason = "it closed the connection instead of accepting it; check user and password"
        self._ready.clear()
        self._settled.set()

    def _received(self, client: paho.Client, _data: Any, message: Any) -> None:
        will = self._will
        if will is not None and message.topic == will.topic:
            if message.payload == will.dead and self.connected:  # the late will of an earlier connection
                client.publish(will.topic, will.alive, QOS, True)
        elif 0 < len(message.payload) <= MAX_MESSAGE_BYTES:
            self._on_message(message.topic, bytes(message.payload))

    def _failure(self, reason: str) -> LinkError:
        return LinkError(f"no connection to the broker {self.broker.url}: {reason.rstrip('.')}.")


def publish_bytes(topic: str, payload: bytes, version: MqttVersion) -> int:
    """Bytes of a QoS 1 PUBLISH packet without properties."""
    rest = 2 + len(topic.encode()) + 2 + (version is MqttVersion.V5) + len(payload)
    length_bytes = 1
    while rest >= 128**length_bytes:
        length_bytes += 1
    return 1 + length_bytes + rest
