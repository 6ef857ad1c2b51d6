"""The in-process engine: the devices' C as a library, no sockets, the same sessions, rounds and strategies."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from coordinator.plan import RunPlan
from coordinator.rounds import run_rounds
from coordinator.state import RoundOutcome, RunState
from coordinator.strategies.average import Average
from coordinator.strategies.base import Strategy
from simulations.prepare import Prepared
from simulations.schedule import recordings
from tinyfl.boards.recordings import write_recordings
from tinyfl.gateway.cohort import SessionCohort
from tinyfl.gateway.sessions import DeviceSession
from tinyfl.link.inprocess import DeviceFiles, DeviceLibrary, InProcessLink


def write_all_recordings(prepared: Prepared, arrivals: tuple[int, ...], folder: Path) -> dict[str, Path]:
    """Each device's recordings file in ``folder``; labels of phase i arrive in round ``arrivals[i]``."""
    folder.mkdir(parents=True, exist_ok=True)
    files = {}
    for wearer in prepared.people.wearers:
        files[wearer.name] = folder / f"{wearer.name}.rec"
        write_recordings(recordings(prepared.people, wearer, prepared.bundle, arrivals), files[wearer.name])
    return files


def run_in_process(
    prepared: Prepared,
    plan: RunPlan,
    arrivals: tuple[int, ...],
    label: str,
    strategy: Strategy | None = None,
    on_round: Callable[[RoundOutcome], None] | None = None,
) -> RunState:
    """Run a plan on fresh devices in this process; ``label`` names the folder of their recordings."""
    files = write_all_recordings(prepared, arrivals, prepared.folder / "recordings" / label)
    library = DeviceLibrary(prepared.build.library)
    boots = {name: partial(_boot, prepared, library, name, files[name]) for name in plan.devices}
    return run_devices(boots, plan, strategy, on_round)


def run_devices(
    boots: Mapping[str, Callable[[], InProcessLink]],
    plan: RunPlan,
    strategy: Strategy | None = None,
    on_round: Callable[[RoundOutcome], None] | None = None,
) -> RunState:
    """Run a plan on devices of this process, each booted by its entry in ``boots``."""
    sessions = [DeviceSession(name, boots[name]) for name in plan.devices]
    cohort = SessionCohort(sessions, threads=os.cpu_count() or 1)
    try:
        return run_rounds(plan, strategy or Average(), cohort, on_round=on_round)
    finally:
        cohort.close()


def _boot(prepared: Prepared, library: DeviceLibrary, name: str, file: Path) -> InProcessLink:
    capacity = prepared.scenario.store.capacity
    return InProcessLink(library, name, DeviceFiles(file), seed=prepared.seed_of(name), capacity=capacity)
