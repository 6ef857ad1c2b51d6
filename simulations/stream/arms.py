"""The arms of a stream. Each yields, before the first and after every later period, what each device then knows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from coordinator.plan import PlannedRound, RunPlan, shared_model
from coordinator.state import RoundOutcome, RunState
from coordinator.strategies.base import Strategy
from simulations.engine import run_devices
from simulations.schedule import INSTALL, LEARN, LOCAL, in_int8
from simulations.stream.periods import Periods
from simulations.stream.scenario import StreamScenario
from tinyfl.boards.native_net import NativeNet, build_native
from tinyfl.boards.recordings import LabelledWindows, Recordings, labelled, write_recordings
from tinyfl.compiler.bundle import Bundle
from tinyfl.compiler.sample_order import epoch_order
from tinyfl.data.dataset import Windows
from tinyfl.link.inprocess import DeviceFiles, DeviceLibrary, InProcessLink
from tinyfl.types import FloatArray

OnPeriod = Callable[[], None]
Scores = FloatArray
"""Accuracies [devices, moments, periods] (0..1): moment 0 is as shipped, moment i after the labels of period i."""


@dataclass(frozen=True)
class Build:
    """The network compiled and built for the devices of one arm."""

    bundle: Bundle
    library: Path


@dataclass(frozen=True)
class Judge:
    """Asks networks with the weights of devices about the later half of every period."""

    net: NativeNet
    inputs: tuple[LabelledWindows, ...]

    @staticmethod
    def of(bundle: Bundle, judged: tuple[Windows, ...]) -> Judge:
        """A judge of a bundle's networks."""
        return Judge(NativeNet(build_native(bundle), 1), tuple(in_int8(bundle, w) for w in judged))

    def of_net(self, net: NativeNet) -> list[float]:
        """Accuracy on each period."""
        return [net.accuracy(w.inputs.astype(np.int64), w.labels.astype(np.int64)) for w in self.inputs]

    def of_link(self, link: InProcessLink) -> list[float]:
        """Accuracy of a device on each period, as its weights are at present."""
        self.net.w[:], self.net.f[:], self.net.b[:] = link.weights()
        return self.of_net(self.net)


def frozen(judge: Judge, scenario: StreamScenario, periods: Periods) -> Scores:
    """The network as shipped, for ever."""
    shape = scenario.stream.devices, len(periods.names), len(periods.names)
    return np.broadcast_to(judge.of_net(judge.net), shape).copy()


def fine_tuned(bundle: Bundle, scenario: StreamScenario, periods: Periods, on_period: OnPeriod) -> Scores:
    """Every device alone learns the labels of each period, as often as the others learn their store, and no more."""
    library, judge = build_native(bundle), Judge.of(bundle, periods.judged)
    stream, out = scenario.stream, []
    for number, device in enumerate(scenario.devices):
        net = NativeNet(library, scenario.seed_of(device), stream.lr_shift)
        moments = [judge.of_net(net)]
        for period, shares in enumerate(periods.told, start=1):
            own = in_int8(bundle, shares[number])
            for epoch in range(stream.rounds * stream.epochs):
                order = epoch_order(scenario.seed_of(device), period, epoch, len(own))
                net.learn(own.inputs.astype(np.int64), own.labels.astype(np.int64), order)
            moments.append(judge.of_net(net))
            on_period()
        out.append(moments)
    return np.array(out)


def alone(build: Build, scenario: StreamScenario, periods: Periods, folder: Path, on_period: OnPeriod) -> Scores:
    """Every device alone, with its store; nothing leaves it. All that ``build`` trains is personal."""
    stream = scenario.stream
    epochs = stream.rounds * stream.epochs
    learn = PlannedRound(LOCAL, epochs, stream.lr_shift, share=False, replay=scenario.store.replay)
    return _run(build, (learn,), scenario, periods, folder, None, on_period)[0]


def federated(
    build: Build, scenario: StreamScenario, periods: Periods, folder: Path, strategy: Strategy, on_period: OnPeriod
) -> tuple[Scores, RunState]:
    """All devices with their stores: of each period some rounds, after which all have the last model."""
    stream = scenario.stream
    learn = PlannedRound(LEARN, stream.epochs, stream.lr_shift, replay=scenario.store.replay)
    rounds = (*[learn] * stream.rounds, PlannedRound(INSTALL, 0))
    return _run(build, rounds, scenario, periods, folder, strategy, on_period)


def _run(
    build: Build,
    rounds: tuple[PlannedRound, ...],
    scenario: StreamScenario,
    periods: Periods,
    folder: Path,
    strategy: Strategy | None,
    on_period: OnPeriod,
) -> tuple[Scores, RunState]:
    """Devices of this process through ``rounds`` a period, judged after the last of them."""
    judge = Judge.of(build.bundle, periods.judged)
    library = DeviceLibrary(build.library)
    links = dict(_links(build.bundle, library, len(rounds), scenario, periods, folder))
    moments = [[judge.of_net(judge.net)] for _ in links]

    def on_round(outcome: RoundOutcome) -> None:
        if outcome.round % len(rounds) == 0:
            for scores, link in zip(moments, links.values(), strict=True):
                scores.append(judge.of_link(link))
            on_period()

    plan = RunPlan(
        shared_model(build.bundle), rounds * len(periods.told), scenario.devices, scenario.stream.delta_shift
    )
    boots = {name: partial(_already, link) for name, link in links.items()}
    state = run_devices(boots, plan, strategy, on_round)
    return np.array(moments), state


def _already(link: InProcessLink) -> InProcessLink:
    return link


def _links(
    bundle: Bundle, library: DeviceLibrary, rounds: int, scenario: StreamScenario, periods: Periods, folder: Path
) -> Iterator[tuple[str, InProcessLink]]:
    """Devices by name; the labels of period i arrive in its first round."""
    folder.mkdir(parents=True, exist_ok=True)
    nothing = in_int8(bundle, periods.shipped.take(np.zeros(0, np.int64)))
    factory = in_int8(bundle, periods.factory)
    for number, name in enumerate(scenario.devices):
        parts = [in_int8(bundle, told[number], 1 + i * rounds) for i, told in enumerate(periods.told)]
        own = labelled(
            np.concatenate([p.inputs for p in parts]),
            np.concatenate([p.labels for p in parts]),
            np.concatenate([p.rounds for p in parts]),
        )
        file = folder / f"{name}.rec"
        write_recordings(Recordings(own, nothing, nothing, factory), file)
        seed, capacity = scenario.seed_of(name), scenario.store.capacity
        yield name, InProcessLink(library, name, DeviceFiles(file), seed=seed, capacity=capacity)
