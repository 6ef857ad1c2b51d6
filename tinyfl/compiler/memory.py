"""Static memory planning: every buffer of a program gets an offset in one arena.

Each buffer goes to the lowest offset where it meets no buffer alive at the same time, except those it may lie over
(``Overlap``). The order of placing decides how well that packs: a few fixed orders are tried, then, until the arena
is as small as the fullest step, orders in which a buffer that ends the arena moves forward. ``plan_check`` verifies
the result and shares no code with this file.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from tinyfl.types import MemoryPlan, Placement, Program

ALIGNMENT = 8
_TRIES = 400
Life = tuple[int, int]
Key = Callable[[str], tuple[int, ...]]


def lifetimes(program: Program) -> dict[str, Life]:
    """First and last step of each arena buffer, both included; a sample in the arena is there from the start."""
    lives: dict[str, Life] = {}
    for i, step in enumerate(program.steps):
        for name in (*step.reads, *step.writes):
            if name in program.buffer_bytes:
                first, _ = lives.get(name, (0 if name == program.graph.input else i, i))
                lives[name] = (first, i)
    return lives


@dataclass(frozen=True)
class _Problem:
    lives: Mapping[str, Life]
    sizes: Mapping[str, int]
    overlaps: Mapping[tuple[str, str], int]
    """(written, read) -> lead, only where the one is born as the other dies"""
    rivals: Mapping[str, tuple[str, ...]]
    floor: int
    """no arena can be smaller"""


def plan_memory(program: Program) -> MemoryPlan:
    """The smallest arena found; deterministic."""
    problem = _problem(program)
    sizes, lives = problem.sizes, problem.lives
    keys: tuple[Key, ...] = (
        lambda n: (-sizes[n], lives[n][0]),
        lambda n: (lives[n][0], -sizes[n]),
        lambda n: (-(lives[n][1] - lives[n][0]), -sizes[n]),
        lambda n: (-sizes[n] * (lives[n][1] - lives[n][0] + 1), lives[n][0]),
    )
    orders = [sorted(sorted(lives), key=key) for key in keys]
    order = min(orders, key=lambda o: _height(_place(o, problem), sizes))
    offsets = _improve(order, problem)
    placements = {n: Placement(offsets[n], program.buffer_bytes[n], *lives[n]) for n in sorted(lives)}
    return MemoryPlan(_height(offsets, sizes), placements)


def _improve(order: list[str], problem: _Problem) -> dict[str, int]:
    """Moves a buffer that ends the arena forward in the order while that does not make the arena larger."""
    rng = random.Random(0)
    best = _place(order, problem)
    height = _height(best, problem.sizes)
    for _ in range(_TRIES):
        if height <= problem.floor:
            break
        highest = [n for n in order if best[n] + problem.sizes[n] == height]
        moved = rng.choice(highest)
        trial = [n for n in order if n != moved]
        trial.insert(rng.randrange(order.index(moved) + 1), moved)
        offsets = _place(trial, problem)
        if _height(offsets, problem.sizes) <= height:
            order, best, height = trial, offsets, _height(offsets, problem.sizes)
    return best


def _problem(program: Program) -> _Problem:
    lives = lifetimes(program)
    sizes = {n: -(-program.buffer_bytes[n] // ALIGNMENT) * ALIGNMENT for n in lives}
    overlaps = {}
    for i, step in enumerate(program.steps):
        for o in step.overlaps:
            if o.read in lives and lives[o.read][1] == i and lives[o.written][0] == i:
                overlaps[o.written, o.read] = o.lead
    names = sorted(lives)
    rivals = {
        n: tuple(m for m in names if m != n and lives[m][0] <= lives[n][1] and lives[n][0] <= lives[m][1])
        for n in names
    }
    return _Problem(lives, sizes, overlaps, rivals, _floor(program, lives, sizes, overlaps))


def _floor(
    program: Program, lives: Mapping[str, Life], sizes: Mapping[str, int], overlaps: Mapping[tuple[str, str], int]
) -> int:
    """Bytes alive in the fullest step, with everything that may lie over something else doing so."""
    floor = 0
    for i in range(len(program.steps)):
        total = sum(sizes[n] for n, (first, last) in lives.items() if first <= i <= last)
        shared: dict[str, int] = {}
        for (written, read), lead in overlaps.items():
            if lives[written][0] == i:
                union = max(sizes[written], -(-max(lead, 0) // ALIGNMENT) * ALIGNMENT + sizes[read])
                both = max(0, sizes[written] + sizes[read] - union)
                shared[written] = min(sizes[written], shared.get(written, 0) + both)
        floor = max(floor, total - sum(shared.values()))
    return floor


def _place(order: Sequence[str], problem: _Problem) -> dict[str, int]:
    offsets: dict[str, int] = {}
    for name in order:
        size = problem.sizes[name]
        blocked = sorted(
            zone
            for rival in problem.rivals[name]
            if rival in offsets
            for zone in [_zone(name, rival, offsets, problem)]
        )
        at = 0
        for start, end in blocked:
            if at + size <= start:
                break
            at = max(at, end)
        offsets[name] = at
    return offsets


def _zone(name: str, rival: str, offsets: Mapping[str, int], problem: _Problem) -> tuple[int, int]:
    """Addresses (start, end) that ``rival`` bars to ``name``, which ends at start at the latest or begins at end."""
    start, end = offsets[rival], offsets[rival] + problem.sizes[rival]
    if (name, rival) in problem.overlaps:  # may begin anywhere up to start - lead
        latest = (start - problem.overlaps[name, rival]) // ALIGNMENT * ALIGNMENT
        start = max(start, latest + problem.sizes[name]) if latest >= 0 else start
    if (rival, name) in problem.overlaps:  # may begin at start + lead or later
        lead = -(-problem.overlaps[rival, name] // ALIGNMENT) * ALIGNMENT
        end = min(end, max(0, start + lead))
    return start, max(start, end)


def _height(offsets: Mapping[str, int], sizes: Mapping[str, int]) -> int:
    return max((offset + sizes[n] for n, offset in offsets.items()), default=0)
