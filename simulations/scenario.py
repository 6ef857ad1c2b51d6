"""A scenario: everything that defines an experiment, read from a TOML file (docs/scenarios.md).

Pydantic parses and checks; a mistake becomes one sentence that names the file and the key.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tinyfl.data.description import FILE_NAME as DESCRIPTION
from tinyfl.errors import ScenarioError

Positive = Annotated[int, Field(ge=1)]
Count = Annotated[int, Field(ge=0)]
Device16 = Annotated[int, Field(ge=1, le=65535)]  # the devices count it in 16 bits
Seed = Annotated[int, Field(ge=0, le=4_000_000)]  # a device's own, a thousand times that and its number, has 32 bits
Kind = TypeVar("Kind", bound=BaseModel)
BUILT_IN = Path(__file__).parent / "scenarios"


class Table(BaseModel):
    """One table of a scenario's file: no other keys, no conversions."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class Data(Table):
    """Which recordings, how they are cut, and who learns what.

    ``window`` and the hops are in samples: ``hop`` for the people of the shipped network, ``wearer_hop`` for the
    wearers, whose first windows of each class are the ones they label. Without names the ``wearers`` are all whom
    ``pretrain_users`` does not draw.
    """

    dataset: str
    window: Positive
    hop: Positive
    wearer_hop: Positive
    pretrain_users: Positive
    wearers: Annotated[tuple[str, ...], Field(strict=False)] = ()
    shipped_side: str | None = None
    worn_side: str | None = None


class Network(Table):
    """The network, how it is pre-trained in float, and what of it trains on the device."""

    model: str
    scheme: str
    pretrain_epochs: Positive
    pretrain_rate: Annotated[float, Field(gt=0)] = 3e-3
    augment: Literal["none", "imu", "noise"] = "none"
    learning_rate: Annotated[float, Field(gt=0)]
    grad_bits: Literal[8, 16] = 8
    grad_margin: Count = 0


class Phase(Table):
    """Rounds during which the wearers have labelled so many windows of each class."""

    labels_per_class: Positive
    rounds: Positive
    epochs: Device16
    personal_epochs: Device16
    local_epochs: Device16
    scratch_epochs: Positive
    scratch_rate: Annotated[float, Field(gt=0)] = 1e-3
    lr_shift: Annotated[int, Field(ge=-8, le=8)] = 0
    personal_lr_shift: Annotated[int, Field(ge=-8, le=8)] = 0


class Store(Table):
    """The device's sample store: its capacity in windows and what the factory puts in."""

    capacity: Device16
    factory_per_class: Count = 0
    replay: bool = True


class Fleet(Table):
    """How many devices, and how they are connected when they run as processes."""

    devices_per_user: Positive = 1
    serial: Count = 0
    boards: dict[str, Count] = {}
    delta_shift: Annotated[int, Field(ge=0, le=16)] = 6


class Scenario(Table):
    """One experiment."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,32}$")]
    seed: Seed = 1
    data: Data
    network: Network
    store: Store
    fleet: Fleet = Fleet()
    phase: Annotated[tuple[Phase, ...], Field(min_length=1, strict=False)]


def load_scenario(spec: str) -> Scenario:
    """The scenario in the file ``spec``, or the built-in one of that name; raises ScenarioError."""
    path, table = read_table(spec)
    if "stream" in table:
        raise ScenarioError(f"scenario {path} is a stream, which runs in one process; run `tinyfl simulate {path}`")
    scenario = validated(Scenario, table, path)
    labels = [phase.labels_per_class for phase in scenario.phase]
    if labels != sorted(labels):
        raise ScenarioError(f"scenario {path}: labels_per_class falls from one phase to the next; order the phases")
    dataset = dataset_beside(scenario.data.dataset, path)
    data = scenario.data.model_copy(update={"dataset": dataset})
    return scenario.model_copy(update={"network": network_beside(scenario.network, path), "data": data})


def read_table(spec: str) -> tuple[Path, dict[str, Any]]:
    """Where the scenario that ``spec`` names is, and what its file says; raises ScenarioError."""
    built_in = {p.stem: p for p in sorted(BUILT_IN.glob("*.toml"))}
    path = built_in.get(spec, Path(spec))
    try:
        return path, tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ScenarioError(f"there is no scenario file {path}; built in are {', '.join(built_in)}") from error
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ScenarioError(f"scenario {path} cannot be read: {error}") from error


def validated(kind: type[Kind], table: dict[str, Any], path: Path) -> Kind:
    """The table as a scenario of that kind; raises ScenarioError."""
    try:
        return kind.model_validate(table)
    except ValidationError as error:
        raise ScenarioError(f"scenario {path}: {_sentence(error)}") from error


def dataset_beside(dataset: str, path: Path) -> str:
    """The folder beside the scenario that describes a data set of that name, or the name itself."""
    beside = path.parent / dataset
    return str(beside) if (beside / DESCRIPTION).is_file() else dataset


def network_beside(network: Network, path: Path) -> Network:
    """The network whose files, where they lie beside the scenario, are named so that they are found."""
    scheme = path.parent / network.scheme
    if scheme.is_file():
        network = network.model_copy(update={"scheme": str(scheme)})
    file, _, factory = network.model.rpartition(":")
    if file.endswith(".py") and (path.parent / file).is_file():
        network = network.model_copy(update={"model": f"{path.parent / file}:{factory}"})
    return network


def _sentence(error: ValidationError) -> str:
    """The first mistake of a file: its key and what to do about it."""
    # a misspelt key is also a missing one: the former is what the user can find in the file
    first = min(error.errors(), key=lambda e: e["type"] != "extra_forbidden")
    key = ".".join(str(part) for part in first["loc"])
    if first["type"] == "missing":
        return f"{key} is missing; add it as docs/scenarios.md shows"
    if first["type"] == "extra_forbidden":
        return f"{key} is no key of a scenario; correct or remove it"
    if key == "phase":
        return "phase should be one table or more; write each as [[phase]]"
    if first["type"] == "model_type":
        return f"{key} should be a table; write it as [{key}]"
    message = first["msg"].removeprefix("Input ").removeprefix("String ")
    return f"{key} = {first['input']!r} {message}; correct it"
