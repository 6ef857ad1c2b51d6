"""A scenario's rounds: what the coordinator plans, and when each label arrives."""

from __future__ import annotations

import numpy as np

from coordinator.plan import PlannedRound, RunPlan, shared_model
from simulations.scenario import Phase, Scenario
from simulations.wearers import People, Wearer
from tinyfl.boards.recordings import LabelledWindows, Recordings, labelled
from tinyfl.compiler.bundle import Bundle
from tinyfl.data.dataset import Windows

TEST, TEST_SHIPPED = 1, 2
SETS = (TEST, TEST_SHIPPED)
SHIPPED, LEARN, INSTALL, PERSONAL, LOCAL = "as shipped", "federated", "last model", "personal", "alone"


def planned_rounds(scenario: Scenario) -> tuple[PlannedRound, ...]:
    """Judge the shipped model; then in each phase: shared rounds, the last model on every device, a personal round."""
    rounds = [PlannedRound(SHIPPED, 0, evaluate=SETS)]
    replay = scenario.store.replay
    for phase in scenario.phase:
        judged = SETS if phase is scenario.phase[-1] else (TEST,)
        rounds += [PlannedRound(LEARN, phase.epochs, phase.lr_shift, replay=replay)] * phase.rounds
        rounds.append(PlannedRound(INSTALL, 0, evaluate=(TEST,)))
        rounds.append(
            PlannedRound(PERSONAL, phase.personal_epochs, phase.personal_lr_shift, False, replay, evaluate=judged)
        )
    return tuple(rounds)


def phase_starts(scenario: Scenario) -> tuple[int, ...]:
    """Number of the first round of each phase."""
    starts, at = [], 2
    for phase in scenario.phase:
        starts.append(at)
        at += phase.rounds + 2
    return tuple(starts)


def phase_ends(scenario: Scenario) -> tuple[tuple[int, int], ...]:
    """Numbers of the rounds after which each phase is judged: last model installed, and personal."""
    return tuple((s + p.rounds, s + p.rounds + 1) for s, p in zip(phase_starts(scenario), scenario.phase, strict=True))


def run_plan(scenario: Scenario, bundle: Bundle, devices: tuple[str, ...]) -> RunPlan:
    """The whole experiment as the coordinator runs it."""
    return RunPlan(shared_model(bundle), planned_rounds(scenario), devices, scenario.fleet.delta_shift)


def alone_plan(bundle: Bundle, phase: Phase, replay: bool, devices: tuple[str, ...]) -> RunPlan:
    """Learning alone, from the shipped model, on the labels of one phase."""
    alone = PlannedRound(LOCAL, phase.local_epochs, phase.lr_shift, False, replay, evaluate=(TEST,))
    return RunPlan(shared_model(bundle), (alone,), devices)


def recordings(people: People, wearer: Wearer, bundle: Bundle, starts: tuple[int, ...]) -> Recordings:
    """What a device will see; the labels of phase i arrive in round ``starts[i]``."""
    parts, seen = [], set[tuple[str, int, int]]()
    for windows, start in zip(wearer.labelled, starts, strict=False):
        keys = list(zip(windows.side.tolist(), windows.y.tolist(), windows.order.tolist(), strict=True))
        new = np.array([key not in seen for key in keys], np.bool_)
        parts.append(in_int8(bundle, windows.take(new), start))
        seen.update(keys)
    own = LabelledWindows(
        np.concatenate([p.inputs for p in parts]),
        np.concatenate([p.labels for p in parts]),
        np.concatenate([p.rounds for p in parts]),
    )
    return Recordings(
        own, in_int8(bundle, wearer.test), in_int8(bundle, wearer.test_shipped), in_int8(bundle, people.factory)
    )


def in_int8(bundle: Bundle, windows: Windows, arrival: int = 0) -> LabelledWindows:
    """Windows in the network's input, whose labels arrive in round ``arrival``."""
    x = bundle.quantize_input(windows.x[:, None].astype(np.float64))
    return labelled(x, windows.y, arrival)
