"""One experiment from scenario to report: preparation, the run on an engine, the controls, the outcome."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from coordinator.orders import Status
from coordinator.plan import RunPlan
from coordinator.state import RoundOutcome, RunState
from coordinator.strategies.load import load_strategy
from simulations.arms import alone, scratch
from simulations.costs import events, kernel_cost, traffic
from simulations.engine import run_in_process
from simulations.outcome import (
    Forgetting,
    Outcome,
    PhaseOutcome,
    RoundRecord,
    forget_report,
    write_report,
)
from simulations.prepare import Prepared, prepare
from simulations.run_lock import only_run_in
from simulations.scenario import Scenario
from simulations.schedule import TEST, TEST_SHIPPED, phase_ends, phase_starts, run_plan
from tinyfl.errors import RunError
from tinyfl.extras import need
from tinyfl.progress import Progress

OnRound = Callable[[RoundOutcome], None]


@dataclass(frozen=True)
class EngineRun:
    """What an engine hands back: the coordinator's last state, how each device was reached, what happened."""

    state: RunState
    links: dict[str, str]
    events: tuple[str, ...]


Engine = Callable[[Prepared, RunPlan, tuple[int, ...], str, OnRound], EngineRun]
"""Runs a plan on the devices; takes the rounds in which labels arrive, the strategy's name and a listener."""


def in_process(
    prepared: Prepared, plan: RunPlan, arrivals: tuple[int, ...], strategy: str, on_round: OnRound
) -> EngineRun:
    """The engine of `tinyfl simulate`."""
    state = run_in_process(prepared, plan, arrivals, "main", load_strategy(strategy), on_round)
    return EngineRun(state, dict.fromkeys(prepared.devices, "in process"), ())


def run_experiment(
    scenario: Scenario,
    engine: Engine,
    engine_name: str,
    strategy: str,
    folder: Path,
    progress: Progress,
    controls: bool = True,
) -> Outcome:
    """Run everything and leave ``report.json`` and ``report.html`` in ``folder``; raises a TinyflError.

    Without ``controls`` nothing but the federation is run: no learning alone, no training from scratch, no forgetting.
    """
    start = time.monotonic()
    load_strategy(strategy)  # a misspelt one should not cost the user the pre-training, nor a missing package
    need("pre-training", "compiler", "torch")
    need("the report", "report", "jinja2", "matplotlib.figure")
    with only_run_in(folder):
        forget_report(folder)
        outcome = _run(scenario, engine, engine_name, strategy, folder, progress, controls)
        outcome = replace(outcome, wall_seconds=time.monotonic() - start)
        with progress.task("writing the report"):
            write_report(outcome, folder)
    return outcome


def _run(
    scenario: Scenario,
    engine: Engine,
    engine_name: str,
    strategy: str,
    folder: Path,
    progress: Progress,
    controls: bool,
) -> Outcome:
    prepared = prepare(scenario, folder, progress)
    plan = run_plan(scenario, prepared.bundle, prepared.devices)
    with progress.task("federated rounds", len(plan.rounds)) as task:
        run = engine(prepared, plan, phase_starts(scenario), strategy, lambda _: task.advance())
    phases = _phases(prepared, run.state, _controls(prepared, progress) if controls else {})
    return Outcome(
        name=scenario.name,
        dataset=scenario.data.dataset,
        engine=engine_name,
        strategy=strategy,
        seed=scenario.seed,
        devices=prepared.devices,
        links=run.links,
        phases=phases,
        forgetting=_forgetting(prepared, run.state, strategy, progress) if controls else None,
        traffic=traffic(prepared.bundle, run.state),
        kernel=kernel_cost(prepared.bundle, prepared.folder / "network", scenario.store.capacity),
        rounds=tuple(_record(o) for o in run.state.outcomes),
        weights_digest={r.device: r.weights_digest for r in run.state.outcomes[-1].reports},
        events=(*run.events, *events(run.state)),
        wall_seconds=0.0,
    )


def judged(state: RunState, round_number: int, test: int) -> dict[str, float]:
    """Accuracy (0..1) of each device on one of its sets after a round; devices that were missing are left out."""
    outcome = next(o for o in state.outcomes if o.round == round_number)
    scores = {r.device: r.evaluations[test] for r in outcome.reports if test in r.evaluations}
    return {device: correct / count for device, (count, correct) in scores.items() if count}


def _controls(prepared: Prepared, progress: Progress) -> dict[str, list[dict[str, float]]]:
    """Accuracy of each control by phase and device."""
    count = len(prepared.scenario.phase)
    out: dict[str, list[dict[str, float]]] = {"scratch": [], "local": []}
    with progress.task("controls: alone, from scratch", 2 * count * len(prepared.devices)) as task:
        for i in range(count):
            out["local"].append(judged(alone(prepared, i), 1, TEST))
            task.advance(len(prepared.devices))
            out["scratch"].append(scratch(prepared, i, task))
    return out


def _phases(
    prepared: Prepared, state: RunState, controls: dict[str, list[dict[str, float]]]
) -> tuple[PhaseOutcome, ...]:
    """Every arm on the devices that all arms have judged."""
    out = []
    for i, (installed, personal) in enumerate(phase_ends(prepared.scenario)):
        phase = prepared.scenario.phase[i]
        arms = {
            "pretrained": judged(state, 1, TEST),
            **{name: by_phase[i] for name, by_phase in controls.items()},
            "federated": judged(state, installed, TEST),
            "personalised": judged(state, personal, TEST),
        }
        common = [d for d in prepared.devices if all(d in arm for arm in arms.values())]
        if not common:
            raise RunError(f"no device was judged at the end of phase {i + 1}; look at the events and run again")
        accuracy = {arm: {d: values[d] for d in common} for arm, values in arms.items()}
        out.append(PhaseOutcome(phase.labels_per_class, phase.rounds, accuracy))
    return tuple(out)


def _forgetting(prepared: Prepared, state: RunState, strategy: str, progress: Progress) -> Forgetting | None:
    """Repeat the run in process with the store's replay turned over: the same devices, rounds and strategy."""
    before = judged(state, 1, TEST_SHIPPED)
    if not before or not len(prepared.people.factory):
        return None
    scenario = prepared.scenario
    store = scenario.store.model_copy(update={"replay": not scenario.store.replay})
    other = replace(prepared, scenario=scenario.model_copy(update={"store": store}))
    plan = run_plan(other.scenario, other.bundle, other.devices)
    with progress.task("forgetting, with and without the store", len(plan.rounds)) as task:
        again = run_in_process(
            other, plan, phase_starts(scenario), "replay", load_strategy(strategy), lambda _: task.advance()
        )
    last = phase_ends(scenario)[-1][1]
    this, that = (_mean(judged(s, last, TEST_SHIPPED)) for s in (state, again))
    with_store, without_store = (this, that) if scenario.store.replay else (that, this)
    return Forgetting(_mean(before), with_store, without_store)


def _mean(values: dict[str, float]) -> float:
    return sum(values.values()) / len(values) if values else 0.0


def _record(outcome: RoundOutcome) -> RoundRecord:
    done = sum(r.status is Status.DONE for r in outcome.reports)
    return RoundRecord(outcome.round, outcome.kind, done, outcome.missing, outcome.p_label)
