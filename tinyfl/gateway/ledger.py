"""What each device of a gateway did in each round, on disk before the device may forget it.

A gateway records an update before it tells the device to commit it, so whatever dies in between, a round is either
recorded or still with the device: a restarted gateway answers from here or asks the device again, never twice.
"""

from __future__ import annotations

import sqlite3
import threading
import zlib
from dataclasses import astuple, dataclass
from pathlib import Path

import numpy as np

from coordinator.orders import Int32Array
from tinyfl.errors import RunError
from tinyfl.wire.messages import Tally

KEPT_ROUNDS = 64
_TABLE = """
CREATE TABLE IF NOT EXISTS updates (
    device TEXT, round INTEGER, fingerprint TEXT NOT NULL, digest INTEGER NOT NULL,
    examples INTEGER, steps INTEGER, p_sum INTEGER, saturated INTEGER, train_ms INTEGER,
    q BLOB, PRIMARY KEY (device, round)
)"""


@dataclass(frozen=True, eq=False)
class Update:
    """One device's training in one round; ``q`` is None where nothing was to be shared."""

    device: str
    round: int
    fingerprint: str  # of the order it answers
    digest: int
    tally: Tally
    q: Int32Array | None


class Ledger:
    """Updates by device and round in a SQLite file; for all threads of one process."""

    def __init__(self, path: Path | None = None) -> None:
        """Open or create the file, None: in memory. Raises RunError."""
        self._lock = threading.Lock()
        try:
            self._db = sqlite3.connect(str(path or ":memory:"), check_same_thread=False, isolation_level=None)
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=FULL")
            self._db.execute(_TABLE)
        except sqlite3.Error as error:
            raise RunError(f"the ledger {path} cannot be opened ({error}); name another file") from error

    def find(self, device: str, round_number: int) -> Update | None:
        """The update recorded for that round, None if there is none."""
        with self._lock:
            row = self._db.execute(
                "SELECT fingerprint, digest, examples, steps, p_sum, saturated, train_ms, q FROM updates"
                " WHERE device = ? AND round = ?",
                (device, round_number),
            ).fetchone()
        if row is None:
            return None
        fingerprint, digest, *tally, q = row
        values = None if q is None else np.frombuffer(zlib.decompress(q), "<i4").astype(np.int32)
        return Update(device, round_number, fingerprint, digest, Tally(*tally), values)

    def record(self, update: Update) -> Update:
        """Write an update down for good and return the one that counts: the first one for its order."""
        earlier = self.find(update.device, update.round)
        if earlier is not None and earlier.fingerprint == update.fingerprint:
            return earlier
        q = None if update.q is None else zlib.compress(update.q.astype("<i4").tobytes())
        row = (update.device, update.round, update.fingerprint, update.digest, *astuple(update.tally), q)
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            self._db.execute("INSERT OR REPLACE INTO updates VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
            self._db.execute(
                "DELETE FROM updates WHERE device = ? AND round <= ?", (update.device, update.round - KEPT_ROUNDS)
            )
            self._db.execute("COMMIT")
        return update

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._db.close()
