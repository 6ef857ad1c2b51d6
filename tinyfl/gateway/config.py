"""What a gateway is told: its devices and how they are linked, its ledger, its coordinator."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from tinyfl.errors import ScenarioError
from tinyfl.gateway.cohort import SessionCohort
from tinyfl.gateway.ledger import Ledger
from tinyfl.gateway.sessions import DeviceSession, Patience
from tinyfl.link.base import DeviceLink
from tinyfl.link.mqtt import MqttHub
from tinyfl.link.mqtt_client import Broker
from tinyfl.link.serial import SerialLink


@dataclass(frozen=True)
class GatewayConfig:
    """One gateway. ``serial`` maps device names to ports; ``mqtt`` names the devices behind ``broker``."""

    superlink: str  # host:port
    ledger: Path
    serial: Mapping[str, str] = field(default_factory=dict)
    baud: int = 115200
    broker: str | None = None  # URL
    fleet: str = "fleet"
    mqtt: tuple[str, ...] = ()
    patience: Patience = field(default_factory=Patience)

    def __post_init__(self) -> None:
        if not self.serial and not self.mqtt:
            raise ScenarioError("a gateway has no devices; name them under [serial] or in mqtt.devices")
        both = set(self.serial) & set(self.mqtt)
        if both:
            raise ScenarioError(f"device {min(both)} is linked twice; name it under [serial] or in mqtt.devices")
        if self.mqtt and self.broker is None:
            raise ScenarioError("a gateway has devices behind MQTT but no broker; give mqtt.broker")


def load_config(path: Path) -> GatewayConfig:
    """Read a gateway's TOML file (docs/gateway.md); raises ScenarioError. The ledger's path is relative to it."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ScenarioError(f"gateway file {path} cannot be read: {error}") from error
    top: dict[str, type] = {"superlink": str, "ledger": str, "baud": int, "serial": dict, "mqtt": dict}
    _check(path, table, top, required=("superlink", "ledger"))
    mqtt = table.get("mqtt", {})
    _check(path, mqtt, {"broker": str, "fleet": str, "devices": list}, prefix="mqtt.")
    _check(path, table.get("serial", {}), dict.fromkeys(table.get("serial", {}), str), prefix="serial.")
    more: dict[str, Any] = {k: v for k, v in (("baud", table.get("baud")), ("fleet", mqtt.get("fleet"))) if v}
    return GatewayConfig(
        superlink=table["superlink"],
        ledger=path.parent / table["ledger"],
        serial=table.get("serial", {}),
        broker=mqtt.get("broker"),
        mqtt=tuple(map(str, mqtt.get("devices", ()))),
        **more,
    )


def _check(
    path: Path, table: dict[str, Any], kinds: dict[str, type], required: tuple[str, ...] = (), prefix: str = ""
) -> None:
    for key in required:
        if key not in table:
            raise ScenarioError(f"gateway file {path}: {prefix}{key} is missing; add it")
    for key, value in table.items():
        if key not in kinds:
            raise ScenarioError(f"gateway file {path}: {prefix}{key} is unknown; it knows {', '.join(kinds)}")
        if not isinstance(value, kinds[key]):
            raise ScenarioError(f"gateway file {path}: {prefix}{key} is no {_NAMES[kinds[key]]}; correct it")


_NAMES: dict[type, str] = {str: "text", int: "number", dict: "table", list: "list"}


class GatewayDevices:
    """The cohort of a configured gateway; the broker is looked for when a device behind it is first asked."""

    def __init__(self, config: GatewayConfig) -> None:
        """Open the ledger; devices are opened when they are asked."""
        self._hub: MqttHub | None = None
        self._config = config
        links: dict[str, Callable[[], DeviceLink]] = {
            **{name: partial(SerialLink, name, port, baud=config.baud) for name, port in config.serial.items()},
            **{name: partial(self._radio, name) for name in config.mqtt},
        }
        sessions = [DeviceSession(name, connect, config.patience) for name, connect in links.items()]
        self.cohort = SessionCohort(sessions, Ledger(config.ledger))

    def connect(self) -> None:
        """Enter the broker, if there is one; raises LinkError."""
        if self._config.broker is not None and self._hub is None:
            self._hub = MqttHub(Broker.at(self._config.broker), self._config.fleet)

    def _radio(self, name: str) -> DeviceLink:
        assert self._hub is not None
        return self._hub.link(name)

    def close(self) -> None:
        """Leave devices, broker and ledger."""
        self.cohort.close()
        if self._hub is not None:
            self._hub.close()
