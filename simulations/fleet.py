"""The emulated fleet: every device a process with its own line, a real broker, a gateway process, Flower's run time."""

from __future__ import annotations

import json
import socket
import sys
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from coordinator.flower_runtime import FlowerRuntime
from coordinator.interrupts import one_interrupt
from coordinator.plan import RunPlan
from simulations.broker_watch import BrokerWatch
from simulations.engine import write_all_recordings
from simulations.experiment import EngineRun, OnRound
from simulations.fleet_boards import boards_of, build_boards
from simulations.prepare import Prepared
from simulations.supervisor import Supervised, Supervisor
from tinyfl.boards.board import Board
from tinyfl.boards.targets import HOST
from tinyfl.extras import need
from tinyfl.link.broker import EmbeddedBroker
from tinyfl.link.mqtt import MqttHub
from tinyfl.link.mqtt_client import Broker


@dataclass(frozen=True)
class FleetOptions:
    """``broker`` is the URL of a broker of the user's own; None starts the embedded one.

    ``on_start`` is told of the supervisor once all processes run; tests kill what it supervises.
    """

    broker: str | None = None
    on_start: Callable[[Supervisor], None] | None = None


def check_broker(url: str) -> None:
    """Raise LinkError unless the broker lets us in: known at once, a refusal costs no one a pre-training."""
    MqttHub(Broker.at(url), "demo").close()


def fleet_engine(options: FleetOptions) -> Callable[..., EngineRun]:
    """The engine of `tinyfl demo`; raises LinkError if the user's broker refuses, ToolError if a package is missing."""
    need("the emulated fleet", "fleet", "flwr", "iotcore")
    if options.broker is not None:
        check_broker(options.broker)

    def run(
        prepared: Prepared, plan: RunPlan, arrivals: tuple[int, ...], strategy: str, on_round: OnRound
    ) -> EngineRun:
        return run_emulated_fleet(prepared, plan, arrivals, strategy, on_round, options)

    return run


def run_emulated_fleet(
    prepared: Prepared,
    plan: RunPlan,
    arrivals: tuple[int, ...],
    strategy: str,
    on_round: OnRound,
    options: FleetOptions,
) -> EngineRun:
    """Run a plan on processes; a device or gateway that dies is started again and the run goes on."""
    folder = prepared.folder / "fleet"
    folder.mkdir(parents=True, exist_ok=True)
    for old in (*folder.glob("*.flash"), *folder.glob("*.sqlite*"), folder / "checkpoint.npz"):
        old.unlink(missing_ok=True)
    fleet = fleet_name(folder)
    on_serial = prepared.devices[: prepared.scenario.fleet.serial]
    boards = boards_of(prepared.scenario.fleet, prepared.devices)
    build_boards(prepared.folder / "network", boards, prepared.scenario.store.capacity)
    files = write_all_recordings(prepared, arrivals, folder)
    with (
        one_interrupt(),
        _broker(options.broker) as url,
        BrokerWatch(url, fleet) as broker,
        FlowerRuntime(folder) as flower,
    ):
        devices = [
            _device(prepared, folder, name, files[name], boards.get(name, HOST) if name in on_serial else (url, fleet))
            for name in prepared.devices
        ]
        gateway = _gateway(prepared, folder, on_serial, (url, fleet), flower.address)
        with Supervisor([*devices, gateway]) as supervisor:
            if options.on_start is not None:
                options.on_start(supervisor)

            def check() -> None:
                broker.check()
                supervisor.check()

            flower.submit(plan, strategy)
            state = flower.wait(plan, on_round, check)
    links = {name: "serial" if name in on_serial else "MQTT" for name in prepared.devices}
    links |= {name: f"serial, {board.name}" for name, board in boards.items()}
    return EngineRun(state, links, tuple(supervisor.events))


def fleet_name(folder: Path) -> str:
    """Name in MQTT topics, four characters: two fleets of other folders or machines may share a broker."""
    return f"{zlib.crc32(f'{socket.gethostname()}:{folder.resolve()}'.encode()) & 0xFFFF:04x}"


@contextmanager
def _broker(url: str | None) -> Iterator[str]:
    """The broker's URL: the user's own, or that of an embedded one which lives as long as the block."""
    if url is not None:
        yield url
        return
    with EmbeddedBroker() as embedded:
        yield embedded.url


def _tinyfl(*words: str) -> tuple[str, ...]:
    return (sys.executable, "-m", "tinyfl.cli", *words)


def _device(prepared: Prepared, folder: Path, name: str, recordings: Path, line: Board | tuple[str, str]) -> Supervised:
    """A device on a serial line, emulated by ``line``, or on the broker and in the fleet that ``line`` names."""
    if isinstance(line, Board):
        options = ("--serial", str(folder / f"{name}.tty"), "--target", line.name)
    else:
        options = ("--mqtt", line[0], "--fleet", line[1])
    command = _tinyfl(
        "device",
        str(prepared.folder / "network"),
        *("--recordings", str(recordings)),
        *("--flash", str(folder / f"{name}.flash")),
        *("--name", name),
        *("--seed", str(prepared.seed_of(name))),
        *("--store", str(prepared.scenario.store.capacity)),
        *options,
    )
    return Supervised(f"device {name}", command, folder / f"{name}.log")


def _gateway(
    prepared: Prepared, folder: Path, on_serial: tuple[str, ...], radio: tuple[str, str], superlink: str
) -> Supervised:
    config = folder / "gateway.toml"
    broker, fleet = radio
    on_air = [name for name in prepared.devices if name not in on_serial]
    lines = [f"superlink = {json.dumps(superlink)}", 'ledger = "ledger.sqlite"', "", "[serial]"]
    lines += [f"{json.dumps(name)} = {json.dumps(str(folder / f'{name}.tty'))}" for name in on_serial]
    if on_air:
        lines += [
            "",
            "[mqtt]",
            f"broker = {json.dumps(broker)}",
            f'fleet = "{fleet}"',
            f"devices = {json.dumps(on_air)}",
        ]
    config.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return Supervised("the gateway", _tinyfl("gateway", str(config)), folder / "gateway.log")
