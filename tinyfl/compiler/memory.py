"""Static memory planning: every buffer of a program gets an offset in one arena.

Buffers that an instruction may write over in place are merged first; then several placement orders are tried, each
buffer going to the lowest offset that is free during its life, and the smallest arena wins. ``verify`` shares no code
with the planner.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tinyfl.errors import BudgetError
from tinyfl.types import MemoryPlan, Placement, Program

ALIGNMENT = 8
Life = tuple[int, int]
Key = Callable[[str], tuple[int, ...]]


def lifetimes(program: Program) -> dict[str, Life]:
    """First and last step of each arena buffer, both included."""
    lives: dict[str, Life] = {}
    for i, step in enumerate(program.steps):
        for name in (*step.reads, *step.writes):
            if name in program.buffer_bytes:
                first, _ = lives.get(name, (i, i))
                lives[name] = (first, i)
    return lives


def plan_memory(program: Program) -> MemoryPlan:
    """The smallest arena over a fixed list of placement orders; deterministic."""
    lives = lifetimes(program)
    owner = _merge_in_place(program, lives)
    groups: dict[str, Life] = {}
    sizes: dict[str, int] = {}
    for name, (first, last) in lives.items():
        root = owner[name]
        start, end = groups.get(root, (first, last))
        groups[root] = (min(start, first), max(end, last))
        sizes[root] = max(sizes.get(root, 0), _aligned(program.buffer_bytes[name]))
    orders: tuple[Key, ...] = (
        lambda n: (-sizes[n], groups[n][0]),
        lambda n: (groups[n][0], -sizes[n]),
        lambda n: (-(groups[n][1] - groups[n][0]), -sizes[n]),
        lambda n: (-sizes[n] * (groups[n][1] - groups[n][0] + 1), groups[n][0]),
    )
    candidates = [_place(sorted(groups, key=key), groups, sizes) for key in orders]
    offsets = min(candidates, key=lambda c: _height(c, sizes))
    placements = {
        name: Placement(offsets[owner[name]], program.buffer_bytes[name], *lives[name]) for name in sorted(lives)
    }
    return MemoryPlan(_height(offsets, sizes), placements)


def _aligned(size: int) -> int:
    return -(-size // ALIGNMENT) * ALIGNMENT


def _height(offsets: Mapping[str, int], sizes: Mapping[str, int]) -> int:
    return max((offset + sizes[n] for n, offset in offsets.items()), default=0)


def _merge_in_place(program: Program, lives: Mapping[str, Life]) -> dict[str, str]:
    """Root buffer of each buffer: a written one joins the read one that dies in the same step."""
    owner = {name: name for name in lives}
    for i, step in enumerate(program.steps):
        for written, read in step.in_place:
            if read in lives and lives[read][1] == i and lives[written][0] == i and owner[written] == written:
                owner[written] = owner[read]
                break
    return owner


def _place(order: list[str], lives: Mapping[str, Life], sizes: Mapping[str, int]) -> dict[str, int]:
    offsets: dict[str, int] = {}
    for name in order:
        first, last = lives[name]
        taken = sorted(
            (offsets[o], offsets[o] + sizes[o]) for o in offsets if lives[o][0] <= last and first <= lives[o][1]
        )
        at = 0
        for start, end in taken:
            if start - at >= sizes[name]:
                break
            at = max(at, end)
        offsets[name] = at
    return offsets


def verify(plan: MemoryPlan, program: Program) -> None:
    """Raise BudgetError if a step finds a buffer overwritten: replays the program byte by byte."""
    for name in {n for step in program.steps for n in (*step.reads, *step.writes)} & set(program.buffer_bytes):
        place = plan.placements.get(name)
        if place is None or place.size != program.buffer_bytes[name] or place.offset % ALIGNMENT or place.offset < 0:
            raise BudgetError(f"memory plan: {name} has no aligned place of {program.buffer_bytes[name]} bytes")
        if place.offset + place.size > plan.arena_bytes:
            raise BudgetError(f"memory plan: {name} ends beyond the arena")
    arena: list[str | None] = [None] * plan.arena_bytes
    for step in program.steps:
        where = f"step {step.action} of node {step.node}"
        touched = {n: plan.placements[n] for n in (*step.reads, *step.writes) if n in program.buffer_bytes}
        for name in step.reads:
            place = touched.get(name)
            if place and any(holder != name for holder in arena[place.offset : place.offset + place.size]):
                raise BudgetError(f"memory plan: {name} is overwritten before {where}")
        for name in step.writes:
            place = touched[name]
            for other, rival in touched.items():
                apart = rival.offset + rival.size <= place.offset or place.offset + place.size <= rival.offset
                in_place = (name, other) in step.in_place and rival.offset == place.offset
                if other != name and not apart and not in_place:
                    raise BudgetError(f"memory plan: {where} writes {name} over {other}")
            arena[place.offset : place.offset + place.size] = [name] * place.size
