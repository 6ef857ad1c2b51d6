"""The cohort of gateways over a grid of Flower's interface, with gateways that die, come late, or answer nonsense."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from uuid import uuid4

import pytest
from coordinator_lab import NumpyCohort, plan
from flwr.app import ConfigRecord, Error, Message, RecordDict
from flwr.serverapp import Grid
from flwr.supercore.task_identity import TaskIdentity

from coordinator.flower_cohort import FlowerCohort, Waiting
from coordinator.flower_records import order_from_records, reports_to_records
from coordinator.orders import RoundOrder
from coordinator.rounds import run_rounds
from coordinator.strategies.load import load_strategy

Content = RecordDict | Error | None
QUICK = Waiting(poll=0.001, round=5.0, newcomer=0.05)


class FakeGrid(Grid):
    """Nodes are functions from an order to content; None: the node died over it."""

    def __init__(self, nodes: dict[int, Callable[[RoundOrder], Content]]) -> None:
        self.nodes, self.online = nodes, set(nodes)
        self.replies: dict[str, Message] = {}
        self.looks = 0
        self.at_look: dict[int, Callable[[], None]] = {}
        TaskIdentity.run_id, TaskIdentity.node_id, TaskIdentity.task_id = 1, 1, 1

    def set_run(self, run) -> None: ...

    @property
    def run(self):
        raise NotImplementedError

    def create_message(self, *args, **more):
        raise NotImplementedError

    def send_and_receive(self, messages, *, timeout=None):
        raise NotImplementedError

    def get_node_ids(self) -> Iterable[int]:
        self.looks += 1
        self.at_look.pop(self.looks, lambda: None)()
        return list(self.online)

    def push_messages(self, messages: Iterable[Message]) -> Iterable[str]:
        ids = []
        for message in messages:
            ids.append(uuid4().hex)
            message.metadata.__dict__["_message_id"] = ids[-1]
            node = message.metadata.dst_node_id
            content = self.nodes[node](order_from_records(message.content))
            if content is None:
                self.online.discard(node)
            else:
                self.replies[ids[-1]] = Message(content, reply_to=message)
        return ids

    def pull_messages(self, message_ids: Iterable[str]) -> Iterable[Message]:
        return [self.replies.pop(i) for i in message_ids if i in self.replies]


def gateway(cohort: NumpyCohort, *names: str) -> Callable[[RoundOrder], RecordDict]:
    def answer(order: RoundOrder) -> RecordDict:
        reports = [cohort.report(d, order) for d in order.devices if d in names]
        return reports_to_records(reports, order.base.size)

    return answer


def died(order: RoundOrder) -> Content:
    return None


def failed(order: RoundOrder) -> Content:
    return Error(0, "out of memory")


def nonsense(order: RoundOrder) -> Content:
    return RecordDict({"x": ConfigRecord({"y": 1})})


def test_split_over_gateways_the_run_is_the_same() -> None:
    direct = run_rounds(plan(), load_strategy("average"), NumpyCohort())
    devices = NumpyCohort()
    grid = FakeGrid({1: gateway(devices, "dev-0", "dev-2"), 2: gateway(devices, "dev-1"), 3: gateway(devices)})
    split = run_rounds(plan(), load_strategy("average"), FlowerCohort(grid, QUICK))
    assert split.outcomes == direct.outcomes
    assert (split.base == direct.base).all()


@pytest.mark.parametrize("trouble", [died, failed, nonsense])
def test_a_gateway_that_joins_during_the_round_gets_its_order(trouble: Callable[[RoundOrder], Content]) -> None:
    direct = run_rounds(plan(), load_strategy("average"), NumpyCohort())
    devices = NumpyCohort()
    grid = FakeGrid({1: gateway(devices, "dev-0", "dev-2"), 2: trouble, 7: gateway(devices, "dev-1")})
    grid.online.discard(7)
    grid.at_look[4] = lambda: grid.online.add(7)
    state = run_rounds(plan(), load_strategy("average"), FlowerCohort(grid, QUICK))
    assert (state.base == direct.base).all()
    assert [o.missing for o in state.outcomes] == [()] * 6
    assert state.outcomes[0].reports[1].events == ("device dev-1 came through a gateway that joined during round 1",)
    assert not any(r.events for o in state.outcomes[1:] for r in o.reports)


def test_a_gateway_that_never_comes_back_closes_the_round_without_its_devices() -> None:
    devices = NumpyCohort()
    grid = FakeGrid({1: gateway(devices, "dev-0", "dev-2"), 2: died})
    state = run_rounds(plan(rounds=1, attempts=2), load_strategy("average"), FlowerCohort(grid, QUICK))
    assert [o.missing for o in state.outcomes] == [("dev-1",)] * 3
    assert [o.attempts for o in state.outcomes] == [2] * 3


def test_a_gateway_that_hangs_is_waited_for_until_the_round_is_over() -> None:
    grid = FakeGrid({1: gateway(NumpyCohort(), "dev-0", "dev-2"), 2: died})
    grid.online.add(2)
    push = grid.push_messages

    def keep_online(messages):
        ids = push(messages)
        grid.online.add(2)
        return ids

    grid.push_messages = keep_online  # type: ignore[method-assign]
    waiting = Waiting(poll=0.001, round=0.2, newcomer=0.01)
    order_plan = plan(rounds=1, attempts=1)
    state = run_rounds(order_plan, load_strategy("average"), FlowerCohort(grid, waiting))
    assert state.outcomes[0].missing == ("dev-1",)
