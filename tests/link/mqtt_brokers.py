"""Real brokers for the tests: the embedded one, and mosquitto where it is installed."""

import contextlib
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tinyfl.link.broker import EmbeddedBroker, Login
from tinyfl.link.mqtt_client import Broker, MqttVersion

MOSQUITTO = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def mosquitto(
    folder: Path, port: int, login: Login | None = None, certificate: tuple[Path, Path] | None = None
) -> Iterator[str]:
    """With a certificate (and its key) it speaks TLS."""
    if MOSQUITTO is None:
        pytest.skip("mosquitto is not installed")
    lines = [f"listener {port} 127.0.0.1", f"allow_anonymous {'true' if login is None else 'false'}"]
    if login is not None:
        passwords = folder / "passwords"
        passwords.touch(mode=0o600)
        command = ["mosquitto_passwd", "-b", str(passwords), login.user, login.password]
        subprocess.run(command, check=True, capture_output=True)
        lines.append(f"password_file {passwords}")
        lines.append("user root")
    if certificate is not None:
        lines += [f"certfile {certificate[0]}", f"keyfile {certificate[1]}", "user root"]
    config = folder / "mosquitto.conf"
    config.write_text("\n".join(lines) + "\n")
    with subprocess.Popen([MOSQUITTO, "-c", str(config)], stderr=subprocess.DEVNULL) as process:
        try:
            wait_for_port(port)
            yield f"{'mqtt' if certificate is None else 'mqtts'}://127.0.0.1:{port}"
        finally:
            process.terminate()


def self_signed(folder: Path) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 and its key."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is not installed")
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    request = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1"]
    files = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run([openssl, *request, *files], check=True, capture_output=True)
    return certificate, key


def wait_for_port(port: int) -> None:
    deadline = time.monotonic() + 5
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 0.5).close()
            return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)


KINDS = ["embedded-311", "embedded-5", "mosquitto-311", "mosquitto-5"]


@contextlib.contextmanager
def broker_of(kind: str, folder: Path) -> Iterator[Broker]:
    name, version = kind.split("-")
    speak = MqttVersion.V311 if version == "311" else MqttVersion.V5
    if name == "mosquitto":
        with mosquitto(folder, free_port()) as url:
            yield Broker.at(url, speak)
    else:
        with EmbeddedBroker() as embedded:
            yield Broker.at(embedded.url if version == "311" else embedded.url_v5, speak)
