"""The whole conversation of docs/DESIGN.md with the C core, against NumPy where numbers come out."""

import numpy as np
import pytest
from device_lab import (
    FACTORY,
    SCHEME,
    SHARED,
    SHARED_B,
    SHARED_W,
    TENSOR_OF,
    WEIGHTS,
    Device,
    Flash,
    base_of,
    clamped,
    train_request,
)

from tinyfl.wire import messages as m
from tinyfl.wire.delta import encode_chunk, values_digest


def shared_part(device: Device) -> np.ndarray:
    w = device.plane("w", "i1", WEIGHTS).astype(np.int64)
    f = device.plane("f", "u1", WEIGHTS).astype(np.int64)
    return np.r_[(256 * w + f - 128)[SHARED_W], device.plane("b", "<i4", 6)[SHARED_B]]


def personal_part(device: Device) -> bytes:
    personal = np.delete(np.arange(WEIGHTS), SHARED_W)
    planes = [device.plane("w", "i1", WEIGHTS)[personal], device.plane("f", "u1", WEIGHTS)[personal]]
    return b"".join(p.tobytes() for p in planes) + device.plane("b", "<i4", 6)[3:].tobytes()


def delta_reference(local: np.ndarray, base: np.ndarray, residual: np.ndarray, shifts: tuple[int, ...]):
    """NUMERICS section 9 by the text, in wide integers."""
    shift = np.array(shifts)[TENSOR_OF]
    limit = np.where(np.arange(SHARED) < len(SHARED_W), 127, 32767)
    t = local - base + residual
    q = np.clip(np.floor(t / 2.0**shift + 0.5).astype(np.int64), -limit, limit)
    return q, np.clip(t - q * 2**shift, -32768, 32767)


def commit_round(device: Device, number: int, version: int, **changes: object) -> np.ndarray:
    device.put(base_of(version), version)
    assert device.ask(train_request(number, version, **changes)).phase == m.RoundPhase.TRAINING
    device.run()
    q, _ = device.fetch(number)
    assert device.ask(m.Commit(number)) == m.Committed(number)
    return q


def test_boots_as_shipped_and_says_hello(device: Device) -> None:
    assert device.status == 0
    request_id, hello = device.sent[0]
    assert request_id == 0
    facts = device.facts()
    assert hello == m.Hello(facts)
    assert (facts.name, facts.network, facts.scheme) == ("lab-1", 0x11223344, SCHEME)
    assert (facts.base_version, facts.base_digest) == (0, values_digest(np.zeros(SHARED)))
    assert (facts.state, facts.last_round, facts.boots, facts.fresh, facts.factory) == (0, 0, 1, 0, 6)
    assert device.collected == [(0, 0)]


def test_a_round_leaves_what_numpy_says(device: Device) -> None:
    residual = np.zeros(SHARED, np.int64)
    for number, version in ((1, 4), (2, 5), (5, 9)):
        base = clamped(base_of(version)) + FACTORY
        device.put(base_of(version), version)
        before = personal_part(device)
        request = train_request(number, version)
        answer = device.ask(request)
        assert answer.phase == m.RoundPhase.TRAINING
        np.testing.assert_array_equal(shared_part(device), base)
        assert personal_part(device) == before
        examples = answer.tally.examples
        assert device.run() == 2 * examples
        assert device.sent[-1] == (0, m.Done(m.DeviceState.TRAINED, number))
        assert personal_part(device) != before
        expected, residual_after = delta_reference(shared_part(device), base, residual, request.shifts)
        np.testing.assert_array_equal(device.plane("r", "<i2", SHARED), residual)
        q, last = device.fetch(number)
        np.testing.assert_array_equal(q, expected)
        assert np.abs(q).sum() > 0
        assert (last.tally.examples, last.tally.steps) == (examples, 2 * examples)
        assert 1000 * last.tally.steps <= last.tally.p_sum <= 32768 * last.tally.steps
        device.ask(m.Commit(number))
        residual = residual_after
        np.testing.assert_array_equal(device.plane("r", "<i2", SHARED), residual)
    assert np.abs(residual).sum() > 0
    assert device.collected == [(0, 0), (1, 1), (2, 2), (3, 5)]


def test_a_chunk_never_crosses_from_weights_to_biases(device: Device) -> None:
    device.put(base_of(0), 0)
    device.ask(train_request(1, 0))
    device.run()
    answer = device.ask(m.Fetch(1, 0, m.MAX_CHUNK_DATA))
    assert answer.count == len(SHARED_W)
    assert len(device.raw[-1]) <= m.MAX_MESSAGE


def test_every_request_may_be_repeated(device: Device) -> None:
    device.put(base_of(3), 3)
    device.put(base_of(3), 3)
    request = train_request(1, 3)
    first = device.ask(request)
    device.run(limit=4)
    again = device.ask(request)
    assert (again.phase, again.tally.steps) == (m.RoundPhase.TRAINING, 4)
    device.put(base_of(3), 3)
    device.run()
    assert device.facts().state == m.DeviceState.TRAINED
    digest = device.facts().weights_digest
    device.put(base_of(3), 3)
    assert device.ask(request).phase == m.RoundPhase.TRAINED
    q, _ = device.fetch(1, 7)
    q2, _ = device.fetch(1, 30)
    np.testing.assert_array_equal(q, q2)
    device.ask(m.Commit(1))
    residual, writes = device.plane("r", "<i2", SHARED), device.facts().flash_writes
    assert device.ask(m.Commit(1)) == m.Committed(1)
    assert device.ask(request) == m.Trained(1, m.RoundPhase.COMMITTED, m.Tally(0, 0, 0, 0, 0))
    np.testing.assert_array_equal(device.plane("r", "<i2", SHARED), residual)
    assert device.facts().flash_writes == writes == 2
    assert device.facts().weights_digest == digest
    assert first.tally.steps == 0


def test_zero_epochs_install_the_base(device: Device) -> None:
    commit_round(device, 1, 2)
    personal = personal_part(device)
    device.put(base_of(8), 8)
    assert device.ask(train_request(2, 8, epochs=0, share=False)).phase == m.RoundPhase.TRAINED
    np.testing.assert_array_equal(shared_part(device), clamped(base_of(8)) + FACTORY)
    assert personal_part(device) == personal
    assert device.collected == [(0, 0), (1, 1)]
    assert device.ask(train_request(2, 8)).phase == m.RoundPhase.TRAINING
    assert (device.facts().base_version, device.facts().base_digest) == (8, values_digest(clamped(base_of(8))))
    device.run()
    assert device.ask(m.Commit(2)) == m.Committed(2)


def test_personal_training_makes_no_delta_but_is_kept(device: Device) -> None:
    commit_round(device, 1, 2)
    residual = device.plane("r", "<i2", SHARED)
    device.ask(train_request(2, 2, share=False, replay=False, shifts=()))
    device.run()
    refusal = device.ask(m.Fetch(2, 0, 100))
    assert refusal == m.Failed(m.ErrorCode.STATE, m.ErrorField.STATE, m.DeviceState.TRAINED)
    digest = device.facts().weights_digest
    device.ask(m.Commit(2))
    np.testing.assert_array_equal(device.plane("r", "<i2", SHARED), residual)
    again = Device(device.library, device.flash, device.wearer)
    assert again.facts().weights_digest == digest


def test_without_replay_only_fresh_windows_are_learned(device: Device) -> None:
    fresh = device.ask(train_request(1, 0, replay=False, epochs=3)).tally.examples
    assert fresh == device.facts().fresh == 5
    assert device.facts().total == 15
    assert device.run() == 15


def test_a_new_round_drops_one_that_was_not_committed(library, flash, device: Device) -> None:
    commit_round(device, 1, 2)
    device.put(base_of(3), 3)
    device.ask(train_request(2, 3))
    device.run()
    device.put(base_of(4), 4)
    assert device.facts().state == m.DeviceState.IDLE
    device.ask(train_request(3, 4))
    device.run()
    other = Device(library, type(flash)(len(flash.data)), device.wearer)
    commit_round(other, 1, 2)
    other.put(base_of(4), 4)
    other.ask(train_request(3, 4))
    other.run()
    assert device.facts().weights_digest == other.facts().weights_digest
    np.testing.assert_array_equal(device.fetch(3)[0], other.fetch(3)[0])


@pytest.mark.parametrize(
    "changes",
    [{"round_number": 2}, {"epochs": 3}, {"lr_shift": 2}, {"share": False}, {"replay": False}, {"shifts": (3, 4, 1)}],
)
def test_another_job_replaces_the_one_under_way(library, flash, device: Device, changes: dict[str, object]) -> None:
    changed = train_request(**({"round_number": 1, "version": 0} | changes))  # type: ignore[arg-type]
    device.ask(train_request(1, 0))
    device.run(limit=3)
    assert device.ask(changed).tally.steps == 0
    device.run()
    fresh = Device(library, Flash(len(flash.data)), device.wearer)
    fresh.ask(changed)
    fresh.run()
    assert device.facts().weights_digest == fresh.facts().weights_digest
    assert device.facts().round == changed.round


def test_evaluation_counts_like_numpy(device: Device) -> None:
    commit_round(device, 1, 0, epochs=6)
    assert device.ask(m.Evaluate(1)) == m.Score(1, False, 0, 0)
    device.run(limit=2)
    assert device.facts().state == m.DeviceState.EVALUATING
    assert device.ask(m.Evaluate(1)).count == 2
    device.run()
    assert device.sent[-1] == (0, m.Done(m.DeviceState.IDLE, 0))
    w = device.plane("w", "i1", WEIGHTS).astype(np.int64)
    matrix = np.c_[w[:12].reshape(3, 4), w[12:18].reshape(3, 2), w[18:].reshape(3, 2)]
    b = device.plane("b", "<i4", 6).astype(np.int64)
    samples = device.wearer.test_set(1)
    guesses = [int(np.argmax(np.clip((matrix @ x + b[:3] + b[3:] + 8) >> 4, -32768, 32767))) for x, _ in samples]
    correct = sum(g == label for g, (_, label) in zip(guesses, samples, strict=True))
    assert device.ask(m.Evaluate(1)) == m.Score(1, True, 5, correct)
    assert device.ask(train_request(2, 0, epochs=0)).phase == m.RoundPhase.TRAINED
    assert device.ask(m.Evaluate(1)) == m.Score(1, False, 0, 0)
    device.run()
    assert device.ask(m.Evaluate(1)).finished
    assert device.ask(m.Evaluate(9)) == m.Failed(m.ErrorCode.EMPTY, m.ErrorField.SET, 9)


F, C = m.ErrorField, m.ErrorCode


@pytest.mark.parametrize(
    ("request_", "code", "field", "have"),
    [
        (m.Put(1, 1, 0, 1, 0, b"\0"), C.VERSION, F.SCHEME, SCHEME),
        (m.Put(SCHEME, 1, SHARED, 1, 0, b"\0"), C.ARGUMENT, F.START, SHARED),
        (m.Put(SCHEME, 1, 17, 2, 0, b"\0"), C.ARGUMENT, F.COUNT, 1),
        (m.Put(SCHEME, 1, 3, 0, 0, b""), C.ARGUMENT, F.COUNT, 15),
        (m.Put(SCHEME, 1, 0, 9, 0, b"\0"), C.MALFORMED, F.DATA, 0),
        (m.Put(SCHEME, 1, 0, 8, 0, b"\0\0"), C.MALFORMED, F.DATA, 0),
        (m.Put(SCHEME, 1, 0, 7, 0, b"\1"), C.MALFORMED, F.DATA, 0),
        (train_request(1, 0, scheme=2), C.VERSION, F.SCHEME, SCHEME),
        (train_request(0, 0), C.ARGUMENT, F.ROUND, 0),
        (train_request(1, 6), C.VERSION, F.BASE_VERSION, 0),
        (train_request(1, 0, digest=5), C.DIGEST, F.DIGEST, values_digest(np.zeros(SHARED))),
        (train_request(1, 0, shifts=(1,)), C.ARGUMENT, F.SHIFTS, 3),
        (m.Fetch(1, 0, 50), C.STATE, F.STATE, 0),
        (m.Commit(1), C.STATE, F.STATE, 0),
    ],
)
def test_refusals_say_what_disagrees_and_change_nothing(device: Device, request_, code, field, have) -> None:
    before = device.facts()
    assert device.ask(request_) == m.Failed(code, field, have)
    assert device.facts() == before


def test_refusals_while_training_and_after(device: Device) -> None:
    commit_round(device, 4, 2)
    assert device.ask(train_request(3, 2)) == m.Failed(C.STATE, F.ROUND, 4)
    device.ask(train_request(6, 2))
    assert device.ask(m.Evaluate(0)) == m.Failed(C.STATE, F.STATE, m.DeviceState.TRAINING)
    assert device.push(np.zeros(8, np.int8), 0, 0) == -5
    assert device.ask(m.Commit(6)) == m.Failed(C.STATE, F.STATE, m.DeviceState.TRAINING)
    device.run()
    assert device.ask(m.Commit(5)) == m.Failed(C.STATE, F.ROUND, 6)
    assert device.ask(m.Fetch(5, 0, 50)) == m.Failed(C.STATE, F.ROUND, 6)
    assert device.ask(m.Fetch(6, SHARED, 50)) == m.Failed(C.ARGUMENT, F.START, SHARED)
    assert device.ask(m.Fetch(6, 0, 6)) == m.Failed(C.ARGUMENT, F.SPACE, 7)


def test_a_base_beyond_the_limits_is_clamped_and_its_digest_refused(device: Device) -> None:
    wild = np.full(SHARED, 2**30 + 12345, np.int32)
    device.put(wild, 1)
    legal = clamped(wild.astype(np.int64))
    refusal = device.ask(train_request(1, 1, digest=values_digest(wild)))
    assert refusal == m.Failed(C.DIGEST, F.DIGEST, values_digest(legal))
    device.ask(train_request(1, 1, digest=values_digest(legal), epochs=0))
    np.testing.assert_array_equal(shared_part(device), FACTORY + legal)


def test_a_base_arrives_in_any_order_and_any_sizes(device: Device) -> None:
    base = base_of(11)
    for start in (20, 18, 19, 0, 5, 17, 10, 3):
        end = len(SHARED_W) if start < len(SHARED_W) else SHARED
        chunk = encode_chunk(base[start:end], start)
        device.ask(m.Put(SCHEME, 11, start, chunk.count, chunk.k, chunk.data))
    assert device.facts().base_digest == values_digest(clamped(base))
