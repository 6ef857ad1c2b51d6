"""The power fails in a round's commit, also twice, torn and out of order: the old state or the new one, bit-exact."""

import ctypes as ct

import pytest
from device_lab import SECTOR, Device, Flash, Wearer, base_of, train_request
from hypothesis import given, settings
from hypothesis import strategies as st
from power_cut_flash import CachedFlash

from tinyfl.wire import messages as m

State = tuple[int, int, list[int]]


class Life:
    """A device that has committed its first round and whose commits of the second are cut short."""

    def __init__(self, library: ct.CDLL, flash: Flash) -> None:
        self.library, self.flash, self.wearer = library, flash, Wearer(3)
        self.device = Device(library, flash, self.wearer)
        self.work(1)
        assert self.device.ask(m.Commit(1)) == m.Committed(1)

    def work(self, number: int) -> None:
        """All of a round but its commit."""
        self.device.put(base_of(number + 3), number + 3)
        self.device.ask(train_request(number, number + 3))
        self.device.run()

    def state(self) -> State:
        facts = self.device.facts()
        return facts.weights_digest, facts.last_round, self.device.plane("r", "<i2", 21).tolist()

    def commit(self, number: int, old: State, new: State, cut_again_at: int | None = None) -> bool:
        """Ask for it; after a failure cycle the power, which may fail again, and look at what is there."""
        answer = self.device.ask(m.Commit(number))
        if answer == m.Committed(number):
            assert self.state() == new
            return True
        assert answer == m.Failed(m.ErrorCode.IO, m.ErrorField.NONE, 0)
        self.boot(cut_again_at)
        state = self.state()
        assert state in (old, new)
        return state == new

    def boot(self, cut_again_at: int | None) -> None:
        while True:
            self.device.close()
            self.flash.power_on()
            self.flash.cut_at, cut_again_at = cut_again_at, None
            self.device = Device(self.library, self.flash, self.wearer)
            if self.device.status == 0:
                return
            assert self.device.status == -7


def flash_bytes(library: ct.CDLL) -> int:
    return 2 * library.harness_slot_bytes(12, SECTOR)


@pytest.fixture(scope="module")
def states(library: ct.CDLL) -> tuple[State, State, State, int]:
    """After rounds 1, 2 and 3, and how many operations a commit takes."""
    life = Life(library, Flash(flash_bytes(library)))
    out = [life.state()]
    for number in (2, 3):
        life.work(number)
        before = life.flash.operations
        assert life.device.ask(m.Commit(number)) == m.Committed(number)
        out.append(life.state())
    return out[0], out[1], out[2], life.flash.operations - before


def finish(life: Life, states: tuple[State, State, State, int]) -> None:
    life.work(3)
    assert life.device.ask(m.Commit(3)) == m.Committed(3)
    assert life.state() == states[2]
    life.device.close()


def test_at_every_pair_of_operations_of_a_commit(library: ct.CDLL, states) -> None:
    old, new, _, operations = states
    assert operations > 10
    for first in range(1, operations + 1):
        for second in range(1, operations + 2):  # the first one is the mark that the boot in between leaves
            life = Life(library, Flash(flash_bytes(library)))
            life.work(2)
            life.flash.cut_at = first
            assert not life.commit(2, old, new, cut_again_at=second)
            life.work(2)
            cut = life.flash.cut_at is not None
            assert life.commit(2, old, new) != cut
            if cut:
                life.work(2)
                assert life.commit(2, old, new)
            finish(life, states)


@settings(max_examples=400, deadline=None)
@given(data=st.data())
def test_with_operations_torn_and_out_of_order(library: ct.CDLL, states, data: st.DataObject) -> None:
    old, new, _, operations = states
    seed, depth = data.draw(st.integers(0, 2**32 - 1)), data.draw(st.integers(1, operations))
    flash = CachedFlash(flash_bytes(library), seed, depth)
    life = Life(library, flash)
    done = False
    for cut_at in data.draw(st.lists(st.integers(1, operations), min_size=1, max_size=3)):
        if not done:
            life.work(2)
            flash.arm(cut_at)
            done = life.commit(2, old, new)
    flash.power_on()
    if not done:
        life.work(2)
        assert life.commit(2, old, new)
    finish(life, states)
