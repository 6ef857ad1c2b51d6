"""Rounds as planned against rounds as the coordinator runs them, and when each label arrives at a device."""

from pathlib import Path

import numpy as np
import pytest
from small import small_scenario

from coordinator.state import RoundOutcome
from simulations.engine import run_in_process
from simulations.prepare import Prepared
from simulations.scenario import Phase, Scenario
from simulations.schedule import (
    INSTALL,
    LEARN,
    PERSONAL,
    SHIPPED,
    TEST,
    TEST_SHIPPED,
    phase_ends,
    phase_starts,
    planned_rounds,
    recordings,
    run_plan,
)
from simulations.wearers import Wearer
from tinyfl.data.dataset import Windows


def with_rounds(scenario: Scenario, *rounds: int) -> Scenario:
    phases = tuple(Phase(**{**scenario.phase[0].model_dump(), "rounds": r}) for r in rounds)
    return scenario.model_copy(update={"phase": phases})


@pytest.mark.parametrize("rounds", [(1,), (4,), (2, 2), (1, 3, 2)])
def test_starts_and_ends_are_where_the_plan_has_them(rounds: tuple[int, ...]) -> None:
    scenario = with_rounds(small_scenario(Path("data")), *rounds)
    plan = planned_rounds(scenario)
    kinds = [r.kind for r in plan]
    expected = [SHIPPED]
    for count in rounds:
        expected += [LEARN] * count + [INSTALL, PERSONAL]
    assert kinds == expected
    for start, (installed, personal), count in zip(phase_starts(scenario), phase_ends(scenario), rounds, strict=True):
        assert kinds[start - 1 : start - 1 + count] == [LEARN] * count
        assert kinds[installed - 1] == INSTALL
        assert kinds[personal - 1] == PERSONAL
        assert TEST in plan[installed - 1].evaluate
        assert TEST in plan[personal - 1].evaluate
    assert TEST_SHIPPED in plan[0].evaluate
    assert TEST_SHIPPED in plan[-1].evaluate
    assert all(not r.share for r in plan if r.kind == PERSONAL)
    assert all(r.epochs == 0 for r in plan if r.kind in (SHIPPED, INSTALL))


def test_the_coordinator_runs_these_rounds_and_labels_arrive_with_their_phase(prepared: Prepared) -> None:
    scenario = prepared.scenario
    seen: list[RoundOutcome] = []
    plan = run_plan(scenario, prepared.bundle, prepared.devices)
    run_in_process(prepared, plan, phase_starts(scenario), "schedule", on_round=seen.append)
    assert [o.round for o in seen] == list(range(1, len(plan.rounds) + 1))
    assert [o.kind for o in seen] == [r.kind for r in planned_rounds(scenario)]
    starts = phase_starts(scenario)
    for outcome, planned in zip(seen, plan.rounds, strict=True):
        phase = max((i for i, start in enumerate(starts) if outcome.round >= start), default=None)
        labels = 0 if phase is None else 3 * scenario.phase[phase].labels_per_class
        factory = 3 * scenario.store.factory_per_class if scenario.store.replay else 0
        for report in outcome.reports:
            # one step a window and epoch: the labels of the phase and what the store replays
            assert report.steps == planned.epochs * (labels + factory), (outcome.round, report.device)
        assert {tuple(r.evaluations) for r in outcome.reports} == {planned.evaluate}


def test_each_labelled_window_arrives_once_in_the_first_round_of_its_phase(prepared: Prepared) -> None:
    starts = phase_starts(prepared.scenario)
    for wearer in prepared.people.wearers:
        device = recordings(prepared.people, wearer, prepared.bundle, starts)
        first, last = wearer.labelled
        assert device.wearer.rounds.tolist() == [starts[0]] * len(first) + [starts[1]] * (len(last) - len(first))
        assert sorted(device.wearer.labels.tolist()) == sorted(last.y.tolist())
        expected = {
            prepared.bundle.quantize_input(x[None].astype(np.float64)).astype(np.int8).tobytes() for x in last.x
        }
        assert {row.tobytes() for row in device.wearer.inputs} == expected


def test_windows_of_two_sides_at_the_same_moment_are_both_delivered(prepared: Prepared) -> None:
    """The clocks of two wrists run side by side: number and class do not tell a window."""

    def at(*moments: tuple[str, int]) -> Windows:
        count = len(moments)
        x = np.arange(count * 64, dtype=np.float32).reshape(count, 32, 2)
        sides = np.array([side for side, _ in moments])
        order = np.array([order for _, order in moments], np.int64)
        return Windows(x, np.zeros(count, np.int64), np.full(count, "u"), sides, order)

    few, many = at(("left", 0), ("right", 16)), at(("left", 0), ("left", 16), ("right", 16), ("right", 32))
    wearer = Wearer("wearer-u", "u", (few, many), many, many.take(np.zeros(0, np.int64)))
    device = recordings(prepared.people, wearer, prepared.bundle, (2, 6))
    assert device.wearer.rounds.tolist() == [2, 2, 6, 6]
