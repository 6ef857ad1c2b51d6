"""The ledger: what it keeps, and that it is still there after its process was killed."""

import signal
import subprocess
import sys
import threading
from dataclasses import replace

import numpy as np
import pytest

from tinyfl.errors import RunError
from tinyfl.gateway.ledger import KEPT_ROUNDS, Ledger, Update
from tinyfl.wire.messages import Tally


def update(device: str = "d", number: int = 1, order: str = "a", seed: int = 0) -> Update:
    q = np.random.default_rng(seed).integers(-127, 128, 300).astype(np.int32)
    return Update(device, number, order, 5 + seed, Tally(3, 6, 2**62, 1, 9), q)


def same(a: Update | None, b: Update) -> bool:
    assert a is not None
    fields = [(u.device, u.round, u.fingerprint, u.digest, u.tally) for u in (a, b)]
    return fields[0] == fields[1] and np.array_equal(a.q, b.q) if b.q is not None else a.q is None


def test_the_first_update_of_an_order_counts(tmp_path) -> None:
    ledger = Ledger(tmp_path / "l")
    first, second = update(), update(seed=1)
    assert same(ledger.record(first), first)
    assert same(ledger.record(second), first)
    assert same(Ledger(tmp_path / "l").find("d", 1), first)
    other = update(order="b", seed=2)
    assert same(ledger.record(other), other)
    assert ledger.find("d", 2) is None
    assert ledger.find("e", 1) is None


def test_a_round_without_an_update_is_kept_too() -> None:
    ledger = Ledger()
    bare = replace(update(), q=None)
    ledger.record(bare)
    assert same(ledger.find("d", 1), bare)


def test_old_rounds_are_dropped() -> None:
    ledger = Ledger()
    for number in range(1, KEPT_ROUNDS + 4):
        ledger.record(update(number=number))
    assert ledger.find("d", 3) is None
    assert ledger.find("d", 4) is not None


def test_threads_share_a_ledger(tmp_path) -> None:
    ledger = Ledger(tmp_path / "l")

    def work(device: str) -> None:
        for number in range(1, 20):
            ledger.record(update(device, number, seed=number))

    threads = [threading.Thread(target=work, args=(f"d{i}",)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for i in range(8):
        assert same(ledger.find(f"d{i}", 19), update(f"d{i}", 19, seed=19))


def test_a_file_that_is_no_ledger_is_named(tmp_path) -> None:
    (tmp_path / "l").write_text("no database" * 100)
    with pytest.raises(RunError, match=r"the ledger .*/l cannot be opened \(.*\); name another file"):
        Ledger(tmp_path / "l")


WRITER = """
import sys
sys.path.insert(0, {here!r})
from pathlib import Path
from test_ledger import update
from tinyfl.gateway.ledger import Ledger
ledger = Ledger(Path({path!r}))
for number in range(1, 10**6):
    ledger.record(update(number=number, seed=number))
    print(number, flush=True)
"""


def test_what_was_recorded_survives_a_kill(tmp_path) -> None:
    here = str(__import__("pathlib").Path(__file__).parent)
    code = WRITER.format(here=here, path=str(tmp_path / "l"))
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for _ in range(15):
            last = int(process.stdout.readline())
        process.send_signal(signal.SIGKILL)
    ledger = Ledger(tmp_path / "l")
    for number in range(1, last + 1):
        assert same(ledger.find("d", number), update(number=number, seed=number))
