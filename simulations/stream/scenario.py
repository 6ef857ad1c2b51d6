"""A scenario in which the recordings drift period by period, read from a TOML file with a table ``[stream]``."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from simulations.scenario import (
    Device16,
    Network,
    Positive,
    Seed,
    Store,
    Table,
    dataset_beside,
    network_beside,
    read_table,
    validated,
)


class StreamData(Table):
    """Which recordings; ``window`` in samples. The sides of the data set are its periods, in order of appearance.

    ``squash`` takes sign(v) log(1 + |v|) of every value, for sensors whose responses span decades.
    """

    dataset: str
    window: Positive
    squash: bool = False


class Stream(Table):
    """The devices, and what each learns of a period: its own labels, ``rounds`` times ``epochs`` over its store."""

    devices: Positive
    labels_per_class: Positive
    rounds: Positive
    epochs: Device16
    lr_shift: Annotated[int, Field(ge=-8, le=8)] = 0
    delta_shift: Annotated[int, Field(ge=0, le=16)] = 6


class StreamScenario(Table):
    """One experiment on a stream."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,32}$")]
    seed: Seed = 1
    data: StreamData
    network: Network
    store: Store
    stream: Stream

    @property
    def devices(self) -> tuple[str, ...]:
        """Names of the devices, in order."""
        return tuple(f"device-{i + 1}" for i in range(self.stream.devices))

    def seed_of(self, device: str) -> int:
        """Seed of a device's stochastic rounding and order of learning."""
        return 1000 * self.seed + self.devices.index(device)


def is_stream(spec: str) -> bool:
    """Whether the scenario that ``spec`` names is a stream; raises ScenarioError."""
    return "stream" in read_table(spec)[1]


def load_stream(spec: str) -> StreamScenario:
    """The stream in the file ``spec``; raises ScenarioError."""
    path, table = read_table(spec)
    scenario = validated(StreamScenario, table, path)
    data = scenario.data.model_copy(update={"dataset": dataset_beside(scenario.data.dataset, path)})
    return scenario.model_copy(update={"network": network_beside(scenario.network, path), "data": data})
