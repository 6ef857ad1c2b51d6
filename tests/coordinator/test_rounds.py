"""The round loop against its equations, with lost devices, bad updates, and a coordinator that is killed."""

from dataclasses import replace
from fractions import Fraction
from math import floor

import numpy as np
import pytest
from coordinator_lab import SIZE, TENSOR_OF, TENSORS, WEIGHTS, NumpyCohort, model, plan

from coordinator.orders import DeviceReport, RoundOrder, Status
from coordinator.plan import load_plan, save_plan
from coordinator.rounds import run_rounds
from coordinator.state import RunState, load_state
from coordinator.strategies.base import Strategy
from coordinator.strategies.load import load_strategy
from tinyfl.errors import RunError


def same(a: RunState, b: RunState) -> bool:
    return (a.version, a.shifts, a.outcomes) == (b.version, b.shifts, b.outcomes) and np.array_equal(a.base, b.base)


def reference_base(cohort: NumpyCohort, rounds: int) -> np.ndarray:
    """Global model after the shared rounds, in exact fractions from the text."""
    factory = [int(v) for v in model().factory]
    limit = [32512] * WEIGHTS + [1 << 30] * (SIZE - WEIGHTS)
    base = [0] * SIZE
    for number in range(1, rounds + 1):
        deltas = [d for (_, r), d in cohort.done.items() if r == number]
        total = sum(d.examples for d in deltas)
        for i in range(SIZE):
            sum_q = sum(d.examples * int(d.q[i]) * 2 ** d.shifts[TENSOR_OF[i]] for d in deltas)
            step = floor(Fraction(sum_q, total) + Fraction(1, 2))
            base[i] = min(max(factory[i] + base[i] + step, -limit[i]), limit[i]) - factory[i]
    return np.array(base)


def test_rounds_follow_the_text() -> None:
    cohort = NumpyCohort()
    state = run_rounds(plan(rounds=6), load_strategy("average"), cohort)
    np.testing.assert_array_equal(state.base, reference_base(cohort, 6))
    assert np.abs(state.base).max() > 0
    assert state.version == 6
    assert [o.version for o in state.outcomes] == [0, 1, 2, 3, 4, 5, 6, 6]
    assert [o.kind for o in state.outcomes] == ["shared"] * 6 + ["install", "personal"]
    install, personal = cohort.asked[-2:]
    assert (install.epochs, install.share, install.evaluate, personal.share, personal.lr_shift) == (
        0, True, (0, 1), False, 1,
    )  # fmt: skip
    np.testing.assert_array_equal(install.base, state.base)
    assert state.outcomes[0].p_label == 0.5
    assert [r.device for r in state.outcomes[0].reports] == ["dev-0", "dev-1", "dev-2"]


def test_steps_settle_at_twice_the_rms_from_either_side() -> None:
    for start in (0, 12):
        shifts = run_rounds(plan(rounds=25, delta_shift=start), load_strategy("average"), NumpyCohort()).shifts
        ratio = 2.0 ** np.array(shifts) / np.array([30, 30, 4000, 4000])
        assert ((ratio >= 1.0) & (ratio <= 4.1)).all(), shifts


def test_a_lost_device_is_asked_again_and_changes_nothing() -> None:
    calm = run_rounds(plan(), load_strategy("average"), NumpyCohort())
    cohort = NumpyCohort(silent={(2, 1, "dev-1"), (3, 1, "dev-0"), (3, 1, "dev-2"), (3, 2, "dev-0")})
    shaken = run_rounds(plan(), load_strategy("average"), cohort)
    assert np.array_equal(calm.base, shaken.base)
    assert [o.attempts for o in shaken.outcomes] == [1, 2, 3, 1, 1, 1]
    assert [o.devices for o in cohort.asked if o.round == 3] == [
        ("dev-0", "dev-1", "dev-2"), ("dev-0", "dev-2"), ("dev-0",),
    ]  # fmt: skip
    assert all(not o.missing for o in shaken.outcomes)


def test_a_round_closes_without_a_device_that_stays_away_and_says_so() -> None:
    cohort = NumpyCohort(silent={(2, a, "dev-1") for a in (1, 2)})
    state = run_rounds(plan(attempts=2), load_strategy("average"), cohort)
    assert [o.missing for o in state.outcomes] == [(), ("dev-1",), (), (), (), ()]
    assert sorted(state.outcomes[1].digests) == ["dev-0", "dev-2"]
    np.testing.assert_array_equal(state.base, reference_base(cohort, 4))


def test_a_round_nobody_finishes_stops_the_run_and_can_be_resumed(tmp_path) -> None:
    names = plan().devices
    silent = NumpyCohort(silent={(3, a, d) for a in (1, 2, 3) for d in names})
    with pytest.raises(RunError, match=r"no device finished round 3 .*reconnect and run again"):
        run_rounds(plan(), load_strategy("average"), silent, tmp_path / "run")
    silent.silent.clear()
    state = run_rounds(plan(), load_strategy("average"), silent, tmp_path / "run")
    assert same(state, run_rounds(plan(), load_strategy("average"), NumpyCohort()))


class Momentum(Strategy):
    """Keeps the last step in its memory."""

    def aggregate(self, deltas, examples, round):
        last = self.memory.get("last", np.zeros(deltas.shape[1], np.int64))
        self.memory["last"] = deltas.sum(axis=0) // len(deltas) + last // 2
        return self.memory["last"]


@pytest.mark.parametrize("stop_after", [1, 3, 5])
def test_a_killed_coordinator_resumes_with_the_same_result(tmp_path, stop_after: int) -> None:
    class Killed(Exception):
        pass

    def kill(outcome) -> None:
        if outcome.round == stop_after:
            raise Killed

    expected = run_rounds(plan(), Momentum(), NumpyCohort())
    cohort = NumpyCohort()
    with pytest.raises(Killed):
        run_rounds(plan(), Momentum(), cohort, tmp_path / "run", kill)
    resumed = run_rounds(plan(), Momentum(), cohort, tmp_path / "run")
    assert same(resumed, expected)
    assert len(cohort.asked) == 6
    assert same(load_state(plan(), tmp_path / "run"), expected)
    assert run_rounds(plan(), Momentum(), NumpyCohort(), tmp_path / "run").version == expected.version


def test_a_checkpoint_of_another_run_or_a_torn_one_is_refused(tmp_path) -> None:
    run_rounds(plan(), load_strategy("average"), NumpyCohort(), tmp_path / "run")
    with pytest.raises(RunError, match="belongs to another run"):
        run_rounds(plan(rounds=5), load_strategy("average"), NumpyCohort(), tmp_path / "run")
    (tmp_path / "run").write_bytes((tmp_path / "run").read_bytes()[:100])
    with pytest.raises(RunError, match="cannot be read"):
        run_rounds(plan(), load_strategy("average"), NumpyCohort(), tmp_path / "run")


BAD = {
    "out of range": lambda d: replace(d, q=np.where(np.arange(SIZE) == 3, 128, d.q).astype(np.int32)),
    "does not match its digest": lambda d: replace(d, digest=d.digest ^ 1),
    "of scheme 0000beee": lambda d: replace(d, scheme_id=d.scheme_id ^ 1),
    "from version": lambda d: replace(d, base_version=99),
    "76 parameters instead of 77": lambda d: replace(d, q=d.q[:-1]),
    "the update of dev-9": lambda d: replace(d, device="dev-9"),
}


@pytest.mark.parametrize("reason", BAD)
def test_a_wrong_update_is_left_out_with_its_reason(reason: str) -> None:
    class OneBad(NumpyCohort):
        def report(self, device: str, order: RoundOrder) -> DeviceReport:
            report = super().report(device, order)
            bad = device == "dev-1" and order.trains_shared
            return replace(report, delta=BAD[reason](report.delta)) if bad and report.delta else report

    state = run_rounds(plan(), load_strategy("average"), OneBad())
    honest = run_rounds(plan(), load_strategy("average"), NumpyCohort(
        silent={(r, a, "dev-1") for r in range(1, 5) for a in (1, 2, 3)}))  # fmt: skip
    assert np.array_equal(state.base, honest.base)
    first = state.outcomes[0]
    assert first.missing == ("dev-1",)
    assert first.attempts == 1
    assert first.reports[1].status is Status.REFUSED
    assert reason in first.reports[1].events[-1]


def test_the_base_stays_within_the_limits_of_the_masters() -> None:
    class Push(Strategy):
        def aggregate(self, deltas, examples, round):
            return np.where(np.arange(SIZE) % 2, 10**9, -(10**9))

    state = run_rounds(plan(), Push(), NumpyCohort())
    master = model().factory.astype(np.int64) + state.base
    sign = np.where(np.arange(SIZE) % 2, 1, -1)
    np.testing.assert_array_equal(master, sign * np.where(np.arange(SIZE) < WEIGHTS, 32512, 1 << 30))


def test_a_plan_survives_its_file(tmp_path) -> None:
    before = plan(devices=2, first_round=7)
    save_plan(before, tmp_path / "plan")
    after = load_plan(tmp_path / "plan")
    assert after.fingerprint == before.fingerprint
    assert (after.rounds, after.devices, after.model.tensors) == (before.rounds, before.devices, TENSORS)
    cohort = NumpyCohort()
    run_rounds(after, load_strategy("average"), cohort)
    assert [o.round for o in cohort.asked] == [7, 8, 9, 10, 11, 12]
