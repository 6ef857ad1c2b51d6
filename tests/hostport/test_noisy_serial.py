"""Gateway and device process with a noisy line between them, through pyserial's socket:// URL."""

import os
import select
import socket
import subprocess
import threading
import time
from pathlib import Path

import pytest
from host_lab import Conversation

from tinyfl.boards.host import HostBuild
from tinyfl.errors import LinkError
from tinyfl.link.faulty import FaultyLine, LineFaults
from tinyfl.link.inprocess import DeviceFiles, DeviceLibrary, InProcessLink
from tinyfl.link.serial import SerialLink


class NoisyBridge:
    """Joins a terminal and the first TCP client, damaging what passes."""

    def __init__(self, port: Path, faults: LineFaults) -> None:
        deadline = time.monotonic() + 15
        while not port.is_symlink():
            assert time.monotonic() < deadline
            time.sleep(0.01)
        self._terminal = os.open(port, os.O_RDWR | os.O_NOCTTY)
        self._server = socket.create_server(("127.0.0.1", 0))
        self.url = f"socket://127.0.0.1:{self._server.getsockname()[1]}"
        self.damaged = 0
        self._lines = [FaultyLine(faults, seed) for seed in (1, 2)]
        self._thread = threading.Thread(target=self._carry)
        self._thread.start()

    def _carry(self) -> None:
        client, _ = self._server.accept()
        with client:
            while True:
                ready, _, _ = select.select([client.fileno(), self._terminal], [], [])
                for source in ready:
                    data = os.read(source, 4096)
                    if not data:
                        return
                    line = self._lines[source == self._terminal]
                    arrived = line.carry(data)
                    self.damaged += arrived != data
                    os.write(self._terminal if source == client.fileno() else client.fileno(), arrived)

    def close(self) -> None:
        self._thread.join()
        self._server.close()
        os.close(self._terminal)


@pytest.mark.parametrize(
    "faults", [LineFaults(), LineFaults(flip=0.004, lose=0.001, insert=0.001)], ids=["clean", "noisy"]
)
def test_rounds_end_bit_for_bit_as_without_noise(
    host_build: HostBuild, device_library: DeviceLibrary, recordings_file: Path, tmp_path: Path, faults: LineFaults
) -> None:
    calm = InProcessLink(device_library, "worn-1", DeviceFiles(recordings_file))
    talk = Conversation(calm)
    deltas = [talk.round(number) for number in (1, 2, 3)]

    port = tmp_path / "port"
    command = [host_build.executable, "--recordings", recordings_file, "--name", "worn-1", "--serial", port]
    with subprocess.Popen(command) as device:
        bridge = NoisyBridge(port, faults)
        link = SerialLink("worn-1", bridge.url)
        talk = Conversation(link, patience=60)
        for number, delta in enumerate(deltas, 1):
            again = talk.round(number)
            assert (again.digest, again.data) == (delta.digest, delta.data)
        assert talk.facts().weights_digest == calm.weights_digest
        assert (bridge.damaged > 0) == (faults.flip > 0)
        assert link.bad_frames == 0 or bridge.damaged
        link.close()
        bridge.close()
        device.terminate()


def test_a_connection_that_is_closed_is_a_vanished_port() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"socket://127.0.0.1:{server.getsockname()[1]}"
        link = SerialLink("worn-1", url)
        server.accept()[0].close()
        with pytest.raises(LinkError, match=f"{url} of device worn-1 is gone"):
            for_a_while(link)


def for_a_while(link: SerialLink) -> None:
    for _ in range(50):
        link.receive(0.1)
