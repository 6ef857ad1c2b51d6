"""Whole runs with real devices in this process: calm ones, and ones that are reset, cut off and misunderstood."""

import cbor2
import numpy as np
import pytest
from gateway_lab import QUICK, SCHEME, SHARED_B, SHARED_W, ForeignLink, Lab, TroubledLink, Troubles

from coordinator.orders import Status
from coordinator.rounds import run_rounds
from coordinator.state import RunState
from coordinator.strategies.load import load_strategy
from tinyfl.gateway.cohort import SessionCohort
from tinyfl.gateway.exchange import bring_base, train
from tinyfl.gateway.ledger import Ledger
from tinyfl.gateway.sessions import DeviceSession
from tinyfl.gateway.worker import run_order
from tinyfl.wire import messages as m

FETCH = 4


def essence(state: RunState) -> tuple[object, ...]:
    """What must not depend on what links and processes went through."""
    rounds = [
        (o.round, o.kind, o.version, o.shifts, o.missing, dict(o.digests), [
            (r.device, r.status, r.examples, r.steps, r.p_sum, r.saturated, dict(r.evaluations), r.weights_digest)
            for r in o.reports
        ])
        for o in state.outcomes
    ]  # fmt: skip
    return state.version, state.shifts, state.base.tolist(), rounds


def calm_run(lab: Lab) -> RunState:
    cohort = SessionCohort([lab.session(name) for name in lab.names])
    state = run_rounds(lab.plan(), load_strategy("average"), cohort)
    cohort.close()
    return state


def test_a_run_trains_shares_installs_and_personalises(lab: Lab) -> None:
    links = {name: lab.boot(name) for name in lab.names}
    cohort = SessionCohort([DeviceSession(n, lambda n=n: links[n], QUICK) for n in lab.names])
    installed: list[tuple[np.ndarray, ...]] = []

    def look(outcome) -> None:
        if outcome.kind == "install":
            installed.extend(link.weights() for link in links.values())

    plan = lab.plan()
    state = run_rounds(plan, load_strategy("average"), cohort, on_round=look)
    assert state.version == 3
    assert np.abs(state.base[SHARED_W.size :]).sum() > 0
    for w, f, b in installed:
        master = 256 * w.astype(np.int32) + f - 128
        np.testing.assert_array_equal(np.r_[master[SHARED_W], b[SHARED_B]], plan.model.factory + state.base)
    first, *_, install, personal = state.outcomes
    assert [r.examples for r in first.reports] == [15, 15, 15]
    assert [r.steps for r in first.reports] == [45, 45, 45]
    assert [sorted(r.evaluations) for r in install.reports] == [[1, 2]] * 3
    assert {r.evaluations[1][0] for r in install.reports} == {11}
    assert [r.examples for r in personal.reports] != [15, 15, 15]
    digests = {r.device: r.weights_digest for r in personal.reports}
    assert digests == {name: f"{link.weights_digest:08x}" for name, link in links.items()}
    assert len(set(digests.values())) == 3
    assert 0.3 < first.p_label < 1.0
    assert all(r.bytes_up > 0 and r.bytes_down > 0 and not r.events for o in state.outcomes for r in o.reports)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize(
    "rates",
    [
        {"lose": 0.2, "double": 0.2, "stray": 0.2},
        {"reset": 0.06},
        {"cut": 0.03, "reset": 0.03, "lose": 0.05, "double": 0.05, "stray": 0.1},
    ],
    ids=["line", "resets", "all"],
)
def test_troubles_cost_time_and_change_no_bit(lab: Lab, tmp_path, seed: int, rates: dict[str, float]) -> None:
    expected = essence(calm_run(lab))
    lab.folder = tmp_path / "troubled"
    links = {name: lab.boot(name) for name in lab.names}
    troubles = {name: Troubles(100 * seed + i, **rates) for i, name in enumerate(lab.names)}
    patience = type(QUICK)(answer=0.002, sends=200, poll=0.2, stall=10.0)
    sessions = [DeviceSession(n, lambda n=n: TroubledLink(links[n], troubles[n]), patience) for n in lab.names]
    state = run_rounds(lab.plan(attempts=10), load_strategy("average"), SessionCohort(sessions))
    assert essence(state) == expected
    struck = {k: sum(t.strikes.get(k, 0) for t in troubles.values()) for k in rates}
    assert all(struck.values()), struck


def test_an_order_given_again_is_answered_from_the_ledger_without_training(lab: Lab, tmp_path) -> None:
    session, order = lab.session("dev-0"), lab.order()
    first = run_order(session, order, Ledger(tmp_path / "ledger"))
    flash_writes = session.ask(m.Info(), m.Report).facts.flash_writes
    session.close()
    session = lab.session("dev-0")
    again = run_order(session, order, Ledger(tmp_path / "ledger"))
    assert again.status is Status.DONE
    assert again.delta is not None
    assert first.delta is not None
    np.testing.assert_array_equal(again.delta.q, first.delta.q)
    assert (again.examples, again.steps, again.p_sum) == (first.examples, first.steps, first.p_sum)
    assert (again.evaluations, again.weights_digest) == (first.evaluations, first.weights_digest)
    assert again.events == ("round 1 of device dev-0 answered from the ledger",)
    assert session.ask(m.Info(), m.Report).facts.flash_writes == flash_writes


def test_another_run_with_the_same_numbers_does_not_confuse_a_device(lab: Lab) -> None:
    session = lab.session("dev-0")
    base, other_base = (lab.model().clamp(k * np.arange(21)) for k in (1, 3))
    other = lab.order(version=1, base=other_base, epochs=1)
    bring_base(session, other, session.ask(m.Info(), m.Report).facts)
    train(session, other)
    report = run_order(session, lab.order(version=1, base=base), Ledger())
    fresh = Lab(lab.library, lab.folder / "fresh")
    expected = run_order(fresh.session("dev-0"), lab.order(version=1, base=base), Ledger())
    assert report.weights_digest == expected.weights_digest
    assert report.delta is not None
    assert expected.delta is not None
    np.testing.assert_array_equal(report.delta.q, expected.delta.q)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"scheme_id": 7}, "device dev-0 has scheme a5a5f00d, not 00000007; flash it"),
        ({"round": 1, "epochs": 5}, "has committed a round 1 that this gateway's ledger does not know"),
        ({"round": 2, "shifts": (3,)}, "device dev-0 refused train .argument shifts, has 3."),
    ],
)
def test_a_device_that_cannot_take_part_says_why(lab: Lab, changes: dict[str, object], message: str) -> None:
    session, ledger = lab.session("dev-0"), Ledger()
    assert run_order(session, lab.order(), ledger).status is Status.DONE
    report = run_order(session, lab.order(**changes), ledger)
    assert report.status is Status.REFUSED
    assert message.replace("(", ".").replace(")", ".") in report.events[-1].replace("(", ".").replace(")", ".")
    assert report.delta is None


def test_rounds_behind_the_device_and_wrong_names_are_refused(lab: Lab) -> None:
    session, ledger = lab.session("dev-0"), Ledger()
    run_order(session, lab.order(5), ledger)
    behind = run_order(session, lab.order(4), ledger)
    assert "has committed round 5, beyond 4; start the run at a later round" in behind.events[-1]
    session.close()
    wrong = run_order(DeviceSession("dev-7", lambda: lab.boot("dev-0"), QUICK), lab.order(6), ledger)
    assert (wrong.device, wrong.status) == ("dev-7", Status.REFUSED)
    assert "calls itself dev-0" in wrong.events[-1]


def test_a_half_sent_update_goes_on_after_a_reset(lab: Lab, monkeypatch) -> None:
    monkeypatch.setattr(m, "MAX_CHUNK_DATA", 8)
    calm = run_order(Lab(lab.library, lab.folder.with_name("calm")).session("dev-0"), lab.order(), Ledger())
    link, starts = lab.boot("dev-0"), []

    class Resetting(ForeignLink):
        def send(self, message: bytes) -> None:
            _, _, (kind, *arguments) = cbor2.loads(message)
            if kind == FETCH:
                starts.append(arguments[1])
                if len(starts) == 3:
                    link.reset()
            link.send(message)

    session = DeviceSession("dev-0", lambda: Resetting(link, lambda answer: answer), QUICK)
    report = run_order(session, lab.order(), Ledger())
    assert report.events == (
        "device dev-0 refused fetch (state state, has 0); asked again",
        "device dev-0 restarted in round 1",
    )
    assert 0 < starts[2] == starts[3]
    assert starts[3:] == sorted(set(starts[3:]))
    assert calm.delta is not None
    assert report.delta is not None
    np.testing.assert_array_equal(report.delta.q, calm.delta.q)


def of_protocol_2(answer: list[object]) -> list[object]:
    return [2, *answer[1:]]


def of_another_scheme(answer: list[object]) -> list[object]:
    def changed(part: object) -> object:
        return [changed(p) for p in part] if isinstance(part, list) else SCHEME ^ 1 if part == SCHEME else part

    return changed(answer)  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("rewrite", "said"),
    [
        (of_protocol_2, "device dev-1 speaks nonsense: The other side speaks protocol 2"),
        (of_another_scheme, "device dev-1 has scheme a5a5f00c, not a5a5f00d; flash it with this fleet's firmware"),
    ],
)
def test_a_device_of_another_fleet_is_named_and_takes_part_once_it_is_flashed(lab: Lab, rewrite, said: str) -> None:
    foreign = True

    def connect(name: str):
        return ForeignLink(lab.boot(name), rewrite) if name == "dev-1" and foreign else lab.boot(name)

    def flash(outcome) -> None:
        nonlocal foreign
        foreign = False
        sessions[1].close()  # as the cable does that is pulled for it

    patience = type(QUICK)(answer=0.02, sends=3, poll=0.5, stall=10.0)
    sessions = [DeviceSession(n, lambda n=n: connect(n), patience) for n in lab.names]
    state = run_rounds(lab.plan(attempts=1), load_strategy("average"), SessionCohort(sessions), on_round=flash)
    assert [o.missing for o in state.outcomes] == [("dev-1",), (), (), (), ()]
    assert said in state.outcomes[0].reports[1].events[-1]
    assert {r.status for r in state.outcomes[1].reports} == {Status.DONE}


def test_a_lost_ledger_is_admitted_and_the_other_devices_go_on(lab: Lab) -> None:
    order = lab.order()
    early = lab.session("dev-1")
    run_order(early, order, Ledger())
    early.close()
    cohort = SessionCohort([lab.session(n) for n in lab.names])
    state = run_rounds(lab.plan(), load_strategy("average"), cohort)
    assert state.outcomes[0].missing == ("dev-1",)
    assert "ledger does not know" in state.outcomes[0].reports[1].events[-1]
    assert state.outcomes[1].missing == ()
