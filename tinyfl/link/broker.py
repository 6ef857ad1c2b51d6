"""The embedded MQTT broker: rumqttd, which the ``iotcore`` wheel carries, on loopback for as long as one needs it."""

from __future__ import annotations

import socket
import tempfile
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from tinyfl.errors import LinkError
from tinyfl.extras import need

_START_SECONDS = 15.0
_ATTEMPTS = 5
_MAX_INFLIGHT = 200


@dataclass(frozen=True)
class Login:
    """What a client must present."""

    user: str
    password: str


class EmbeddedBroker:
    """A context manager that runs the broker in a child process, which ends with this one.

    ``url`` speaks MQTT 3.1.1, ``url_v5`` MQTT 5 (the broker wants a port for each); both know the same topics.
    """

    def __init__(self, login: Login | None = None, *, max_connections: int = 10_000) -> None:
        """Nothing is started yet; with ``login`` only clients that present it are let in."""
        self._login = login
        self._max_connections = max_connections
        self._broker: Any = None
        self._ports = (0, 0)

    @property
    def url(self) -> str:
        """Where MQTT 3.1.1 clients connect, without a login."""
        return f"mqtt://127.0.0.1:{self._ports[0]}"

    @property
    def url_v5(self) -> str:
        """Where MQTT 5 clients connect, without a login."""
        return f"mqtt://127.0.0.1:{self._ports[1]}"

    def __enter__(self) -> EmbeddedBroker:
        """Start on free ports and return when it accepts connections; ``LinkError`` if it does not come up."""
        need("the embedded broker", "fleet", "iotcore")
        import iotcore

        failure: Exception | None = None
        for _ in range(_ATTEMPTS):  # another process may take a port between our look and the broker's
            self._ports = _free_ports()
            with tempfile.TemporaryDirectory(prefix="tinyfl-broker-") as folder:
                config = Path(folder) / "rumqttd.toml"
                config.write_text(self._config())
                config.chmod(0o600)
                try:
                    broker = iotcore.Broker(config_path=str(config))
                    self._broker = broker.start(_START_SECONDS)
                    return self
                except (OSError, RuntimeError) as error:
                    failure = error
        raise LinkError(f"the embedded broker does not start: {failure}; name another broker by its URL.") from failure

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop the broker; its clients lose their connection."""
        if self._broker is not None:
            self._broker.stop()
            self._broker = None

    def _config(self) -> str:
        router = f"""id = 0
[router]
id = 0
max_connections = {self._max_connections}
max_outgoing_packet_count = 200
max_segment_size = 4194304
max_segment_count = 10
"""
        return router + self._listener("v4", self._ports[0]) + self._listener("v5", self._ports[1])

    def _listener(self, version: str, port: int) -> str:
        login = ""
        if self._login is not None:
            login = f"[{version}.1.connections.auth]\n{_quote(self._login.user)} = {_quote(self._login.password)}\n"
        return f"""[{version}.1]
name = "{version}-1"
listen = "127.0.0.1:{port}"
next_connection_delay_ms = 1
[{version}.1.connections]
connection_timeout_ms = 60000
max_payload_size = 20480
max_inflight_count = {_MAX_INFLIGHT}
dynamic_filters = true
{login}"""


def _quote(text: str) -> str:
    escaped = "".join(c if c.isprintable() and c not in '"\\' else f"\\U{ord(c):08x}" for c in text)
    return f'"{escaped}"'


def _free_ports() -> tuple[int, int]:
    with socket.socket() as one, socket.socket() as two:
        one.bind(("127.0.0.1", 0))
        two.bind(("127.0.0.1", 0))
        return one.getsockname()[1], two.getsockname()[1]
