"""Streaming: the same bits as layer by layer, rings that cannot be smaller, overlaps that cannot be tighter."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from networks import Network, compile_network, networks, randomise, schemes
from test_c_equals_interpreter import assert_same
from torch import nn

from tinyfl.compiler import segments
from tinyfl.compiler.bundle import Bundle
from tinyfl.compiler.memory import plan_memory
from tinyfl.compiler.pipeline import compile_graph
from tinyfl.compiler.plan_check import verify
from tinyfl.errors import BudgetError
from tinyfl.types import LayerUpdate, Program, UpdateScheme


@pytest.fixture
def eager(monkeypatch: pytest.MonkeyPatch) -> None:
    """Long segments look cheap, so that streaming is chosen wherever it is possible."""
    monkeypatch.setattr(segments, "_cost", lambda graph, segment: -len(segment.nodes) * 100 - segment.rows % 7)


def compiled(data: st.DataObject, network: Network) -> Bundle:
    graph = network.graph()
    _, x = network.samples(16, 1)
    labels = np.random.default_rng(2).integers(0, graph.classes, 16)
    return compile_graph(
        graph,
        data.draw(schemes(graph)),
        x,
        labels,
        learning_rate=2.0**-5,
        grad_bits=data.draw(st.sampled_from([8, 16])),
        input_in_arena=data.draw(st.booleans()),
        fraction_bits=data.draw(st.sampled_from([8, 8, 0])),
    )


def streams(program: Program) -> bool:
    return any(s.segment is not None and len(s.segment.nodes) > 1 for s in program.steps)


@pytest.mark.usefixtures("eager")
@settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data(), networks(blocks=6))
def test_streamed_networks_equal_the_interpreter(data: st.DataObject, network: Network) -> None:
    bundle = compiled(data, network)
    assert_same(bundle, data.draw(st.integers(0, 99)), 0, 5, 1.0)


@pytest.mark.usefixtures("eager")
@settings(
    max_examples=15,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.filter_too_much],
)
@given(st.data(), networks(blocks=6))
def test_the_verifier_finds_a_ring_that_lacks_a_row(data: st.DataObject, network: Network) -> None:
    program = compiled(data, network).program
    rings = [name for name in program.buffer_bytes if name.startswith("ring:")]
    assume(rings)
    name = data.draw(st.sampled_from(rings))
    windows = [n.window for n in program.graph.consumers(name.removeprefix("ring:"))]
    assume(all(win is None or win.kernel_h >= win.stride_h for win in windows))  # else some rows are never read
    _, w, c = program.graph.shapes[name.removeprefix("ring:")]
    rows = program.buffer_bytes[name] // (w * c)
    assume(rows > 1)
    broken = replace(program, buffer_bytes={**program.buffer_bytes, name: (rows - 1) * w * c})
    with pytest.raises(BudgetError):
        verify(plan_memory(broken), broken)


def bottleneck() -> Network:
    """An inverted bottleneck with a residual, wide in the middle, as MobileNets have it."""

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.stem = nn.Conv2d(3, 8, 3, 2, 1)
            self.expand, self.project = nn.Conv2d(8, 48, 1), nn.Conv2d(48, 8, 1)
            self.depthwise = nn.Conv2d(48, 48, 3, 1, 1, groups=48)
            self.head = nn.Linear(8, 4)

        def forward(self, x):  # type: ignore[no-untyped-def]
            y = self.stem(x).relu()
            z = self.project(self.depthwise(self.expand(y).relu()).relu())
            return self.head((z + y).mean((2, 3)))

    return Network(randomise(Net(), 0), (3, 32, 32))


def stem() -> Network:
    """An image, a layer that shrinks it, and nothing that needs more room."""
    layers = [nn.Conv2d(3, 8, 3, 2, 1), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 4)]
    return Network(randomise(nn.Sequential(*layers), 0), (3, 32, 32))


def planned(network: Network, *trained: LayerUpdate) -> Bundle:
    """With the sample in the arena."""
    graph = network.graph()
    _, x = network.samples(8, 1)
    return compile_graph(graph, UpdateScheme(trained), x, np.zeros(8, np.int64), input_in_arena=True)


def test_a_bottleneck_needs_no_room_for_its_widest_tensor() -> None:
    network = bottleneck()
    bundle = compile_network(network, UpdateScheme((LayerUpdate("project", 0.25), LayerUpdate("head", 1.0))))
    shapes = bundle.program.graph.shapes
    widest = max(h * w * c for h, w, c in shapes.values())
    assert widest == 16 * 16 * 48
    assert streams(bundle.program)
    assert bundle.plan.arena_bytes < widest
    assert_same(bundle, 1, 0, 4, 1.0)


def test_the_output_of_a_segment_takes_its_input_s_place() -> None:
    bundle = planned(stem(), LayerUpdate("4", 1.0))
    graph = bundle.program.graph
    sample = bundle.plan.placements[graph.input]
    out = bundle.plan.placements[graph.nodes[0].output]
    assert out.offset < sample.offset + sample.size
    assert sample.offset < out.offset + out.size
    assert_same(bundle, 1, 0, 4, 1.0)


def test_an_overlap_one_byte_row_tighter_is_found() -> None:
    bundle = planned(stem(), LayerUpdate("4", 1.0))
    program, plan = bundle.program, bundle.plan
    graph = program.graph
    step = next(s for s in program.steps if any(o.read == graph.input for o in s.overlaps))
    overlap = next(o for o in step.overlaps if o.read == graph.input)
    out, sample = plan.placements[overlap.written], plan.placements[overlap.read]
    offset = out.offset - (overlap.lead - 8) // 8 * 8
    moved = {**plan.placements, overlap.read: replace(sample, offset=offset)}
    with pytest.raises(BudgetError):
        verify(replace(plan, placements=moved, arena_bytes=plan.arena_bytes + sample.size), program)


def test_without_a_choice_nothing_is_streamed() -> None:
    layers = [nn.Conv2d(2, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 36, 3)]
    bundle = compile_network(Network(randomise(nn.Sequential(*layers), 0), (2, 8, 8)))
    assert not streams(bundle.program)
