"""A Flower node inside this process, over the Fleet API.

The only file that touches internals of Flower (1.41 and 1.42); tests/gateway/test_flower_fleet.py holds the
contract. The public way, ``flower-supernode``, starts a Python process for every message.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NoReturn

import httpx
from flwr.app import Error, Message, RecordDict
from flwr.supercore.inflatable.inflatable_object import (
    get_all_nested_objects,
    get_object_tree,
    no_object_id_recompute,
)
from flwr.supercore.inflatable.inflatable_utils import (
    ObjectPullError,
    ObjectPushError,
    ObjectUnavailableError,
    pull_and_inflate_object_from_tree,
    push_objects,
)
from flwr.supercore.run import RunNotRunningException
from flwr.supercore.task_identity import TaskIdentity
from flwr.supernode import fleet_http_connection

from tinyfl.errors import LinkError

_TRIES = 3
_TROUBLES = (
    httpx.HTTPError,
    RuntimeError,
    ObjectPullError,
    ObjectPushError,
    ObjectUnavailableError,
    RunNotRunningException,
)


class _Unreachable(Exception):
    """Flower wanted to end this process for want of a SuperLink."""


def _instead_of_exit(code: int, message: str | None = None, *_: object, **__: object) -> NoReturn:
    raise _Unreachable(message or f"exit code {code}")


vars(fleet_http_connection)["flwr_exit"] = (
    _instead_of_exit  # the original ends the process seconds later, come what may
)


@dataclass(frozen=True)
class FleetConnection:
    """One registered node. Methods raise LinkError once the SuperLink is gone."""

    node_id: int
    _address: str
    _receive: Callable[[], tuple[Message, Any] | None]
    _send: Callable[[Message, Any, float], tuple[set[str], str]]
    _pull: Callable[[int, str], bytes]
    _push: Callable[[int, str, str, bytes], None]
    _confirm: Callable[[int, str], None]

    def receive(self) -> Message | None:
        """The next message with its content, None if there is none now."""
        try:
            received = self._receive()
            if received is None:
                return None
            head, tree = received
            run_id = head.metadata.run_id
            message = pull_and_inflate_object_from_tree(
                tree,
                lambda object_id: self._pull(run_id, object_id),
                lambda object_id: self._confirm(run_id, object_id),
                return_type=Message,
            )
        except _TROUBLES as error:
            raise _gone(self._address, error) from error
        message.metadata.__dict__["_message_id"] = tree.object_id
        return message

    def reply(self, message: Message, content: RecordDict | str) -> None:
        """Answer a message with records, or with the reason why not."""
        started = time.monotonic()
        body = Error(code=0, reason=content) if isinstance(content, str) else content
        reply = Message(body, reply_to=message)
        reply.metadata.__dict__["_message_id"] = reply.object_id
        run_id = message.metadata.run_id
        try:
            with no_object_id_recompute():
                objects = get_all_nested_objects(reply)
                wanted, session = self._send(reply, get_object_tree(reply), time.monotonic() - started)
                push_objects(
                    objects,
                    lambda object_id, data: self._push(run_id, session, object_id, data),
                    object_ids_to_push=wanted,
                )
        except _TROUBLES as error:
            raise _gone(self._address, error) from error


@contextmanager
def fleet_connection(address: str) -> Iterator[FleetConnection]:
    """Register a node at the SuperLink ``host:port``, send its heartbeats, and sign it off in the end.

    Raises LinkError naming the address when the SuperLink cannot be reached. What the body raises passes.
    """
    TaskIdentity.run_id = TaskIdentity.node_id = TaskIdentity.task_id = 0
    manager = fleet_http_connection.http_request_response(address, insecure=True, max_retries=_TRIES)
    try:
        node_id, receive, send, _, _, pull, push, confirm = manager.__enter__()
    except _Unreachable as error:
        raise LinkError(
            f"the Flower SuperLink {address} cannot be reached; check the address and that it runs"
        ) from error
    try:
        yield FleetConnection(node_id, address, receive, send, pull, push, confirm)
    finally:
        manager.__exit__(None, None, None)


def _gone(address: str, error: BaseException) -> LinkError:
    return LinkError(f"the Flower SuperLink {address} is gone ({error or type(error).__name__}); start it again")
