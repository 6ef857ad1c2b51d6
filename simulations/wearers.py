"""Who wears which device and what each has recorded: the windows of a scenario, split without leaks."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

import numpy as np

from simulations.scenario import Scenario
from tinyfl.data.dataset import Dataset, Windows, windows
from tinyfl.data.splits import labelled, split_in_time, split_users
from tinyfl.errors import ScenarioError
from tinyfl.types import FloatArray

MAX_NAME = 24


@dataclass(frozen=True)
class Normalisation:
    """Per-channel constants of the sensor driver, learned from the people the network was pre-trained on."""

    mean: FloatArray
    std: FloatArray

    @staticmethod
    def of(w: Windows) -> Normalisation:
        """Those that bring these windows to mean 0 and standard deviation 1."""
        flat = w.x.reshape(-1, w.x.shape[2]).astype(np.float64)
        return Normalisation(flat.mean(axis=0), np.maximum(flat.std(axis=0), 1e-6))

    def apply(self, w: Windows) -> Windows:
        """Windows in units of standard deviations."""
        x = ((w.x - self.mean) / self.std).astype(np.float32)
        return Windows(x, w.y, w.user, w.side, w.order)


@dataclass(frozen=True)
class Wearer:
    """One device and its wearer's windows, normalised.

    ``labelled`` holds, for each phase of the scenario, every window labelled by then; ``test`` is later in time than
    all of them. ``test_shipped`` are the wearer's later windows on the side the network was shipped for, if any.
    """

    name: str
    user: str
    labelled: tuple[Windows, ...]
    test: Windows
    test_shipped: Windows


@dataclass(frozen=True)
class People:
    """Everybody in a scenario."""

    dataset: Dataset
    normalisation: Normalisation
    pretrain: Windows
    factory: Windows
    wearers: tuple[Wearer, ...]


def people(scenario: Scenario, dataset: Dataset) -> People:
    """Split the data set as the scenario says; raises DataError or ScenarioError."""
    data = scenario.data
    shipped_users, device_users = split_users(dataset, data.pretrain_users, scenario.seed, data.wearers)
    raw = windows(dataset.select(shipped_users), data.window, data.hop).select(side=data.shipped_side)
    own = windows(dataset.select(device_users), data.window, data.wearer_hop)
    if not len(raw):
        raise ScenarioError(f"scenario {scenario.name}: no recording of side {data.shipped_side} to pre-train on")
    normalisation = Normalisation.of(raw)
    pretrain = normalisation.apply(raw)
    wearers = [
        _wearer(scenario, normalisation, own.select(user), user, copy)
        for user in device_users
        for copy in range(scenario.fleet.devices_per_user)
    ]
    return People(
        dataset, normalisation, pretrain, spaced_by_class(pretrain, scenario.store.factory_per_class), tuple(wearers)
    )


def _wearer(scenario: Scenario, normalisation: Normalisation, own: Windows, user: str, copy: int) -> Wearer:
    data = scenario.data
    learn, judge = split_in_time(normalisation.apply(own.select(side=data.worn_side)))
    mine = _later(learn, copy, scenario.fleet.devices_per_user)
    sets = tuple(labelled(mine, phase.labels_per_class) for phase in scenario.phase)
    if not len(sets[0]) or not len(judge):
        raise ScenarioError(f"scenario {scenario.name}: user {user} has no windows to learn from or to judge by")
    shipped = (
        own.select(side=data.shipped_side) if data.shipped_side != data.worn_side else own.take(np.zeros(0, np.int64))
    )
    test_shipped = split_in_time(normalisation.apply(shipped))[1] if len(shipped) else shipped
    name = device_name(user) if scenario.fleet.devices_per_user == 1 else f"{device_name(user)}-{copy + 1}"
    return Wearer(name, user, sets, judge, test_shipped)


def device_name(user: str) -> str:
    """What a wearer's device is called: fit for a file, a topic and a device's memory, and another for every user."""
    plain = f"wearer-{user}"
    if len(plain) <= MAX_NAME and re.fullmatch("[A-Za-z0-9_-]+", user):
        return plain
    letters = re.sub("[^A-Za-z0-9_]", "", user)[:8]
    return f"wearer-{letters}.{hashlib.sha256(user.encode()).hexdigest()[:8]}"


def _later(learn: Windows, copy: int, copies: int) -> Windows:
    """What copy ``copy`` of a wearer may label: each class from another moment on, spread over the learning part."""
    if copies == 1:
        return learn
    keep = np.zeros(len(learn), np.bool_)
    for label in np.unique(learn.y):
        group = np.flatnonzero(learn.y == label)
        group = group[np.argsort(learn.order[group], kind="stable")]
        keep[group[copy * len(group) // copies :]] = True
    return learn.take(keep)


def spaced_by_class(shipped: Windows, count: int) -> Windows:
    """The windows that ship with a device: ``count`` a class, evenly spaced over those of the pre-training."""
    rows = [np.zeros(0, np.int64)]
    for label in np.unique(shipped.y):
        group = np.flatnonzero(shipped.y == label)
        rows.append(group[(np.arange(min(count, len(group))) * len(group) // max(1, count)).astype(np.int64)])
    return shipped.take(np.concatenate(rows))
