"""The messages between a gateway and a device as plain values; ``tinyfl.cddl`` is their schema.

Numbers are unsigned 32-bit unless a comment says otherwise. Requests and answers travel with a request id,
which ``tinyfl.wire.codec`` adds; ``Hello`` and ``Done`` are unsolicited and carry id 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

PROTOCOL = 1
MAX_MESSAGE = 1024
MAX_CHUNK_DATA = 896
MAX_NAME_BYTES = 32
MAX_SHARED_TENSORS = 64


class DeviceState(IntEnum):
    """What a device is doing."""

    IDLE = 0
    TRAINING = 1
    TRAINED = 2
    EVALUATING = 3


class RoundPhase(IntEnum):
    """How far a device is with a round it was asked to train."""

    COMMITTED = 0
    TRAINING = 1
    TRAINED = 2


class ErrorCode(IntEnum):
    """Why a request was refused: a ``tf_status`` negated."""

    ARGUMENT = 1
    SPACE = 2
    MALFORMED = 3
    VERSION = 4
    STATE = 5
    DIGEST = 6
    IO = 7
    EMPTY = 8


class ErrorField(IntEnum):
    """The field of the request that the device disagrees with."""

    NONE = 0
    PROTOCOL = 1
    SCHEME = 2
    ROUND = 3
    BASE_VERSION = 4
    DIGEST = 5
    START = 6
    COUNT = 7
    DATA = 8
    SHIFTS = 9
    SET = 10
    STATE = 11
    SPACE = 12


# ---- gateway to device ----


@dataclass(frozen=True)
class Info:
    """Asks what the device is and where it stands; answered by :class:`Report`."""


@dataclass(frozen=True)
class Put:
    """A range of base ``version``, relative to the factory model; answered by :class:`Accepted`."""

    scheme: int
    version: int
    start: int
    count: int  # 1..65535
    k: int  # Rice parameter, 0..24
    data: bytes  # at most MAX_CHUNK_DATA


@dataclass(frozen=True)
class Train:
    """Asks to train a round from the base of that version and digest; answered by :class:`Trained`."""

    scheme: int
    round: int  # from 1
    version: int
    digest: int
    epochs: int  # 0..65535; 0 installs the base and trains nothing
    lr_shift: int  # -8..8: learning rate times 2**-lr_shift
    share: bool  # False: personal fine-tuning, no delta
    replay: bool  # True: fresh and shipped windows; False: fresh ones only
    shifts: tuple[int, ...]  # one per shared tensor, 0..31; may be empty without share


@dataclass(frozen=True)
class Fetch:
    """Asks for the delta from ``start`` on, in at most ``space`` bytes; answered by :class:`Delta`."""

    round: int
    start: int
    space: int  # 7..MAX_CHUNK_DATA


@dataclass(frozen=True)
class Commit:
    """Tells the device that its delta is safe; answered by :class:`Committed`."""

    round: int


@dataclass(frozen=True)
class Evaluate:
    """Asks for the accuracy on one of the device's own labelled sets; answered by :class:`Score`."""

    set: int


Request = Info | Put | Train | Fetch | Commit | Evaluate


# ---- device to gateway ----


@dataclass(frozen=True)
class Facts:
    """What a device is and where it stands."""

    name: str  # at most MAX_NAME_BYTES of UTF-8
    network: int
    scheme: int
    base_version: int
    base_digest: int
    last_round: int  # committed; 0: none
    round: int  # being trained, or trained and not committed; 0: none
    state: DeviceState
    progress: int  # training steps or evaluated windows done
    total: int  # training steps to do; 0 where unknown
    fresh: int  # 0..65535 windows in the store labelled by the wearer
    factory: int  # 0..65535 windows in the store shipped with the device
    boots: int
    weights_digest: int
    flash_writes: int  # copies of the state ever written

    @property
    def weights_hex(self) -> str:
        """The digest of all trained values as eight hexadecimal digits."""
        return f"{self.weights_digest:08x}"


@dataclass(frozen=True)
class Tally:
    """What a round of training did."""

    examples: int  # windows in each epoch
    steps: int
    p_sum: int  # 64-bit: sum over steps of p(label) before the step, Q15
    saturated: int  # gradient elements that hit their limit
    train_ms: int


@dataclass(frozen=True)
class Report:
    """Answer to :class:`Info`."""

    facts: Facts


@dataclass(frozen=True)
class Accepted:
    """Answer to :class:`Put`."""

    version: int
    start: int
    count: int


@dataclass(frozen=True)
class Trained:
    """Answer to :class:`Train`; the tally is of the steps so far (zero for a round committed earlier)."""

    round: int
    phase: RoundPhase
    tally: Tally


@dataclass(frozen=True)
class Delta:
    """Answer to :class:`Fetch`: ``count`` elements of the update from ``start`` on."""

    round: int
    digest: int  # of the whole update
    tally: Tally
    start: int
    count: int
    k: int
    data: bytes


@dataclass(frozen=True)
class Committed:
    """Answer to :class:`Commit`."""

    round: int


@dataclass(frozen=True)
class Score:
    """Answer to :class:`Evaluate`; ask again until ``finished``."""

    set: int
    finished: bool
    count: int
    correct: int


@dataclass(frozen=True)
class Failed:
    """Answer to a request the device cannot serve; ``have`` is its own value of the field in dispute."""

    code: ErrorCode
    field: ErrorField
    have: int


@dataclass(frozen=True)
class Hello:
    """Said unasked when a device has booted; a hint."""

    facts: Facts


@dataclass(frozen=True)
class Done:
    """Said unasked when training or an evaluation has ended; a hint."""

    state: DeviceState
    round: int


Answer = Failed | Report | Accepted | Trained | Delta | Committed | Score
Event = Hello | Done
Message = Answer | Event
