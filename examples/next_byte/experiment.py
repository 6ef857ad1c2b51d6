"""The arms: as shipped, alone, federated, federated and personal; on the devices' C, and alone in float32 too."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import torch

from coordinator.plan import PlannedRound, RunPlan, shared_model
from coordinator.rounds import run_rounds
from coordinator.strategies.average import Average
from examples.next_byte.scenario import Scenario
from examples.next_byte.texts import Bytes, english, halves, package, spread
from tinyfl.boards.host import build_host
from tinyfl.boards.native_net import NativeNet, build_native
from tinyfl.boards.recordings import Recordings, labelled, write_recordings
from tinyfl.compiler.adapters import with_adapters
from tinyfl.compiler.bundle import Bundle
from tinyfl.compiler.command import write_bundle
from tinyfl.compiler.float_twin import FloatTwin
from tinyfl.compiler.pipeline import compile_graph
from tinyfl.compiler.scheme import parse_scheme
from tinyfl.gateway.cohort import SessionCohort
from tinyfl.gateway.sessions import DeviceSession
from tinyfl.link.inprocess import DeviceFiles, DeviceLibrary, InProcessLink
from tinyfl.types import FloatArray, Graph, IntArray, UpdateScheme

CALIBRATION = 200
ALONE, LEARN, INSTALL, PERSONAL = "alone", "federated", "last model", "personal"
Bits = dict[str, float]
"""Bits per byte by user."""


@dataclass(frozen=True)
class User:
    """Windows [count, context + 1] of bytes: what it types, and what it is judged on."""

    learn: Bytes
    judge: Bytes


@dataclass(frozen=True)
class Shipped:
    """What every arm starts from."""

    scenario: Scenario
    graph: Graph
    users: dict[str, User]
    seed: int


@dataclass(frozen=True)
class ArmResult:
    """Bits per byte of one update scheme by user, and what it costs."""

    shipped: Bits
    alone: Bits
    federated: Bits
    personal: Bits
    float_alone: Bits
    trained: int
    bytes_up: int


def users_of(scenario: Scenario, seed: int) -> dict[str, User]:
    """The users' windows; other ones for another seed."""
    length = scenario.network.context + 1
    text = scenario.text
    parts = {name: halves(package(name)) for name in text.users}
    return {
        name: User(spread(first, text.learn_windows, length, seed), spread(second, text.judge_windows, length, seed))
        for name, (first, second) in parts.items()
    }


def pairs(windows: Bytes) -> tuple[FloatArray, IntArray]:
    """Tokens [N, 1, T, 1] and the tokens after them [N, T]."""
    tokens = windows.astype(np.int64)
    return tokens[:, None, :-1, None].astype(np.float64), tokens[:, 1:]


def bits_per_byte(scores: FloatArray, labels: IntArray) -> float:
    """Mean of -log2 p(label) of scores [N, T, classes] in nats and labels [N, T]."""
    top = scores.max(axis=2, keepdims=True)
    log_sum = np.log(np.exp(scores - top).sum(axis=2)) + top[..., 0]
    chosen = np.take_along_axis(scores, labels[..., None], axis=2)[..., 0]
    return float((log_sum - chosen).mean() / np.log(2))


def shared_scheme(spec: str, graph: Graph) -> UpdateScheme:
    """The scheme with every part shared: all users predict the same 256 bytes."""
    return UpdateScheme(tuple(replace(u, shared=True) for u in parse_scheme(spec, graph).layers))


def run_arm(shipped: Shipped, spec: str, folder: Path, advance: Callable[[], None]) -> ArmResult:
    """All arms of one update scheme."""
    scenario = shipped.scenario
    scheme = shared_scheme(spec, shipped.graph)
    x, labels = pairs(spread(english(), CALIBRATION, scenario.network.context + 1, shipped.seed))
    rate, bits = scenario.device.learning_rate, scenario.device.grad_bits
    bundle = compile_graph(shipped.graph, scheme, x, labels, learning_rate=rate, grad_bits=bits, margin=1)
    fleet = _Fleet(shipped, bundle, folder)
    rounds = scenario.rounds
    before = {name: fleet.judged(NativeNet(fleet.native, 0), name) for name in shipped.users}
    alone, _ = fleet.run([PlannedRound(ALONE, rounds.alone, share=False)])
    advance()
    shared = [PlannedRound(LEARN, rounds.epochs)] * rounds.federated
    ends = [PlannedRound(INSTALL, 0), PlannedRound(PERSONAL, rounds.personal, share=False)]
    federated, up = fleet.run([*shared, *ends])
    advance()
    in_float = {name: _float_alone(shipped, scheme, name) for name in shipped.users}
    advance()
    return ArmResult(
        before,
        alone[ALONE],
        federated[INSTALL],
        federated[PERSONAL],
        in_float,
        sum(t.count for t in bundle.tensors),
        up,
    )


def _float_alone(shipped: Shipped, scheme: UpdateScheme, name: str) -> float:
    """The same windows in the same order by torch in float32."""
    scenario, user = shipped.scenario, shipped.users[name]
    twin = FloatTwin(*with_adapters(shipped.graph, scheme), scenario.device.learning_rate)
    x, labels = pairs(user.learn)
    seed = device_seed(shipped, name)
    twin.learn(torch.from_numpy(x).float(), labels, seed, 1, scenario.rounds.alone)
    x, labels = pairs(user.judge)
    with torch.no_grad():
        scores = twin.logits(torch.from_numpy(x).float()).double().numpy()
    return bits_per_byte(scores.reshape(*labels.shape, -1), labels)


def device_seed(shipped: Shipped, name: str) -> int:
    """Seed of a device's stochastic rounding and order of learning."""
    return 1000 * shipped.seed + list(shipped.users).index(name)


class _Fleet:
    """The users' devices, fresh for every run: their C in this process, the real sessions, rounds and strategy."""

    def __init__(self, shipped: Shipped, bundle: Bundle, folder: Path) -> None:
        self.shipped, self.bundle, self.folder = shipped, bundle, folder
        self.native = build_native(bundle)
        capacity = shipped.scenario.text.learn_windows
        write_bundle(bundle, capacity, folder / "network")
        build = build_host(folder / "network", grad_bits=bundle.program.grad_bits)
        self.library = DeviceLibrary(build.library)
        none = labelled(np.zeros((0, bundle.input_bytes), np.int8), np.zeros(0, np.uint16))
        for name, user in shipped.users.items():
            windows = self._samples(user.learn)
            wearer = labelled(windows, np.zeros(len(windows), np.uint16), 1)
            write_recordings(Recordings(wearer, none, none, none), folder / f"{name}.rec")

    def _samples(self, windows: Bytes) -> IntArray:
        x, labels = pairs(windows)
        return self.bundle.samples(self.bundle.quantize_input(x), labels)

    def run(self, rounds: list[PlannedRound]) -> tuple[dict[str, Bits], int]:
        """Bits per byte after the last round of each kind, and the bytes that went up a device in all."""
        shipped, links = self.shipped, dict[str, InProcessLink]()

        def boot(name: str) -> InProcessLink:
            files = DeviceFiles(self.folder / f"{name}.rec")
            capacity = shipped.scenario.text.learn_windows
            seed = device_seed(shipped, name)
            links[name] = InProcessLink(self.library, name, files, seed=seed, capacity=capacity)
            return links[name]

        cohort = SessionCohort(
            [DeviceSession(name, partial(boot, name)) for name in shipped.users], threads=os.cpu_count() or 1
        )
        plan = RunPlan(shared_model(self.bundle), tuple(rounds), tuple(shipped.users), 6)
        result: dict[str, Bits] = {}

        def look(kind: str) -> None:
            for name, link in links.items():
                net = NativeNet(self.native, 0)
                net.w[:], net.f[:], net.b[:] = link.weights()
                result.setdefault(kind, {})[name] = self.judged(net, name)

        try:
            run_rounds(plan, Average(), cohort, on_round=lambda outcome: look(outcome.kind))
            up = max(link.bytes_received for link in links.values())
        finally:
            cohort.close()
        return result, up

    def judged(self, net: NativeNet, name: str) -> float:
        """Bits per byte of a network's present weights on what a user is judged on."""
        judge = self.shipped.users[name].judge
        _, labels = pairs(judge)
        scores = net.logits(self._samples(judge)) / 16
        return bits_per_byte(scores.reshape(*labels.shape, -1), labels)
