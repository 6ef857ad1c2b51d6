"""What a coordinator asks of a cohort of devices in a round, and what comes back."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

import numpy as np
import numpy.typing as npt

from tinyfl.wire.delta import SparseDelta, values_digest

Int32Array = npt.NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class RoundOrder:
    """One round for every device named in it; the same order may be given again and has the same effect once."""

    round: int  # from 1, growing
    scheme_id: int
    version: int  # of the base
    base: Int32Array  # [shared weights, then shared biases], offsets from the factory model
    weights: int  # how many of these are weights
    shifts: tuple[int, ...]  # one per shared tensor, 0..31: the step of its delta is 2**shift
    epochs: int  # 0 installs the base and trains nothing
    lr_shift: int  # -8..8
    share: bool  # False: personal fine-tuning, nothing comes back
    replay: bool
    evaluate: tuple[int, ...]  # sets of labelled windows to be judged on afterwards
    devices: tuple[str, ...]

    @property
    def trains_shared(self) -> bool:
        """Whether the round brings back deltas."""
        return self.share and self.epochs > 0

    @property
    def digest(self) -> int:
        """The base's digest, as devices compute it."""
        return values_digest(self.base)

    @property
    def fingerprint(self) -> str:
        """Identity of the training asked for: devices and evaluations do not count."""
        fields = (self.round, self.scheme_id, self.version, self.digest, self.shifts, self.epochs, self.lr_shift)
        return hashlib.sha256(repr((*fields, self.share, self.replay)).encode()).hexdigest()[:32]


class Status(StrEnum):
    """How a device fared in a round."""

    DONE = "done"
    LOST = "lost"  # it did not answer; asking again may help
    REFUSED = "refused"  # it cannot take part in this round


@dataclass(frozen=True)
class DeviceReport:
    """What one device did in one round."""

    device: str
    status: Status
    delta: SparseDelta | None = None
    examples: int = 0  # windows in each epoch
    steps: int = 0  # training steps
    p_sum: int = 0  # sum over steps of p(label) before the step, Q15
    saturated: int = 0  # gradient elements that hit their limit
    train_ms: int = 0
    evaluations: Mapping[int, tuple[int, int]] = field(default_factory=dict)  # set -> (windows, right ones)
    weights_digest: str = ""  # eight hexadecimal digits, shared and personal
    bytes_up: int = 0  # on the wire, framing and retransmissions included
    bytes_down: int = 0
    events: tuple[str, ...] = ()


class Cohort(Protocol):
    """Devices a coordinator can reach."""

    def run(self, order: RoundOrder) -> Sequence[DeviceReport]:
        """Reports of those devices of the order that this cohort has, in any order; a device may be missing."""
        ...
