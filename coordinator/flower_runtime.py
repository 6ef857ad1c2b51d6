"""Starts a real Flower SuperLink, gives it the run, and leaves no process behind."""

from __future__ import annotations

import os
import shutil
import socket
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from types import TracebackType

from coordinator.flower_app import write_app
from coordinator.interrupts import held_interrupts
from coordinator.plan import RunPlan, save_plan
from coordinator.processes import ProcessGroup, ProcessNumber, end
from coordinator.run_folder import RunFolder
from coordinator.state import RoundOutcome, RunState, load_state
from coordinator.strategies.load import load_strategy
from tinyfl.errors import RunError, ToolError

START_SECONDS = 60.0
_POLL_SECONDS = 0.2


class FlowerRuntime:
    """A SuperLink on free ports of this machine, in a folder of its own; a context manager.

    Leaving the context ends every process it started, also after an interrupt.
    """

    def __init__(self, folder: Path) -> None:
        """``folder`` holds the run: plan, checkpoint, Flower's own files and ``superlink.log``."""
        self.folder = RunFolder(folder.resolve())
        self.address = ""  # host:port, for gateways
        self._groups: list[ProcessGroup] = []

    def __enter__(self) -> FlowerRuntime:
        """Start the SuperLink; raises ToolError or RunError."""
        home = self.folder.path / "flower"
        home.mkdir(parents=True, exist_ok=True)
        port = _free_port()
        self.address = f"127.0.0.1:{port}"
        (home / "config.toml").write_text(
            f'[superlink]\ndefault = "run"\n\n[superlink.run]\naddress = "{self.address}"\ninsecure = true\n'
        )
        command = [_tool("flower-superlink"), "--insecure", "--host", "127.0.0.1", "--port", str(port)]
        command.append("--disable-runtime-dependency-installation")
        self.folder.forget_status()
        try:
            self._start(command, self._log)
            self._await(lambda: _listens(port), "does not start")
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End every process."""
        self._end()

    def submit(
        self, plan: RunPlan, strategy: str, round_seconds: float = 3600.0, newcomer_seconds: float = 60.0
    ) -> None:
        """Have the coordinator run the plan, from the folder's checkpoint on if there is one."""
        load_strategy(strategy)  # a mistake is told here and now
        save_plan(plan, self.folder.plan)
        self.folder.forget_status()
        app = self.folder.path / "app"
        config: dict[str, str | float] = {
            "folder": str(self.folder.path),
            "strategy": _absolute(strategy),
            "round-seconds": float(round_seconds),
            "newcomer-seconds": float(newcomer_seconds),
        }
        write_app(app, config)
        said = self.folder.path / "submit.log"
        said.unlink(missing_ok=True)
        command = self._start([_tool("flwr"), "run", str(app), "run"], said)
        while command.exit_code() is None:
            time.sleep(0.05)
        if command.exit_code():
            raise RunError(f"Flower does not take the run ({_squeezed(said.read_text())}); see {self._log}")
        self._await(lambda: bool(self.folder.read_status()), "does not start the coordinator")

    def wait(
        self,
        plan: RunPlan,
        on_round: Callable[[RoundOutcome], None] | None = None,
        check: Callable[[], None] | None = None,
    ) -> RunState:
        """The result, when the run has finished; tells rounds as they close. Raises RunError if it fails.

        ``check`` is called several times a second; what it raises ends the waiting.
        """
        told = 0
        while True:
            if check is not None:
                check()
            status = self.folder.read_status()
            if on_round is not None and self.folder.checkpoint.exists():
                outcomes = load_state(plan, self.folder.checkpoint).outcomes
                for outcome in outcomes[told:]:
                    on_round(outcome)
                told = len(outcomes)
            if status["state"] == "finished":
                return load_state(plan, self.folder.checkpoint)
            if status["state"] == "failed":
                raise RunError(status["message"])
            if not self._runs() or not ProcessNumber(status["pid"]).lives():
                raise RunError(f"the coordinator was killed; see {self._log} and run again")
            time.sleep(_POLL_SECONDS)

    @property
    def _log(self) -> Path:
        return self.folder.path / "superlink.log"

    def _start(self, command: Sequence[str], log: Path) -> ProcessGroup:
        with held_interrupts():
            self._groups.append(ProcessGroup(command, log, self._environment()))
        return self._groups[-1]

    def _runs(self) -> bool:
        return bool(self._groups) and self._groups[0].exit_code() is None

    def _await(self, condition: Callable[[], bool], complaint: str) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not condition():
            if not self._runs() or time.monotonic() > deadline:
                raise RunError(f"the Flower SuperLink {complaint}; see {self._log}")
            time.sleep(0.05)

    def _environment(self) -> dict[str, str]:
        source = str(Path(__file__).resolve().parents[1])
        path = [source, *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
        return {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(path),
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]),
            "FLWR_HOME": str(self.folder.path / "flower"),
            "FLWR_TELEMETRY_ENABLED": "0",
            "FLWR_DISABLE_UPDATE_CHECK": "1",
            "FLWR_DISABLE_RUNTIME_DEPENDENCY_INSTALLATION": "1",
        }

    def _end(self) -> None:
        """End what was started, and the coordinator, which Flower puts into a group of its own."""
        if not self._groups:
            return
        end(self._groups)
        self._groups.clear()
        pid = self.folder.read_status().get("pid")
        if pid is not None:
            end([ProcessNumber(pid)])


def run_fleet(
    plan: RunPlan,
    strategy: str,
    folder: Path,
    gateways: Callable[[str], AbstractContextManager[object]],
    on_round: Callable[[RoundOutcome], None] | None = None,
    round_seconds: float = 3600.0,
) -> RunState:
    """Run a plan through Flower and return what the same plan gives with a cohort in this process.

    ``gateways`` is called with the SuperLink's address and gives a context in which the fleet's gateways run. A
    ``folder`` with the checkpoint of an earlier try of this plan goes on from there. Raises RunError.
    """
    with FlowerRuntime(folder) as flower, gateways(flower.address):
        flower.submit(plan, strategy, round_seconds)
        return flower.wait(plan, on_round)


def _absolute(strategy: str) -> str:
    path, colon, name = strategy.rpartition(":")
    return f"{Path(path).resolve()}:{name}" if colon else strategy


def _tool(name: str) -> str:
    beside = Path(sys.executable).parent
    found = shutil.which(name, path=os.pathsep.join([str(beside), os.environ.get("PATH", "")]))
    if found is None:
        raise ToolError(f"there is no {name}; install the extra: pip install 'tinyfl[fleet]'")
    return found


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _listens(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1.0):
        return True
    return False


def _squeezed(text: str) -> str:
    """The end of what a command printed, without its frames and line breaks."""
    return " ".join(text.translate(str.maketrans("│╭╮╰╯─", "      ")).split())[-300:] or "no reason given"
