"""The device process with its radio, against real brokers; killed at either end."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from host_lab import Conversation
from mqtt_brokers import free_port, mosquitto

from tinyfl.boards.host import HostBuild
from tinyfl.errors import LinkError, ToolError
from tinyfl.link.broker import EmbeddedBroker
from tinyfl.link.inprocess import DeviceFiles
from tinyfl.link.mqtt import MqttHub
from tinyfl.link.mqtt_client import Broker
from tinyfl.link.radio import EmulatedDevice, run_on_mqtt
from tinyfl.link.serial import SerialLink
from tinyfl.wire import messages as m

ROOT = Path(__file__).parents[2]

_RUN = """
import sys
from pathlib import Path
from tinyfl.link.inprocess import DeviceFiles
from tinyfl.link.mqtt_client import Broker
from tinyfl.link.radio import EmulatedDevice, run_on_mqtt, run_on_serial
executable, recordings, flash, line = sys.argv[1:]
device = EmulatedDevice(Path(executable), "worn-1", DeviceFiles(Path(recordings), Path(flash)))
if line.startswith("mqtt"):
    sys.exit(run_on_mqtt(device, Broker.at(line), "lab"))
run_on_serial(device, Path(line))
"""


class Runner:
    """Starts device processes of a test and ends them with it."""

    def __init__(self, build: HostBuild, recordings: Path, flash: Path) -> None:
        self._arguments = [str(build.executable), str(recordings), str(flash)]
        self.processes: list[subprocess.Popen[str]] = []

    def start(self, line: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", _RUN, *self._arguments, line]
        environment = os.environ | {"PYTHONPATH": str(ROOT)}
        process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
        self.processes.append(process)
        return process


@pytest.fixture
def runner(host_build: HostBuild, recordings_file: Path, tmp_path: Path) -> object:
    runner = Runner(host_build, recordings_file, tmp_path / "flash")
    yield runner
    for process in runner.processes:
        process.kill()
        process.wait()


def eventually(check: Callable[[], bool], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < deadline, "not within the time allowed"
        time.sleep(0.01)


def child_of(process: subprocess.Popen[str]) -> int:
    found: list[int] = []

    def look() -> bool:
        text = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        found[:] = map(int, text)
        return bool(found)

    eventually(look)
    return found[0]


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_rounds_through_a_broker_with_kills_at_either_end(runner: Runner) -> None:
    with EmbeddedBroker() as embedded:
        hub = MqttHub(Broker.at(embedded.url), "lab")
        radio = runner.start(embedded.url)
        eventually(lambda: hub.devices() == {"worn-1": True})
        Conversation(hub.link("worn-1")).round(1)

        device = child_of(radio)
        os.kill(device, signal.SIGKILL)  # the device dies: its radio leaves and says so
        assert radio.wait(10) != 0
        eventually(lambda: hub.devices() == {"worn-1": False})

        radio = runner.start(embedded.url)
        eventually(lambda: hub.devices() == {"worn-1": True})
        device = child_of(radio)
        radio.kill()  # the radio dies: the device ends, the last will says so
        eventually(lambda: not alive(device))
        eventually(lambda: hub.devices() == {"worn-1": False})
        with pytest.raises(LinkError, match="worn-1 is offline"):
            hub.link("worn-1")

        radio = runner.start(embedded.url)
        eventually(lambda: hub.devices() == {"worn-1": True})
        talk = Conversation(hub.link("worn-1"))
        talk.round(2)
        facts = talk.facts()
        assert (facts.boots, facts.last_round) == (3, 2)
        radio.terminate()
        assert radio.wait(10) == 0
        eventually(lambda: hub.devices() == {"worn-1": False})
        hub.close()


def test_the_radio_finds_its_broker_again(runner: Runner, tmp_path: Path) -> None:
    port = free_port()
    with mosquitto(tmp_path, port) as url:
        radio = runner.start(url)
        hub = MqttHub(Broker.at(url), "lab")
        eventually(lambda: hub.devices() == {"worn-1": True})
        hub.close()
    with mosquitto(tmp_path, port) as url:
        hub = MqttHub(Broker.at(url), "lab")
        eventually(lambda: hub.devices() == {"worn-1": True}, 20)
        facts = Conversation(hub.link("worn-1")).facts()
        assert facts.boots == 1
        assert radio.poll() is None
        hub.close()


def test_serial_needs_no_radio(runner: Runner, tmp_path: Path) -> None:
    port = tmp_path / "port"
    process = runner.start(str(port))
    eventually(port.is_symlink)
    link = SerialLink("worn-1", str(port))
    report = Conversation(link).ask(m.Info())
    assert isinstance(report, m.Report)
    link.close()
    process.terminate()
    assert process.wait(5) == 0


def test_an_absent_broker_and_an_absent_program_are_named(
    host_build: HostBuild, recordings_file: Path, tmp_path: Path
) -> None:
    files = DeviceFiles(recordings_file)
    with pytest.raises(LinkError, match=r"mqtt://127\.0\.0\.1:9: Connection refused"):
        run_on_mqtt(EmulatedDevice(host_build.executable, "worn-1", files), Broker.at("mqtt://127.0.0.1:9"), "lab")
    with EmbeddedBroker() as embedded, pytest.raises(ToolError, match="absent: No such file"):
        run_on_mqtt(EmulatedDevice(tmp_path / "absent", "worn-1", files), Broker.at(embedded.url), "lab")
