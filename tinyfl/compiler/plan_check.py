"""The verifier of memory plans: executes a program on an arena of marks, row by row, and shares no code with the
planner.

Every byte remembers which row of which buffer it holds. A kernel call first checks all rows that it reads, then marks
those that it writes; what a later call finds overwritten is an error of the plan, of a ring's size or of an overlap.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tinyfl.errors import BudgetError
from tinyfl.types import Int8Node, MemoryPlan, Program, Step

_ALIGNMENT = 8


def verify(plan: MemoryPlan, program: Program) -> None:
    """Raise BudgetError if any step finds something it reads overwritten or unwritten."""
    _Replay(plan, program).run()


class _Replay:
    def __init__(self, plan: MemoryPlan, program: Program) -> None:
        self.plan = plan
        self.program = program
        self.arena: npt.NDArray[np.int64] = np.zeros(plan.arena_bytes, np.int64)
        self.ids: dict[tuple[str, int], int] = {}

    def run(self) -> None:
        """All steps in order."""
        program = self.program
        for name in {n for step in program.steps for n in (*step.reads, *step.writes)} & set(program.buffer_bytes):
            self._check_place(name)
        if program.graph.input in program.buffer_bytes:
            self._mark(program.graph.input)
        for step in program.steps:
            where = f"step {step.action} of node {step.node}"
            if step.segment is not None and (len(step.segment.nodes) > 1 or self._streams(step)):
                self._segment(step, where)
            else:
                self._whole(step, where)

    def _check_place(self, name: str) -> None:
        place = self.plan.placements.get(name)
        size = self.program.buffer_bytes[name]
        if place is None or place.size != size or place.offset % _ALIGNMENT or place.offset < 0:
            raise BudgetError(f"memory plan: {name} has no aligned place of {size} bytes")
        if place.offset + place.size > self.plan.arena_bytes:
            raise BudgetError(f"memory plan: {name} ends beyond the arena")

    # ---- whole buffers

    def _whole(self, step: Step, where: str) -> None:
        own = [n for n in (*step.reads, *step.writes) if n in self.program.buffer_bytes]
        for name in step.reads:
            if name in self.program.buffer_bytes:
                self._expect(name, where)
        for name in step.writes:
            a = self.plan.placements[name]
            for other in own:
                b = self.plan.placements[other]
                apart = a.offset + a.size <= b.offset or b.offset + b.size <= a.offset
                if other != name and not apart and not self._may_lie_over(step, name, other):
                    raise BudgetError(f"memory plan: {where} writes {name} over {other}")
        for name in step.writes:
            self._mark(name)

    def _may_lie_over(self, step: Step, name: str, other: str) -> bool:
        """Whether the step, which works element by element upwards, may have ``name`` that far before ``other``."""
        ahead = self.plan.placements[other].offset - self.plan.placements[name].offset
        return any((o.written, o.read) == (name, other) and ahead >= o.lead for o in step.overlaps)

    def _rows(self, name: str) -> int:
        """Rows that a buffer is marked by: those of its tensor, else one."""
        shape = self.program.graph.shapes.get(name)
        return shape[0] if shape is not None and self.program.buffer_bytes[name] % shape[0] == 0 else 1

    def _id(self, name: str, row: int) -> int:
        return self.ids.setdefault((name, row), len(self.ids) + 1)

    def _bytes(self, name: str, row: int, rows: int) -> npt.NDArray[np.int64]:
        place = self.plan.placements[name]
        width = place.size // rows
        start = place.offset + row * width
        return self.arena[start : start + width]

    def _expect(self, name: str, where: str) -> None:
        rows = self._rows(name)
        for row in range(rows):
            if (self._bytes(name, row, rows) != self._id(name, row)).any():
                raise BudgetError(f"memory plan: {name} is overwritten before {where}")

    def _mark(self, name: str) -> None:
        rows = self._rows(name)
        for row in range(rows):
            self._bytes(name, row, rows)[:] = self._id(name, row)

    # ---- rows of a segment

    def _streams(self, step: Step) -> bool:
        """Whether a single node runs in several turns or over its input."""
        assert step.segment is not None
        n = self.program.graph.nodes[step.node]
        own = self.plan.placements[n.output]
        for name in step.reads:
            place = self.plan.placements.get(name)
            if place and not (own.offset + own.size <= place.offset or place.offset + place.size <= own.offset):
                return n.window is not None
        return step.segment.rows < self.program.graph.shapes[n.output][0]

    def _segment(self, step: Step, where: str) -> None:
        assert step.segment is not None
        nodes = [self.program.graph.nodes[i] for i in step.segment.nodes]
        heights = [self.program.graph.shapes[n.output][0] for n in nodes]
        done = [0] * len(nodes)
        extra = [n for n in step.writes if n != nodes[-1].output and not n.startswith("ring:")]
        self._separate(step, extra, where)
        for start in range(0, heights[-1], step.segment.rows):
            goal = self._goals(nodes, heights, done, min(start + step.segment.rows, heights[-1]))
            for k, n in enumerate(nodes):
                self._call(n, done[k], goal[k], where)
            done = goal
        for name in extra:
            self._mark(name)

    def _separate(self, step: Step, extra: list[str], where: str) -> None:
        """Scratch and what is kept for the backward pass lie apart from everything else that the step touches."""
        names = [n for n in (*step.reads, *step.writes) if n in self.program.buffer_bytes]
        for name in [*extra, *(n for n in step.writes if n.startswith("ring:"))]:
            a = self.plan.placements[name]
            for other in names:
                b = self.plan.placements[other]
                if other != name and a.offset < b.offset + b.size and b.offset < a.offset + a.size:
                    raise BudgetError(f"memory plan: {where} writes {name} over {other}")

    def _goals(self, nodes: list[Int8Node], heights: list[int], done: list[int], last: int) -> list[int]:
        """Rows to have computed of each node so that the last one reaches ``last``."""
        goal = [*done[:-1], last]
        for k in range(len(nodes) - 2, -1, -1):
            for j in range(k + 1, len(nodes)):
                if nodes[k].output in nodes[j].inputs and goal[j] > 0:
                    goal[k] = max(goal[k], _read_end(nodes[j], goal[j], heights[k]))
            if last == heights[-1]:
                goal[k] = heights[k]
        return goal

    def _call(self, n: Int8Node, first: int, end: int, where: str) -> None:
        """One kernel call: rows ``first`` to ``end`` of a node, one after the other unless it is depthwise."""
        block = end - first if n.op == "depthwise" else 1
        for row in range(first, end, max(block, 1)):
            reads = {t: self._read_rows(n, t, row, end) for t in n.inputs}
            for tensor, rows in reads.items():
                for needed in rows:
                    at = self._row(tensor, needed)
                    if at is not None and (at != self._id(tensor, needed)).any():
                        raise BudgetError(f"memory plan: row {needed} of {tensor} is overwritten before {where}")
            for written in range(row, row + block):
                at = self._row(n.output, written)
                assert at is not None
                for tensor in n.inputs:
                    for needed in self._read_rows(n, tensor, row, row + block):
                        self._check_apart(n, written, tensor, needed, where)
                at[:] = self._id(n.output, written)

    def _read_rows(self, n: Int8Node, tensor: str, first: int, end: int) -> range:
        height = self.program.graph.shapes[tensor][0]
        return range(_read_first(n, first, height), _read_end(n, end, height))

    def _check_apart(self, n: Int8Node, row: int, tensor: str, needed: int, where: str) -> None:
        """What a call reads stays while it writes; element by element, it may be written over itself or lower."""
        a, b = self._address(n.output, row), self._address(tensor, needed)
        if a is None or b is None or a[1] <= b[0] or b[1] <= a[0] or (n.window is None and a[0] <= b[0]):
            return
        raise BudgetError(f"memory plan: {where} writes row {row} of {n.output} over row {needed} of {tensor}")

    def _address(self, tensor: str, row: int) -> tuple[int, int] | None:
        """First and one past the last byte of a row, in the ring or in the whole tensor; None outside the arena."""
        _, w, c = self.program.graph.shapes[tensor]
        name = f"ring:{tensor}" if f"ring:{tensor}" in self.program.buffer_bytes else tensor
        if name not in self.program.buffer_bytes:
            return None
        place = self.plan.placements[name]
        start = place.offset + row % (place.size // (w * c)) * w * c
        return start, start + w * c

    def _row(self, tensor: str, row: int) -> npt.NDArray[np.int64] | None:
        address = self._address(tensor, row)
        return None if address is None else self.arena[address[0] : address[1]]


def _read_first(n: Int8Node, row: int, height: int) -> int:
    w = n.window
    return row if w is None else min(max(row * w.stride_h - w.pad_top, 0), height)


def _read_end(n: Int8Node, end: int, height: int) -> int:
    w = n.window
    return end if w is None else min(max((end - 1) * w.stride_h - w.pad_top + w.kernel_h, 0), height)
