"""The scenario of the next byte: who types what, which network, what of it trains, how many rounds (scenario.toml)."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tinyfl.errors import ScenarioError

Positive = Annotated[int, Field(ge=1)]
FILE = Path(__file__).parent / "scenario.toml"


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class Text(_Table):
    """The users by package, and the windows that each learns of its earlier half and is judged on of the later."""

    users: Annotated[tuple[str, ...], Field(min_length=1, strict=False)]
    learn_windows: Annotated[int, Field(ge=1, le=65535)]
    judge_windows: Positive


class Network(_Table):
    """The network and its float training."""

    kind: Literal["transformer", "gru"] = "transformer"
    context: Annotated[int, Field(ge=2, le=256)]
    pretrain_steps: Annotated[int, Field(ge=50)]


class Device(_Table):
    """The training step on the device."""

    learning_rate: Annotated[float, Field(gt=0)]
    grad_bits: Literal[8, 16] = 16


class Rounds(_Table):
    """Federated rounds of so many epochs, then a personal one; ``alone`` epochs for the devices that do not share."""

    federated: Positive
    epochs: Positive
    personal: Positive
    alone: Positive


class Scenario(_Table):
    """One experiment; ``schemes`` names what trains in each arm, as ``tinyfl compile --scheme`` takes it."""

    seed: Annotated[int, Field(ge=0, le=4_000_000)] = 1
    text: Text
    network: Network
    device: Device
    rounds: Rounds
    schemes: Annotated[dict[str, str], Field(min_length=1)]


def load(path: Path) -> Scenario:
    """Read a scenario's file; ScenarioError with one sentence."""
    try:
        return Scenario.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ScenarioError(f"scenario {path} cannot be read: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise ScenarioError(f"scenario {path}: {key}: {first['msg']}; correct it as scenario.toml shows") from error
