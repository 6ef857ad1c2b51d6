"""How long to wait for an acknowledgement and how much to put into a frame, learnt from the line itself."""

from dataclasses import dataclass

from tinyfl.link.arq_frames import MAX_PAYLOAD_UNITS, UNIT_BYTES

FIRST_TIMEOUT_MS = 300
MIN_TIMEOUT_MS = 50
MAX_TIMEOUT_MS = 2000
MAX_BACKOFF = 3
FRAME_OVERHEAD = 17
"""Bytes a DATA frame has on the line beside its payload."""
_LOSS_ONE = 16
_MEMORY_BYTES = 8192


@dataclass(slots=True)
class RoundTrip:
    """Twice the longest recent round trip in integer milliseconds, with exponential back-off."""

    backoff: int = 0
    """doublings since an acknowledgement last came"""
    _peak: int = 0

    def sample(self, milliseconds: int) -> None:
        """Take a measured round trip and end the back-off."""
        self._peak = min(max(1, milliseconds, self._peak - self._peak // 8), MAX_TIMEOUT_MS)
        self.backoff = 0

    def timed_out(self) -> None:
        """Double the next timeouts, up to eightfold."""
        self.backoff = min(self.backoff + 1, MAX_BACKOFF)

    @property
    def timeout_ms(self) -> int:
        """Milliseconds after which an acknowledgement counts as lost."""
        base = max(2 * self._peak, MIN_TIMEOUT_MS) if self._peak else FIRST_TIMEOUT_MS
        return min(base << self.backoff, MAX_TIMEOUT_MS)


@dataclass(slots=True)
class PayloadSize:
    """The payload that wastes least at the byte error rate seen, in units, up to ``limit``.

    With ``h`` bytes of overhead and byte error rate ``e`` the goodput of payload ``L`` is largest where
    ``L * (L + h) * e = h``; ``e`` is lost frames over bytes sent, older halves counting half as much.
    """

    limit: int = MAX_PAYLOAD_UNITS
    _lost16: int = _LOSS_ONE
    _sent_bytes: int = 1024

    def record(self, payload_bytes: int, lost: bool) -> None:
        """Count one frame that arrived or did not."""
        self._sent_bytes += payload_bytes + FRAME_OVERHEAD
        if lost:
            self._lost16 += _LOSS_ONE
        if self._sent_bytes >= _MEMORY_BYTES:
            self._sent_bytes //= 2
            self._lost16 //= 2

    @property
    def units(self) -> int:
        """Units to put into the next frames."""
        units = self.limit
        while units > 1:
            payload = units * UNIT_BYTES
            if payload * (payload + FRAME_OVERHEAD) * self._lost16 <= (_LOSS_ONE * FRAME_OVERHEAD * self._sent_bytes):
                break
            units -= 1
        return units
