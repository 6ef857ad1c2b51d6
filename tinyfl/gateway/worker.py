"""One device through one round: base, training, update, ledger, commit, evaluation."""

from __future__ import annotations

from dataclasses import replace

from coordinator.orders import DeviceReport, RoundOrder, Status
from tinyfl.errors import LinkError
from tinyfl.gateway.exchange import Astray, PartialUpdate, bring_base, evaluate, fetch, train
from tinyfl.gateway.ledger import Ledger, Update
from tinyfl.gateway.sessions import DeviceSession, Refusal
from tinyfl.wire import messages as m
from tinyfl.wire.delta import SparseDelta

RESTARTS = 8
"""Times a conversation begins anew when a device has forgotten where it was."""
_FINAL = (m.ErrorField.PROTOCOL, m.ErrorField.SCHEME, m.ErrorField.SHIFTS)


class _Unfit(Exception):
    """The device cannot take part in the round at all; the message says why."""


def run_order(session: DeviceSession, order: RoundOrder, ledger: Ledger) -> DeviceReport:
    """Take a device through a round, whatever was done of it before; never raises for what a device does."""
    up, down = session.bytes_up, session.bytes_down
    report = _Conversation(session, order, ledger).report()
    return replace(report, bytes_up=session.bytes_up - up, bytes_down=session.bytes_down - down)


class _Conversation:
    def __init__(self, session: DeviceSession, order: RoundOrder, ledger: Ledger) -> None:
        self._session = session
        self._order = order
        self._ledger = ledger
        self._device = session.device
        self._events: list[str] = []
        self._boots: int | None = None
        self._partial = PartialUpdate()

    def report(self) -> DeviceReport:
        """Go through the round, from the start again where the device has forgotten it."""
        try:
            for _ in range(RESTARTS):
                try:
                    return self._through()
                except (Astray, Refusal) as error:
                    if isinstance(error, Refusal) and error.failed.field in _FINAL:
                        return self._ended(Status.REFUSED, f"{error}; flash it with this fleet's firmware")
                    self._events.append(f"{error}; asked again")
            return self._ended(Status.LOST, f"device {self._device} was given up after {RESTARTS} times; reset it")
        except _Unfit as error:
            return self._ended(Status.REFUSED, str(error))
        except LinkError as error:
            return self._ended(Status.LOST, str(error))

    def _ended(self, status: Status, event: str) -> DeviceReport:
        return DeviceReport(self._device, status, events=(*self._events, event))

    def _through(self) -> DeviceReport:
        session, order = self._session, self._order
        facts = self._facts()
        if facts.last_round == order.round:
            update = self._recorded()
        else:
            bring_base(session, order, facts)
            update = self._record(train(session, order))
            session.ask(m.Commit(order.round), m.Committed)
        evaluations = {s: score for s in order.evaluate if (score := evaluate(session, s)) is not None}
        return self._done(update, evaluations, self._facts())

    def _facts(self) -> m.Facts:
        facts = self._session.ask(m.Info(), m.Report).facts
        device, order = self._device, self._order
        if facts.name != device:
            raise _Unfit(f"the device linked as {device} calls itself {facts.name}; correct the gateway's list")
        if facts.scheme != order.scheme_id:
            raise _Unfit(
                f"device {device} has scheme {facts.scheme:08x}, not {order.scheme_id:08x}; "
                "flash it with this fleet's firmware"
            )
        if facts.last_round > order.round:
            raise _Unfit(
                f"device {device} has committed round {facts.last_round}, beyond {order.round}; "
                "start the run at a later round"
            )
        if self._boots is not None and facts.boots != self._boots:
            self._events.append(f"device {device} restarted in round {order.round}")
        self._boots = facts.boots
        return facts

    def _recorded(self) -> Update:
        """What the ledger says of a round that the device has committed already."""
        order, device = self._order, self._device
        update = self._ledger.find(device, order.round)
        if update is None or update.fingerprint != order.fingerprint:
            raise _Unfit(
                f"device {device} has committed a round {order.round} that this gateway's ledger does not know; "
                "start the run at a later round"
            )
        self._events.append(f"round {order.round} of device {device} answered from the ledger")
        return update

    def _record(self, tally: m.Tally) -> Update:
        order, device = self._order, self._device
        q, digest = fetch(self._session, order, self._partial) if order.trains_shared else (None, 0)
        update = Update(device, order.round, order.fingerprint, digest, tally, q)
        counted = self._ledger.record(update)
        if counted.digest != digest:
            self._events.append(f"device {device} made another update in round {order.round}; the first one counts")
        return counted

    def _done(self, update: Update, evaluations: dict[int, tuple[int, int]], facts: m.Facts) -> DeviceReport:
        order, tally = self._order, update.tally
        delta = None
        if update.q is not None:
            delta = SparseDelta(
                device=update.device,
                round=update.round,
                scheme_id=order.scheme_id,
                base_version=order.version,
                shifts=order.shifts,
                q=update.q,
                examples=tally.examples,
                digest=update.digest,
            )
        return DeviceReport(
            device=update.device,
            status=Status.DONE,
            delta=delta,
            examples=tally.examples,
            steps=tally.steps,
            p_sum=tally.p_sum,
            saturated=tally.saturated,
            train_ms=tally.train_ms,
            evaluations=evaluations,
            weights_digest=facts.weights_hex,
            events=tuple(self._events),
        )
