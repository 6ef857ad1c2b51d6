"""A device that infers step by step, and stores and learns windows of its own history."""

from __future__ import annotations

import ctypes as ct
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from network_device import build_network_device
from torch import nn

sys.path.append(str(Path(__file__).parents[1] / "compiler"))
from sequence_networks import Cell, Last, Sequences, compile_sequences, double, language

from tinyfl.compiler.bundle import Bundle
from tinyfl.compiler.interpret import Interpreter
from tinyfl.wire import codec
from tinyfl.wire import messages as m
from tinyfl.wire.delta import values_digest

OK, ARGUMENT, SPACE, EMPTY = 0, -1, -2, -8
STEPS = 6
SETTINGS = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def series(*layers: nn.Module) -> Sequences:
    return Sequences(double(nn.Sequential(nn.Linear(3, 6), *layers)), STEPS, 0, 3)


NETWORKS = {
    "language": language(Cell(nn.GRU(6, 5, batch_first=True), 5), tokens=9, steps=STEPS),
    "labels of steps": series(Cell(nn.LSTM(6, 4, batch_first=True), 4)),
    "label of a window": series(nn.Tanh(), Last(), nn.Linear(6, 4)),
}


class Streamer:
    """A device with an empty store of ``capacity`` windows, and one stream."""

    def __init__(self, bundle: Bundle, folder: Path, capacity: int = 4) -> None:
        flags = ("-O1", "-g", "-fsanitize=undefined", "-fsanitize-undefined-trap-on-error")
        self.c = ct.CDLL(str(build_network_device(bundle, folder, "stream_harness.c", True, *flags)))
        self.c.streamer_new.restype = self.c.streamer_stored.restype = self.c.streamer_shown.restype = (
            self.c.streamer_plane.restype
        ) = ct.c_void_p
        self.c.tf_stream_bytes.restype = self.c.streamer_seed.restype = ct.c_uint32
        self.model = ct.c_void_p(ct.addressof(ct.c_char.in_dll(self.c, "tf_model_net")))
        self.bundle, self.capacity, self.handle = bundle, capacity, ct.c_void_p(None)
        self.restart()

    def restart(self) -> None:
        """As shipped."""
        if self.handle:
            self.c.streamer_free(self.handle)
        self.handle = ct.c_void_p(self.c.streamer_new(self.model, self.capacity))
        assert self.handle

    def step(self, x: np.ndarray) -> tuple[int, np.ndarray]:
        values, logits = x.astype(np.int8), np.zeros(self.bundle.classes, np.int16)
        pointers = values.ctypes.data_as(ct.c_void_p), values.size, logits.ctypes.data_as(ct.c_void_p)
        return self.c.streamer_step(self.handle, *pointers), logits

    def shown(self) -> bytes:
        """The window that waits for its label."""
        return ct.string_at(self.c.streamer_shown(self.handle), self.bundle.program.graph.sample_bytes)

    def stored(self) -> np.ndarray:
        """The first window of the store."""
        return np.frombuffer(
            ct.string_at(self.c.streamer_stored(self.handle), self.bundle.program.graph.sample_bytes), np.int8
        )

    def planes(self) -> tuple[bytes, bytes, bytes]:
        weights = sum(t.count for t in self.bundle.tensors if not t.is_bias)
        biases = sum(t.count for t in self.bundle.tensors if t.is_bias)
        sizes = {"w": weights, "f": weights, "b": 4 * biases}
        w, f, b = (
            ct.string_at(self.c.streamer_plane(self.handle, ct.c_char(k.encode())), size) for k, size in sizes.items()
        )
        return w, f, b

    def learn(self, epochs: int) -> int:
        """A first round of so many epochs; how many training steps it was."""
        zeros = np.zeros(sum(t.count for t in self.bundle.tensors), np.int32)
        tensors = len(self.bundle.tensors)
        job = m.Train(
            self.bundle.scheme_id, 1, 0, values_digest(zeros), epochs, 0, share=True, replay=True, shifts=(0,) * tensors
        )
        request = codec.encode_request(1, job)
        return int(self.c.streamer_ask(self.handle, request, len(request)))


@pytest.fixture(scope="module")
def streamers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Streamer]:
    made = {}
    for name, network in NETWORKS.items():
        made[name] = Streamer(compile_sequences(network), tmp_path_factory.mktemp("stream"))
    return made


@pytest.fixture(params=NETWORKS)
def streamer(streamers: dict[str, Streamer], request: pytest.FixtureRequest) -> Streamer:
    streamers[request.param].restart()
    return streamers[request.param]


def history_of(streamer: Streamer, steps: int, seed: int = 0) -> np.ndarray:
    """Random steps [steps, C]."""
    graph, random = streamer.bundle.program.graph, np.random.default_rng(seed)
    if graph.tokens:
        return random.integers(0, graph.tokens, (steps, 1)) - 128
    return random.integers(-60, 60, (steps, graph.shapes[graph.input][2]))


def scores(machine: Interpreter, x: np.ndarray) -> np.ndarray:
    """What the machine says of the last step of the window x [T, C]."""
    return machine.logits(x[None, None])[0].reshape(-1, machine.program.graph.classes)[-1]


class Reference:
    """A stream by its description: the steps and labels that a window of its history has."""

    def __init__(self, streamer: Streamer) -> None:
        graph = streamer.bundle.program.graph
        self.apart = bool(graph.target and not graph.tokens)
        self.steps = graph.target // graph.shapes[graph.input][2] if self.apart else 0
        self.steps = self.steps or graph.sample_bytes // graph.shapes[graph.input][2]
        self.seen: list[np.ndarray] = []
        self.labels: list[int | None] = []

    def window(self) -> bytes | None:
        if len(self.seen) < self.steps:
            return None
        values = np.concatenate(self.seen[-self.steps :]).astype(np.int8).tobytes()
        last = self.labels[-self.steps :] if self.apart else []
        return None if None in last else values + bytes((label + 128) % 256 for label in last if label is not None)


@SETTINGS
@given(data=st.data())
def test_a_history_is_what_has_been_seen_and_labelled(streamer: Streamer, data: st.DataObject) -> None:
    graph = streamer.bundle.program.graph
    streamer.restart()
    wanted, steps = Reference(streamer), iter(history_of(streamer, 60, data.draw(st.integers(0, 99))))
    actions = [*["step", "label"], *["told"] * 12, *["push"] * 4, "again"]  # told: a step and its label
    for what in data.draw(st.lists(st.sampled_from(actions), min_size=20, max_size=60)):
        if what in ("step", "told"):
            wanted.seen.append(next(steps))
            wanted.labels.append(None)
            if streamer.step(wanted.seen[-1])[0] == SPACE:
                assert streamer.c.streamer_replay(streamer.handle, 2) == OK
                assert streamer.step(wanted.seen[-1])[0] == OK
        if what in ("label", "told"):
            label = data.draw(st.integers(0, graph.classes - (what == "told")))
            expected = ARGUMENT if label == graph.classes or not wanted.apart else OK if wanted.seen else EMPTY
            assert streamer.c.streamer_label(streamer.handle, label) == expected
            if expected == OK:
                wanted.labels[-1] = label
        if what == "again":
            streamer.c.streamer_begin(streamer.handle)
            wanted = Reference(streamer)
        if what == "push":
            window = wanted.window()
            assert streamer.c.streamer_push(streamer.handle) == (EMPTY if window is None else OK)
            if window is not None:
                assert streamer.shown() == window
                assert streamer.c.streamer_store(streamer.handle, 0) == OK


def test_a_window_of_its_history_is_what_it_learns(streamer: Streamer) -> None:
    graph, machine = streamer.bundle.program.graph, Interpreter(streamer.bundle.program)
    reference = Reference(streamer)
    labels = np.arange(reference.steps + 3) % graph.classes
    for row, label in zip(history_of(streamer, reference.steps + 3), labels, strict=True):
        if streamer.step(row)[0] == SPACE:
            assert streamer.c.streamer_replay(streamer.handle, 0) == OK
            assert streamer.step(row)[0] == OK
        reference.seen.append(row)
        reference.labels.append(int(label))
        if reference.apart:
            assert streamer.c.streamer_label(streamer.handle, int(label)) == OK
    assert streamer.c.streamer_push(streamer.handle) == OK
    assert streamer.c.streamer_store(streamer.handle, 0 if graph.target else 2) == OK
    window = streamer.stored()
    assert window.tobytes() == reference.window()
    assert streamer.learn(3) == 3
    machine.seed = streamer.c.streamer_seed(streamer.handle)
    h, w, c = graph.shapes[graph.input]
    own = window[graph.target : graph.target + graph.steps].astype(np.int64) + 128 if graph.target else 2
    for _ in range(3):
        machine.train_step(window[: h * w * c].astype(np.int64).reshape(h, w, c), own)
    assert streamer.planes() == machine.planes() != Interpreter(streamer.bundle.program).planes()

    # With what it has learnt: the state anew from the newest steps, and on from there.
    kept = reference.seen[-(STEPS - 2) :]
    assert streamer.c.streamer_replay(streamer.handle, len(kept)) == OK
    more = history_of(streamer, 2, 5)
    for row in more:
        status, logits = streamer.step(row)
        assert status == OK
    assert np.array_equal(logits, scores(machine, np.stack([*kept, *more])))


def test_a_window_that_was_shown_is_gone_with_the_next_step(streamer: Streamer) -> None:
    reference = Reference(streamer)
    for row in history_of(streamer, reference.steps):
        if streamer.step(row)[0] == SPACE:
            assert streamer.c.streamer_replay(streamer.handle, 0) == OK
            assert streamer.step(row)[0] == OK
        if reference.apart:
            assert streamer.c.streamer_label(streamer.handle, 1) == OK
    assert streamer.c.streamer_push(streamer.handle) == OK
    assert streamer.c.streamer_replay(streamer.handle, 1) == OK
    assert streamer.step(history_of(streamer, 1)[0])[0] == OK
    assert streamer.c.streamer_store(streamer.handle, 0) == EMPTY


def test_what_is_no_step_changes_nothing(streamer: Streamer) -> None:
    graph, rows = streamer.bundle.program.graph, history_of(streamer, 3)
    first = streamer.step(rows[0])[1]
    wrong = {EMPTY: rows[0][:0], SPACE: np.r_[rows[0], 0]}
    wrong[ARGUMENT] = np.array([graph.tokens - 128]) if graph.tokens else rows[0][:-1]
    for code, row in wrong.items():
        assert streamer.step(row)[0] == code
    second = streamer.step(rows[1])[1]
    streamer.restart()
    assert np.array_equal(streamer.step(rows[0])[1], first)
    assert np.array_equal(streamer.step(rows[1])[1], second)
    assert streamer.c.streamer_step(streamer.handle, None, 1, first.ctypes.data_as(ct.c_void_p)) == ARGUMENT
    assert streamer.c.streamer_step(streamer.handle, first.ctypes.data_as(ct.c_void_p), 1, None) == ARGUMENT
    assert streamer.c.streamer_replay(streamer.handle, 3) == ARGUMENT


def test_a_block_is_checked(streamers: dict[str, Streamer]) -> None:
    streamer = streamers["language"]
    block = np.zeros(64, np.int64)
    at, size = block.ctypes.data, streamer.c.tf_stream_bytes(streamer.model)
    assert size % 8 == 0
    place = streamer.c.streamer_place
    assert place(streamer.model, ct.c_void_p(at), size) == OK
    assert place(streamer.model, ct.c_void_p(at), size - 1) == SPACE
    for model, where in ((None, at), (streamer.model, at + 4), (streamer.model, None)):
        assert place(model, ct.c_void_p(where), size) == ARGUMENT
