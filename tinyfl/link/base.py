"""What a gateway session needs from whatever carries its device's messages."""

from typing import Protocol, runtime_checkable

MAX_MESSAGE_BYTES = 1024
"""The longest message any link carries, in either direction."""


@runtime_checkable
class DeviceLink(Protocol):
    """A two-way carrier of whole messages (1..``MAX_MESSAGE_BYTES`` bytes) to and from one device.

    A link delivers messages unaltered, at most once and in order, or not at all: it may lose what was under
    way when either end was reset, which a session answers by asking again. Every method raises
    ``LinkError`` (one sentence naming the port, broker or device and the reason) once the other end is gone;
    the link is then of no further use but for ``close``. One thread at a time may use a link.
    """

    @property
    def device(self) -> str:
        """Name of the device at the other end, as the fleet knows it."""
        ...

    @property
    def bytes_sent(self) -> int:
        """Bytes put on the wire so far, framing and retransmissions included."""
        ...

    @property
    def bytes_received(self) -> int:
        """Bytes taken from the wire so far, framing and retransmissions included."""
        ...

    def send(self, message: bytes) -> None:
        """Hand over one message; returns before it has arrived.

        Raises ``ValueError`` for an empty message or one longer than ``MAX_MESSAGE_BYTES``.
        """
        ...

    def receive(self, timeout: float) -> bytes | None:
        """Return the next whole message, or None when none came within ``timeout`` seconds (0 polls)."""
        ...

    def close(self) -> None:
        """Give back the port or connection; may be called again."""
        ...


def check_message(message: bytes) -> None:
    """Raise ``ValueError`` unless ``message`` has a length every link can carry."""
    if not 0 < len(message) <= MAX_MESSAGE_BYTES:
        raise ValueError(f"a message has 1 to {MAX_MESSAGE_BYTES} bytes, not {len(message)}")
