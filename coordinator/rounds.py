"""The round loop: the same for a simulation and a fleet, since a cohort hides how its devices are reached."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from coordinator.checks import checked
from coordinator.orders import Cohort, DeviceReport, RoundOrder, Status
from coordinator.plan import PlannedRound, RunPlan
from coordinator.state import RoundOutcome, RunState, load_state, save_state
from coordinator.steps import next_shifts
from coordinator.strategies.base import Strategy, aggregate
from tinyfl.errors import RunError
from tinyfl.types import IntArray
from tinyfl.wire.delta import SparseDelta


def run_rounds(
    plan: RunPlan,
    strategy: Strategy,
    cohort: Cohort,
    checkpoint: Path | None = None,
    on_round: Callable[[RoundOutcome], None] | None = None,
) -> RunState:
    """Run the plan to its end and return the last state.

    The result depends on plan, strategy and devices only, not on the order in which reports arrive. With a
    ``checkpoint`` that exists, the run goes on after the last round written there. Raises RunError when no device
    finishes a round, ScenarioError when the strategy fails.
    """
    state = RunState.start(plan)
    if checkpoint is not None and checkpoint.exists():
        state = load_state(plan, checkpoint)
    strategy.memory = dict(state.memory)
    for planned in plan.rounds[len(state.outcomes) :]:
        order = _order(plan, planned, state)
        reports, attempts = _ask(cohort, order, plan.attempts)
        deltas = [r.delta for r in reports if r.delta is not None]
        outcome = _close(order, planned.kind, reports, attempts)
        if not any(r.status is Status.DONE for r in reports):
            raise RunError(f"no device finished round {order.round} ({_excuse(reports)}); reconnect and run again")
        state = replace(state, outcomes=(*state.outcomes, outcome))
        if order.trains_shared and deltas:
            state = _advance(plan, strategy, state, order, deltas)
        if checkpoint is not None:
            save_state(state, plan, checkpoint)
        if on_round is not None:
            on_round(outcome)
    return state


def _order(plan: RunPlan, planned: PlannedRound, state: RunState) -> RoundOrder:
    return RoundOrder(
        round=plan.first_round + len(state.outcomes),
        scheme_id=plan.model.scheme_id,
        version=state.version,
        base=state.base,
        weights=plan.model.weights,
        shifts=state.shifts,
        epochs=planned.epochs,
        lr_shift=planned.lr_shift,
        share=planned.share,
        replay=planned.replay,
        evaluate=planned.evaluate,
        devices=plan.devices,
    )


def _ask(cohort: Cohort, order: RoundOrder, attempts: int) -> tuple[list[DeviceReport], int]:
    """The last report of each device, by name; devices that were lost are asked again."""
    reports: dict[str, DeviceReport] = {}
    attempt = 0
    open_devices = order.devices
    while open_devices and attempt < attempts:
        attempt += 1
        asked = replace(order, devices=open_devices)
        for report in cohort.run(asked):
            if report.device in open_devices:
                reports[report.device] = checked(report, order)
        open_devices = tuple(d for d in open_devices if d not in reports or reports[d].status is Status.LOST)
    return [reports[d] for d in sorted(reports)], attempt


def _excuse(reports: list[DeviceReport]) -> str:
    return next((r.events[-1] for r in reports if r.events), "none answered")


def _close(order: RoundOrder, kind: str, reports: list[DeviceReport], attempts: int) -> RoundOutcome:
    done = {r.device for r in reports if r.status is Status.DONE}
    return RoundOutcome(
        round=order.round,
        kind=kind,
        version=order.version,
        shifts=order.shifts,
        reports=tuple(replace(r, delta=None) for r in reports),
        missing=tuple(d for d in sorted(order.devices) if d not in done),
        digests={r.device: r.delta.digest for r in reports if r.delta is not None},
        attempts=attempts,
    )


def _advance(
    plan: RunPlan, strategy: Strategy, state: RunState, order: RoundOrder, deltas: list[SparseDelta]
) -> RunState:
    per_parameter = np.repeat(np.array(order.shifts, np.int64), plan.model.tensors)
    q: IntArray = np.stack([d.q.astype(np.int64) for d in deltas])
    examples: IntArray = np.array([d.examples for d in deltas], np.int64)
    step = aggregate(strategy, q << per_parameter, examples, order.round)
    return replace(
        state,
        version=state.version + 1,
        base=plan.model.clamp(state.base.astype(np.int64) + step),
        shifts=next_shifts(q, plan.model.tensors, state.shifts),
        memory=dict(strategy.memory),
    )
