"""The emulated device with its line: a serial port of its own, or the radio module that connects it to a broker."""

from __future__ import annotations

import contextlib
import os
import select
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tinyfl.errors import ToolError
from tinyfl.link.base import MAX_MESSAGE_BYTES
from tinyfl.link.inprocess import DeviceFiles
from tinyfl.link.mqtt import OFFLINE, ONLINE, Topics
from tinyfl.link.mqtt_client import Broker, MqttConnection, Will
from tinyfl.stop_signals import stop_signals

_END_SECONDS = 5.0


@dataclass(frozen=True)
class EmulatedDevice:
    """What the emulated device process is started with."""

    executable: Path
    """of :func:`tinyfl.boards.host.build_host`"""
    name: str
    files: DeviceFiles
    seed: int = 1
    capacity: int = 64
    """windows its store holds"""

    def command(self, *line: str) -> list[str]:
        """Return the process's arguments with those of its line."""
        flash = [] if self.files.flash is None else ["--flash", str(self.files.flash)]
        settings = ["--name", self.name, "--seed", str(self.seed), "--store", str(self.capacity)]
        return [str(self.executable), "--recordings", str(self.files.recordings), *settings, *flash, *line]


def run_on_serial(device: EmulatedDevice, port: Path) -> None:
    """Become the device process, reachable through a pseudo-terminal that ``port`` will link to; never returns."""
    command = device.command("--serial", str(port))
    sys.stdout.flush()
    try:
        os.execv(command[0], command)
    except OSError as error:
        raise _does_not_run(device, error) from error


def run_on_mqtt(device: EmulatedDevice, broker: Broker, fleet: str) -> int:
    """Run the device process and its radio until either ends or SIGTERM or SIGINT comes; returns its exit code.

    Call it in the main thread. The radio connects before the device boots: ``LinkError`` when the broker is
    absent or refuses. A broker lost later is found again, and what the device says meanwhile is kept within limits.
    """
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs, _Radio(ours, broker, Topics(fleet, device.name)) as radio, stop_signals() as stopped:
        command = device.command("--fd", str(theirs.fileno()))
        try:
            process = subprocess.Popen(command, pass_fds=[theirs.fileno()])
        except OSError as error:
            raise _does_not_run(device, error) from error
        theirs.close()
        try:
            radio.relay_until(stopped)
        finally:
            with contextlib.suppress(OSError, subprocess.TimeoutExpired):
                ours.shutdown(socket.SHUT_RDWR)  # the device ends when its line does
                process.wait(_END_SECONDS)
            process.kill()
        return process.wait()


class _Radio:
    """Relays whole messages between the device's socket and its topics."""

    def __init__(self, line: socket.socket, broker: Broker, topics: Topics) -> None:
        self._line = line
        self._topics = topics
        will = Will(topics.state, ONLINE, OFFLINE)
        self._connection = MqttConnection(broker, [topics.down], self._received, will=will)

    def __enter__(self) -> _Radio:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def relay_until(self, stopped: int) -> None:
        """Publish what the device says until it closes its end or ``stopped`` becomes readable."""
        while True:
            ready, _, _ = select.select([self._line.fileno(), stopped], [], [])
            if stopped in ready:
                return
            try:
                message = self._line.recv(MAX_MESSAGE_BYTES)
            except ConnectionResetError:
                return
            if not message:
                return
            self._connection.publish(self._topics.up, message)

    def _received(self, _topic: str, payload: bytes) -> None:
        with contextlib.suppress(OSError):  # full or closed: the gateway asks again
            self._line.send(payload, socket.MSG_DONTWAIT)


def _does_not_run(device: EmulatedDevice, error: OSError) -> ToolError:
    return ToolError(f"cannot run the device program {device.executable}: {error.strerror}; build it again.")
