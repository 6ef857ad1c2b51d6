"""Who a device is and whom it talks to: the fleet's file, and the NVS image that tells the device (docs/SPEC.md)."""

from __future__ import annotations

import csv
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from tinyfl.boards.esp32s3.toml_file import read_toml
from tinyfl.boards.storage import Identity
from tinyfl.errors import DataError, ToolError
from tinyfl.extras import need
from tinyfl.link.mqtt import Topics
from tinyfl.link.mqtt_client import Broker

NAMESPACE = "tinyfl"
_CA_BYTES = 3999  # the most that NVS holds in a text
_LINK_BYTES = 128


class Wifi(BaseModel):
    """A network; without a password it is an open one."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    ssid: Annotated[str, Field(min_length=1, max_length=32)]
    password: Annotated[str, Field(pattern=r"^(.{8,63})?$")] = ""


class Mqtt(BaseModel):
    """A broker, ``mqtt[s]://[user:password@]host[:port]``, and a PEM file with whom to trust."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    broker: str
    ca: str | None = None


class Fleet(BaseModel):
    """A fleet's file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    fleet: str = "tinyfl"
    wifi: Wifi
    mqtt: Mqtt


@dataclass(frozen=True)
class Provision:
    """What a device is told; the texts by their keys in NVS."""

    identity: Identity
    texts: dict[str, str]


def provision_of(identity: Identity, fleet_file: Path | None) -> Provision:
    """Name and seed, and with a fleet's file network and broker; raises ``DataError`` or ``LinkError``."""
    if fleet_file is None:
        return Provision(identity, {})
    fleet = read_toml(fleet_file, Fleet, "fleet file")
    Topics(fleet.fleet, identity.name)
    broker = Broker.at(fleet.mqtt.broker)
    texts = {
        "fleet": fleet.fleet,
        "ssid": fleet.wifi.ssid,
        "password": fleet.wifi.password,
        "broker": broker.url,
        "user": broker.user or "",
        "secret": broker.password or "",
        "ca": _certificate(fleet_file.parent / fleet.mqtt.ca) if fleet.mqtt.ca else "",
    }
    for key in ("ssid", "password", "broker", "user", "secret"):
        most = {"ssid": 32, "password": 63}.get(key, _LINK_BYTES)
        if len(texts[key].encode()) > most:
            raise DataError(f"fleet file {fleet_file}: {key} has more than the {most} bytes that a device keeps")
    return Provision(identity, {key: text for key, text in texts.items() if text})


def _certificate(path: Path) -> str:
    try:
        text = path.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"the certificate {path} cannot be read; give a PEM file") from error
    if "-----BEGIN CERTIFICATE-----" not in text:
        raise DataError(f"{path} is no certificate in PEM")
    if len(text) > _CA_BYTES:
        raise DataError(f"the certificate {path} has {len(text):,} bytes, a device keeps {_CA_BYTES:,}; give one only")
    return text


def nvs_image(provision: Provision, size: int) -> bytes:
    """The NVS partition of ``size`` bytes that tells a device; ``ToolError`` if its generator is missing or fails."""
    need("provisioning a device", "flash", "esp_idf_nvs_partition_gen")
    with tempfile.TemporaryDirectory() as folder:
        rows, image = Path(folder, "nvs.csv"), Path(folder, "nvs.bin")
        with rows.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream)
            writer.writerow(("key", "type", "encoding", "value"))
            writer.writerow((NAMESPACE, "namespace", "", ""))
            writer.writerow(("name", "data", "string", provision.identity.name))
            writer.writerow(("seed", "data", "u32", provision.identity.seed))
            for key, text in provision.texts.items():
                file = Path(folder, key)
                file.write_text(text, encoding="utf-8")
                writer.writerow((key, "file", "string", file))
        command = [sys.executable, "-m", "esp_idf_nvs_partition_gen", "generate", str(rows), str(image), hex(size)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode or not image.is_file():
            said = (done.stderr or done.stdout).strip().splitlines()
            raise ToolError(f"the generator of NVS partitions failed ({said[-1] if said else 'no message'})")
        return image.read_bytes()
