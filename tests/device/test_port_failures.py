"""Every function of the port fails at its N-th call, for every N in a round: a clean error, and no bit is lost."""

import ctypes as ct
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count

import pytest
from device_lab import (
    IO,
    SCHEME,
    SECTOR,
    SHARED,
    SHARED_W,
    UNIT,
    Device,
    Flash,
    Wearer,
    base_of,
    train_request,
)

from tinyfl.wire import codec
from tinyfl.wire import messages as m
from tinyfl.wire.delta import decode_values, encode_space

FUNCTIONS = ("flash_read", "flash_write", "flash_erase", "send", "collect", "sample")


@dataclass
class Plan:
    """The call that fails, counted from 1 over all boots, and whether all later ones do until power is cycled."""

    function: str
    call: int
    for_good: bool = False
    calls: int = 0
    failed: bool = False

    def fails(self, function: str) -> bool:
        if function != self.function:
            return False
        self.calls += 1
        now = self.calls == self.call or (self.for_good and self.failed)
        self.failed |= now
        return now


class FailingDevice(Device):
    """A device whose port fails as planned, after half of what it was to do."""

    def __init__(self, library: ct.CDLL, flash: Flash, wearer: Wearer, plan: Plan) -> None:
        self.plan = plan
        super().__init__(library, flash, wearer)

    def _flash_read(self, ctx: int, at: int, to: int, n: int) -> int:
        if self.plan.fails("flash_read"):
            ct.memset(to, 0x55, n // 2)
            return IO
        return super()._flash_read(ctx, at, to, n)

    def _flash_write(self, ctx: int, at: int, source: int, n: int) -> int:
        if self.plan.fails("flash_write"):
            half = n // UNIT // 2 * UNIT + UNIT // 2
            self.flash.data[at : at + half] = ct.string_at(source, half)
            return IO
        return super()._flash_write(ctx, at, source, n)

    def _flash_erase(self, ctx: int, sector: int) -> int:
        if self.plan.fails("flash_erase"):
            self.flash.data[sector * SECTOR : sector * SECTOR + SECTOR // 2] = b"\xff" * (SECTOR // 2)
            return IO
        return super()._flash_erase(ctx, sector)

    def _send(self, ctx: int, message: int, n: int) -> int:
        return IO if self.plan.fails("send") else super()._send(ctx, message, n)

    def _collect(self, ctx: int, dev: int, first: int, last: int) -> int:
        if self.plan.fails("collect"):
            x, label = self.wearer.windows(first)[0]
            self.push(x, label, 0 if first else 1, dev)
            return IO
        return super()._collect(ctx, dev, first, last)

    def _sample(self, ctx: int, number: int, index: int, x: int, label: int) -> int:
        return IO if self.plan.fails("sample") else super()._sample(ctx, number, index, x, label)

    def try_to_ask(self, request: m.Request) -> m.Message | None:
        """The answer; None for a refusal, which must be one that repeating mends, or if it could not be sent."""
        self.request_id += 1
        data, before = codec.encode_request(self.request_id, request), len(self.sent)
        status = self.library.tf_device_receive(self.dev, data, len(data))
        assert status in (0, IO)
        assert len(self.sent) == before + (status == 0)
        answer = self.sent[-1][1] if status == 0 else None
        if isinstance(answer, m.Failed):
            assert answer.code in (m.ErrorCode.IO, m.ErrorCode.STATE)
            return None
        return answer


class Patient:
    """Asks again what failed, and cycles the power of a device that goes on failing."""

    def __init__(self, library: ct.CDLL, plan: Plan) -> None:
        self.library, self.plan = library, plan
        self.flash = Flash(2 * library.harness_slot_bytes(12, SECTOR))
        self.device: FailingDevice | None = None
        self.boot()

    def boot(self) -> None:
        for _ in range(3):
            if self.device is not None:
                self.device.close()
            if self.plan.failed and self.plan.for_good:
                self.plan.function = "none any more"
            self.device = FailingDevice(self.library, self.flash, Wearer(3), self.plan)
            if self.device.status == 0:
                return
            assert self.device.status == IO
        raise AssertionError("does not start")

    def attempts(self) -> Iterator[FailingDevice]:
        for attempt in range(20):
            if attempt % 5 == 4:
                self.boot()
            assert self.device is not None
            yield self.device
        raise AssertionError("no end")

    def round(self, number: int) -> list[int]:
        version, q = number + 3, []
        for device in self.attempts():
            report = device.try_to_ask(m.Info())
            if not isinstance(report, m.Report):
                continue
            if report.facts.last_round == number:
                return q
            if report.facts.state == m.DeviceState.IDLE:
                for c in encode_space(base_of(version), len(SHARED_W), 64):
                    device.try_to_ask(m.Put(SCHEME, version, c.start, c.count, c.k, c.data))
                if report.facts.base_version == version:  # since the attempt before, or the base is not whole
                    device.try_to_ask(train_request(number, version))
            elif report.facts.state == m.DeviceState.TRAINING:
                work(device)
            else:
                if len(q) < SHARED:
                    delta = device.try_to_ask(m.Fetch(number, len(q), 64))
                    if isinstance(delta, m.Delta):
                        q += decode_values(delta.count, delta.k, delta.data).tolist()
                else:
                    device.try_to_ask(m.Commit(number))
        raise AssertionError

    def score(self) -> tuple[int, int]:
        for device in self.attempts():
            score = device.try_to_ask(m.Evaluate(0))
            if isinstance(score, m.Score) and score.finished:
                return score.count, score.correct
            work(device)
        raise AssertionError

    def state(self) -> tuple[object, ...]:
        for device in self.attempts():
            report = device.try_to_ask(m.Info())
            if isinstance(report, m.Report):
                facts = report.facts
                return facts.weights_digest, facts.last_round, facts.fresh, facts.factory
        raise AssertionError


def work(device: FailingDevice) -> None:
    while (status := device.library.tf_step(device.dev)) > 0:
        pass
    assert status in (0, IO)


def whole_life(library: ct.CDLL, plan: Plan) -> list[object]:
    """First boot, a round, a judgement, another boot, another round."""
    life = Patient(library, plan)
    events: list[object] = [life.round(1), life.state(), life.score()]
    life.boot()
    events += [life.round(2), life.state()]
    assert life.device is not None
    life.device.close()
    return events


@pytest.mark.parametrize("for_good", [False, True], ids=["once", "until power is cycled"])
@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_that_fails_at_any_call_costs_repetitions_only(
    library: ct.CDLL, function: str, for_good: bool
) -> None:
    undisturbed = whole_life(library, Plan("none", 0))
    for call in count(1):
        plan = Plan(function, call, for_good)
        assert whole_life(library, plan) == undisturbed, f"call {call}"
        if not plan.failed:
            break
    assert call > {"collect": 3, "sample": 5}.get(function, 10)
