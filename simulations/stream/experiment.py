"""One stream from scenario to report: pre-training, the arms, the outcome."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

from coordinator.strategies.load import load_strategy
from simulations.costs import events, kernel_cost, traffic
from simulations.outcome import forget_report, write_files
from simulations.prepare import compile_for, import_module, pretrain
from simulations.run_lock import only_run_in
from simulations.stream.arms import Build, Judge, alone, federated, fine_tuned, frozen
from simulations.stream.outcome import FEDERATED, FINE_TUNED, FROZEN, STORED, ArmOutcome, StreamOutcome, report
from simulations.stream.periods import Periods, split_periods
from simulations.stream.scenario import StreamScenario
from simulations.user_network import load_network
from tinyfl.boards.host import build_host
from tinyfl.compiler.bundle import Bundle
from tinyfl.compiler.command import write_bundle
from tinyfl.compiler.scheme import parse_scheme
from tinyfl.data import load_dataset
from tinyfl.extras import need
from tinyfl.progress import Progress
from tinyfl.types import Graph, UpdateScheme


def run_stream(
    scenario: StreamScenario, strategy: str, folder: Path, progress: Progress, controls: bool = True
) -> StreamOutcome:
    """Run everything and leave ``report.json`` and ``report.html`` in ``folder``; raises a TinyflError.

    Without ``controls`` no device learns alone.
    """
    start = time.monotonic()
    load_strategy(strategy)  # a misspelt one should not cost the user the pre-training, nor a missing package
    need("pre-training", "compiler", "torch")
    need("the report", "report", "jinja2", "matplotlib.figure")
    with only_run_in(folder):
        forget_report(folder)
        outcome = _run(scenario, strategy, folder, progress, controls)
        outcome = replace(outcome, wall_seconds=time.monotonic() - start)
        with progress.task("writing the report"):
            from simulations.stream.page import render

            data = report(outcome)
            write_files(render(data), data, folder)
    return outcome


def _run(scenario: StreamScenario, strategy: str, folder: Path, progress: Progress, controls: bool) -> StreamOutcome:
    with progress.task("reading the recordings"):
        periods = split_periods(scenario, load_dataset(scenario.data.dataset))
    with progress.task("pre-training on the first period"):
        graph = pretrained(scenario, periods)
    with progress.task("compiling the training kernel"):
        shared = parse_scheme(scenario.network.scheme, graph)
        together = build_arm(scenario, periods, graph, shared, folder / "network")
    arms = {FROZEN: frozen(Judge.of(together.bundle, periods.judged), scenario, periods)}
    later = len(periods.told)
    if controls:
        own = build_arm(scenario, periods, graph, personal(shared), folder / "alone")
        with progress.task("every device alone", later * (len(scenario.devices) + 1)) as task:
            arms[FINE_TUNED] = fine_tuned(own.bundle, scenario, periods, task.advance)
            arms[STORED] = alone(own, scenario, periods, folder / "recordings" / "alone", task.advance)
    with progress.task("federated rounds", later) as task:
        files = folder / "recordings" / "main"
        arms[FEDERATED], state = federated(together, scenario, periods, files, load_strategy(strategy), task.advance)
    return StreamOutcome(
        name=scenario.name,
        dataset=periods.dataset.name,
        strategy=strategy,
        seed=scenario.seed,
        labels_per_class=scenario.stream.labels_per_class,
        devices=scenario.devices,
        periods=periods.names,
        arms={name: ArmOutcome(scores) for name, scores in arms.items()},
        traffic=traffic(together.bundle, state),
        kernel=kernel_cost(together.bundle, folder / "network", scenario.store.capacity),
        weights_digest={r.device: r.weights_digest for r in state.outcomes[-1].reports},
        events=events(state),
        wall_seconds=0.0,
    )


def pretrained(scenario: StreamScenario, periods: Periods) -> Graph:
    """The float network that ships."""
    _, length, channels = periods.shipped.x.shape
    classes = len(periods.dataset.classes)
    factory = load_network(scenario.network.model, channels, length, classes)
    module = pretrain(scenario.network, periods.shipped, classes, factory, scenario.seed)
    return import_module(module, periods.shipped)


def personal(scheme: UpdateScheme) -> UpdateScheme:
    """The same layers train, and none of it leaves the device."""
    return UpdateScheme(tuple(replace(layer, shared=False) for layer in scheme.layers))


def build_arm(scenario: StreamScenario, periods: Periods, graph: Graph, scheme: UpdateScheme, folder: Path) -> Build:
    """The network compiled and built in ``folder`` with what ``scheme`` trains; raises a TinyflError."""
    bundle: Bundle = compile_for(scenario.network, periods.shipped, graph, scheme)
    write_bundle(bundle, scenario.store.capacity, folder)
    return Build(bundle, build_host(folder, grad_bits=bundle.program.grad_bits).library)
