"""Whom the runs of a benchmark leave out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from simulations.scenario import Scenario
from tinyfl.data import load_dataset


def runs(scenario: Scenario, seeds: Sequence[int], leave_one_out: bool) -> Iterator[Scenario]:
    """The scenario with each seed; when leaving one out, each person in turn wears the device, all others pre-train."""
    for seed in seeds:
        seeded = scenario.model_copy(update={"seed": seed})
        if not leave_one_out:
            yield seeded
            continue
        users = load_dataset(scenario.data.dataset).users
        for user in users:
            people = {"wearers": (user,), "pretrain_users": len(users) - 1}
            yield seeded.model_copy(update={"data": scenario.data.model_copy(update=people)})
