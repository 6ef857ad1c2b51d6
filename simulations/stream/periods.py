"""What the factory knew, what each device is told of each later period, and what all are judged on."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from simulations.stream.scenario import StreamScenario
from simulations.wearers import Normalisation, spaced_by_class
from tinyfl.data.dataset import Dataset, Windows, windows
from tinyfl.data.splits import split_in_time
from tinyfl.errors import ScenarioError


@dataclass(frozen=True)
class Periods:
    """Normalised windows; no window is in two of these fields, but for ``factory``, which is part of ``shipped``."""

    dataset: Dataset
    normalisation: Normalisation
    names: tuple[str, ...]
    """of all periods, the factory's first"""
    shipped: Windows
    """the earlier half of each class of the first period, all labelled"""
    factory: Windows
    """what of it ships in every device's store"""
    told: tuple[tuple[Windows, ...], ...]
    """of each later period, for each device, what it is told: windows of the earlier half"""
    judged: tuple[Windows, ...]
    """the later half of every period"""


def split_periods(scenario: StreamScenario, dataset: Dataset) -> Periods:
    """Split as the scenario says; raises DataError or ScenarioError.

    Devices take turns in the earlier half, so that all see all of it; each labels windows spread evenly over its share.
    """
    names = dataset.sides
    if len(names) < 2:
        raise ScenarioError(
            f"scenario {scenario.name}: data set {dataset.name} has one period; give the windows of each a `side`"
        )
    everything = windows(dataset, scenario.data.window, scenario.data.window)
    if scenario.data.squash:
        everything = replace(everything, x=(np.sign(everything.x) * np.log1p(np.abs(everything.x))).astype(np.float32))
    halves = [split_in_time(everything.select(side=name)) for name in names]
    shipped = halves[0][0]
    for name, (learn, judge) in zip(names, halves, strict=True):
        if not len(learn) or not len(judge):
            raise ScenarioError(
                f"scenario {scenario.name}: period {name} has no windows to learn from or to judge by; leave it out"
            )
    normalisation = Normalisation.of(shipped)
    shipped = normalisation.apply(shipped)
    told = tuple(_told(scenario, normalisation.apply(learn)) for learn, _ in halves[1:])
    for name, shares in zip(names[1:], told, strict=True):
        if not all(map(len, shares)):
            raise ScenarioError(
                f"scenario {scenario.name}: period {name} has too few windows for {scenario.stream.devices} devices; "
                "choose fewer"
            )
    judged = tuple(normalisation.apply(judge) for _, judge in halves)
    factory = spaced_by_class(shipped, scenario.store.factory_per_class)
    return Periods(dataset, normalisation, names, shipped, factory, told, judged)


def _told(scenario: StreamScenario, learn: Windows) -> tuple[Windows, ...]:
    count, per_class = scenario.stream.devices, scenario.stream.labels_per_class
    shares: list[list[int]] = [[] for _ in range(count)]
    for label in np.unique(learn.y):
        rows = np.flatnonzero(learn.y == label)
        rows = rows[np.argsort(learn.order[rows], kind="stable")]
        for device, share in enumerate(shares):
            own = rows[device::count]
            share += own[np.linspace(0, len(own) - 1, min(per_class, len(own))).astype(np.int64)].tolist()
    return tuple(learn.take(np.array(sorted(share), np.int64)) for share in shares)
