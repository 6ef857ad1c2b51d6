"""Memory plans against a brute-force check that shares no code with the planner or its verifier."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from networks import Network, compile_network, networks, randomise, schemes
from torch import nn

from tinyfl.compiler.memory import plan_memory
from tinyfl.compiler.plan_check import verify
from tinyfl.errors import BudgetError
from tinyfl.types import Int8Graph, LayerUpdate, MemoryPlan, Overlap, Placement, Program, Step, UpdateScheme

NO_GRAPH = Int8Graph((), {}, {}, "x", "y")


def program_of(steps: list[Step], sizes: dict[str, int]) -> Program:
    return Program(NO_GRAPH, {}, tuple(steps), sizes, 8, 0.0)


@st.composite
def programs(draw: st.DrawFn, buffers: int = 8, in_place: bool = True) -> Program:
    """Any straight-line program: each step writes a new buffer or adds to an old one, and reads some older ones."""
    sizes: dict[str, int] = {}
    steps = []
    for i in range(draw(st.integers(1, buffers))):
        old = sorted(sizes)
        reads = draw(st.lists(st.sampled_from(old), unique=True, max_size=3)) if old else []
        if old and draw(st.integers(0, 3)) == 0:
            target = draw(st.sampled_from(old))
            steps.append(Step("input_grad", 0, 0, tuple({*reads, target}), (target,), True))
            continue
        name = f"b{i}"
        same = draw(st.booleans()) and reads and in_place
        sizes[name] = sizes[reads[0]] if same else draw(st.integers(1, 60))
        leads = {r: draw(st.integers(-sizes[r], sizes[name])) for r in reads} if in_place else {}
        overlaps = tuple(Overlap(name, r, 0 if same else lead) for r, lead in leads.items())
        steps.append(Step("forward", 0, 0, tuple(reads), (name,), overlaps=overlaps))
    assume(sizes)
    return program_of(steps, sizes)


def padded(size: int) -> int:
    return (size + 7) // 8 * 8


def uses(program: Program, name: str) -> list[int]:
    return [i for i, s in enumerate(program.steps) if name in s.reads or name in s.writes]


def live(program: Program, i: int) -> set[str]:
    """Buffers that hold something of use while step i runs."""
    return {b for b in program.buffer_bytes if uses(program, b) and uses(program, b)[0] <= i <= uses(program, b)[-1]}


def check_bytes(plan: MemoryPlan, program: Program) -> None:
    """Executes the program on an arena of marks: what a step reads is what the last writer of that name left."""
    arena = np.zeros(plan.arena_bytes, np.int64)
    marks: dict[str, np.ndarray] = {}
    clock = itertools.count(1)
    for i, step in enumerate(program.steps):
        allowed = {(o.written, o.read): o.lead for o in step.overlaps if uses(program, o.read)[-1] == i}
        for name in step.reads:
            if name in program.buffer_bytes:
                p = plan.placements[name]
                assert np.array_equal(arena[p.offset : p.offset + p.size], marks[name]), (i, name)
        for name in step.writes:
            p = plan.placements[name]
            assert p.size == program.buffer_bytes[name]
            assert p.offset % 8 == 0
            assert 0 <= p.offset <= plan.arena_bytes - p.size
            for other in {*step.reads, *step.writes} & set(program.buffer_bytes) - {name}:
                q = plan.placements[other]
                if (name, other) in allowed and q.offset - p.offset >= allowed[name, other]:
                    continue
                assert p.offset + p.size <= q.offset or q.offset + q.size <= p.offset, (i, name, other)
            marks[name] = np.array([next(clock) for _ in range(p.size)])
            arena[p.offset : p.offset + p.size] = marks[name]


def check_bounds(plan: MemoryPlan, program: Program) -> None:
    sizes = {name: padded(size) for name, size in program.buffer_bytes.items() if uses(program, name)}
    assert plan.arena_bytes <= sum(sizes.values())
    for i, step in enumerate(program.steps):
        total = sum(sizes[b] for b in live(program, i))
        shared = {o.written: 0 for o in step.overlaps}
        for o in step.overlaps:
            shared[o.written] = min(sizes[o.written], shared[o.written] + sizes.get(o.read, 0))
        assert plan.arena_bytes >= total - sum(shared.values())


def check_plan(program: Program) -> MemoryPlan:
    plan = plan_memory(program)
    check_bytes(plan, program)
    check_bounds(plan, program)
    verify(plan, program)
    assert plan_memory(program) == plan
    return plan


@settings(max_examples=300, deadline=None, derandomize=True)
@given(programs())
def test_random_programs(program: Program) -> None:
    check_plan(program)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(programs(buffers=5, in_place=False))
def test_never_below_the_best_of_all_placement_orders(program: Program) -> None:
    names = [b for b in program.buffer_bytes if uses(program, b)]
    conflicts = {frozenset(c) for i in range(len(program.steps)) for c in itertools.combinations(live(program, i), 2)}
    best = min(_first_fit(order, program, conflicts) for order in itertools.permutations(names))
    assert best <= plan_memory(program).arena_bytes <= 2 * best


def _first_fit(order: tuple[str, ...], program: Program, conflicts: set[frozenset[str]]) -> int:
    at: dict[str, int] = {}
    for name in order:
        size = padded(program.buffer_bytes[name])
        rivals = [(at[o], at[o] + padded(program.buffer_bytes[o])) for o in at if frozenset((o, name)) in conflicts]
        starts = [0, *(end for _, end in rivals)]
        at[name] = min(s for s in starts if all(s + size <= lo or hi <= s for lo, hi in rivals))
    return max(at[n] + padded(program.buffer_bytes[n]) for n in at)


@settings(max_examples=25, deadline=None, derandomize=True)
@given(st.data(), networks())
def test_random_networks(data: st.DataObject, network: Network) -> None:
    bundle = compile_network(network, data.draw(schemes(network.graph())), calibration=8)
    assert check_plan(bundle.program) == bundle.plan


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.data(), programs())
def test_the_verifier_finds_two_live_buffers_in_one_place(data: st.DataObject, program: Program) -> None:
    plan = plan_memory(program)
    pairs = set()
    for i, step in enumerate(program.steps):
        later = {b for s in program.steps[i:] for b in s.reads}
        for written in step.writes:
            pairs |= {(written, b) for b in live(program, i) & later - {written}}
    mergeable = {(o.written, o.read) for step in program.steps for o in step.overlaps}
    pairs = {(a, b) for a, b in pairs if uses(program, b)[0] < uses(program, b)[-1] and (a, b) not in mergeable}
    pairs = {(a, b) for a, b in pairs if uses(program, b)[0] < uses(program, a)[0] <= _last_read(program, b)}
    assume(pairs)
    a, b = data.draw(st.sampled_from(sorted(pairs)))
    offset = plan.placements[b].offset
    broken = replace(plan, placements={**plan.placements, a: replace(plan.placements[a], offset=offset)})
    with pytest.raises(BudgetError):
        verify(replace(broken, arena_bytes=plan.arena_bytes + 64), program)


def _last_read(program: Program, name: str) -> int:
    return max(i for i, s in enumerate(program.steps) if name in s.reads)


class TestVerifier:
    steps = (
        Step("forward", 0, reads=("x",), writes=("a",)),
        Step("forward", 1, reads=("a",), writes=("b",), overlaps=(Overlap("b", "a", 0),)),
        Step("forward", 2, reads=("a", "b"), writes=("c",)),
    )
    program = program_of(list(steps), {"a": 8, "b": 8, "c": 16})

    def plan(self, a: int, b: int, c: int, arena: int = 64, **sizes: int) -> MemoryPlan:
        at = {"a": (a, 8), "b": (b, 8), "c": (c, 16)}
        return MemoryPlan(arena, {n: Placement(o, sizes.get(n, s), 0, 2) for n, (o, s) in at.items()})

    def test_accepts_a_good_plan(self) -> None:
        verify(self.plan(0, 8, 16), self.program)

    @pytest.mark.parametrize(
        "broken",
        [
            {"a": 0, "b": 0, "c": 16},  # in place, but a is read later
            {"a": 0, "b": 4, "c": 16},
            {"a": 0, "b": 8, "c": 8},
            {"a": 0, "b": 8, "c": 16, "arena": 31},
            {"a": 0, "b": 8, "c": 17},  # unaligned
        ],
    )
    def test_refuses(self, broken: dict[str, int]) -> None:
        with pytest.raises(BudgetError):
            verify(self.plan(**broken), self.program)

    def test_refuses_a_buffer_without_place_or_with_another_size(self) -> None:
        plan = self.plan(0, 8, 16)
        with pytest.raises(BudgetError):
            verify(replace(plan, placements={n: plan.placements[n] for n in "ab"}), self.program)
        with pytest.raises(BudgetError):
            verify(
                replace(plan, placements={**plan.placements, "c": replace(plan.placements["c"], size=8)}), self.program
            )

    def test_finds_an_overwritten_sum(self) -> None:
        steps = [
            Step("input_grad", 0, reads=(), writes=("g",)),
            Step("input_grad", 0, reads=(), writes=("h",)),
            Step("input_grad", 0, reads=("h", "g"), writes=("g",), accumulate=True),
        ]
        plan = MemoryPlan(16, {"g": Placement(0, 8, 0, 2), "h": Placement(0, 8, 1, 2)})
        with pytest.raises(BudgetError):
            verify(plan, program_of(steps, {"g": 8, "h": 8}))


def residual_network() -> Network:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a, self.b, self.fc = nn.Conv2d(2, 4, 3), nn.Conv2d(4, 4, 1), nn.Linear(4, 3)

        def forward(self, x):  # type: ignore[no-untyped-def]
            y = self.a(x)
            return self.fc((self.b(y) + y).mean((2, 3)))

    return Network(randomise(Net(), 0), (2, 14, 14))  # maps so large that the sum decides the arena


class TestInPlace:
    def places(self, scheme: UpdateScheme) -> tuple[Program, MemoryPlan]:
        bundle = compile_network(residual_network(), scheme, calibration=8)
        check_plan(bundle.program)
        return bundle.program, bundle.plan

    def test_a_sum_whose_operands_die_takes_one_s_place(self) -> None:
        program, plan = self.places(UpdateScheme((LayerUpdate("fc", 1.0),)))
        add = next(n for n in program.graph.nodes if n.op == "add")
        at = {plan.placements[t].offset for t in add.inputs if t in plan.placements}
        assert plan.placements[add.output].offset in at
        assert plan.arena_bytes < 3 * plan.placements[add.output].size

    def test_a_sum_leaves_an_operand_alone_that_the_backward_pass_reads(self) -> None:
        program, plan = self.places(UpdateScheme((LayerUpdate("b", 1.0), LayerUpdate("fc", 1.0))))
        add = next(n for n in program.graph.nodes if n.op == "add")
        conv = next(n for n in program.graph.nodes if n.name == "b")
        assert plan.placements[add.output].offset != plan.placements[conv.inputs[0]].offset

    def test_every_read_that_accumulates_is_in_the_program(self) -> None:
        program, _ = self.places(UpdateScheme((LayerUpdate("a", 1.0), LayerUpdate("b", 1.0))))
        sums = [s for s in program.steps if s.accumulate]
        assert sums
        assert all(s.writes[0] in s.reads for s in sums)
