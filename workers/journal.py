"""What the worker has taken on and what it has to say about it, in one SQLite file that outlives kill -9.

An order is written before it is acted on, a report before it is sent. Orders lie here as they came: secrets in them
are sealed bytes. WAL with synchronous=FULL: what `accept`, `note` and `write` returned from is on the disk.
"""

import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

State = Literal["accepted", "running", "finished", "confirmed"]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS attempts (
    attempt TEXT PRIMARY KEY, epoch INTEGER NOT NULL, project TEXT NOT NULL, environment TEXT NOT NULL,
    task TEXT NOT NULL, deployment TEXT NOT NULL, kind TEXT NOT NULL, order_json TEXT NOT NULL,
    state TEXT NOT NULL, phase TEXT NOT NULL DEFAULT '', detail TEXT NOT NULL DEFAULT '{}',
    created REAL NOT NULL, ended REAL);
CREATE TABLE IF NOT EXISTS reports (
    attempt TEXT NOT NULL, seq INTEGER NOT NULL, kind TEXT NOT NULL, body_json TEXT NOT NULL,
    confirmed INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (attempt, seq));
CREATE INDEX IF NOT EXISTS reports_unconfirmed ON reports (confirmed) WHERE confirmed = 0;
CREATE TABLE IF NOT EXISTS epochs (
    project TEXT NOT NULL, environment TEXT NOT NULL, epoch INTEGER NOT NULL, PRIMARY KEY (project, environment));
CREATE TABLE IF NOT EXISTS cancels (attempt TEXT PRIMARY KEY, reason TEXT NOT NULL, at REAL NOT NULL);
"""
_REPORTS = (
    "SELECT r.rowid AS row, r.*, a.deployment, a.task, a.epoch FROM reports r JOIN attempts a USING (attempt)"
)


@dataclass(frozen=True)
class Entry:
    """An attempt that this host took on. `order` is the payload's body; `created` is in epoch seconds."""

    attempt: str
    epoch: int
    project: str
    environment: str
    task: str
    deployment: str
    kind: str
    order: dict[str, Any]
    created: float
    state: State = "accepted"
    phase: str = ""
    detail: dict[str, Any] | None = None


@dataclass(frozen=True)
class Written:
    """A numbered report as it lies in the journal, with what its envelope needs."""

    attempt: str
    seq: int
    kind: str
    body: dict[str, Any]
    deployment: str
    task: str
    epoch: int
    row: int = 0


class Journal:
    """One connection behind one lock: safe to share between threads."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.RLock()
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=10)
        self._db.row_factory = sqlite3.Row
        path.chmod(0o600)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=FULL")
        self._db.executescript(_SCHEMA)

    def close(self) -> None:
        with self._lock:
            self._db.close()

    # -- orders ---------------------------------------------------------------------------------------------

    def accept(self, entry: Entry) -> bool:
        """Take an attempt on, raise the epoch seen and write `accepted` as report 1; False when it is known already."""
        with self._transaction():
            row = (
                entry.attempt, entry.epoch, entry.project, entry.environment, entry.task, entry.deployment,
                entry.kind, json.dumps(entry.order), entry.state, entry.created,
            )  # fmt: skip
            taken = self._db.execute(
                "INSERT OR IGNORE INTO attempts (attempt, epoch, project, environment, task, deployment, kind,"
                " order_json, state, created) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                row,
            ).rowcount
            if taken:
                self._raise_epoch(entry)
                self._db.execute(
                    "INSERT INTO reports (attempt, seq, kind, body_json) VALUES (?, 1, 'accepted', '{}')",
                    (entry.attempt,),
                )
            return bool(taken)

    def find(self, attempt: str) -> Entry | None:
        rows = self._rows("SELECT * FROM attempts WHERE attempt = ?", attempt)
        return _entry(rows[0]) if rows else None

    def unfinished(self) -> tuple[Entry, ...]:
        """Return the attempts without a final report, oldest first."""
        rows = self._rows("SELECT * FROM attempts WHERE state IN ('accepted', 'running') ORDER BY created")
        return tuple(_entry(row) for row in rows)

    def epoch(self, project: str, environment: str) -> int:
        """Return the highest epoch that an accepted order had; 0 when there was none."""
        rows = self._rows(
            "SELECT epoch FROM epochs WHERE project = ? AND environment = ?", project, environment
        )
        return int(rows[0]["epoch"]) if rows else 0

    def begin(self, attempt: str) -> None:
        self._execute("UPDATE attempts SET state = 'running' WHERE attempt = ?", attempt)

    def note(self, attempt: str, phase: str, detail: dict[str, Any]) -> None:
        """Remember where a handler is; it finds this again after a crash."""
        self._execute(
            "UPDATE attempts SET phase = ?, detail = ? WHERE attempt = ?", phase, json.dumps(detail), attempt
        )

    # -- cancels --------------------------------------------------------------------------------------------

    def cancel(self, attempt: str, reason: str, now: float) -> None:
        self._execute("INSERT OR IGNORE INTO cancels VALUES (?, ?, ?)", attempt, reason, now)

    def cancelled(self, attempt: str) -> str | None:
        """Return the reason when somebody cancelled this attempt, also before its order came."""
        rows = self._rows("SELECT reason FROM cancels WHERE attempt = ?", attempt)
        return str(rows[0]["reason"]) if rows else None

    # -- reports --------------------------------------------------------------------------------------------

    def write(self, attempt: str, kind: str, body: dict[str, Any], now: float | None = None) -> int:
        """Number a report and keep it until it is confirmed; with `now` it is the final one. Returns its number."""
        with self._transaction():
            rows = self._rows("SELECT COALESCE(MAX(seq), 0) AS last FROM reports WHERE attempt = ?", attempt)
            seq = int(rows[0]["last"]) + 1
            self._db.execute(
                "INSERT INTO reports (attempt, seq, kind, body_json) VALUES (?, ?, ?, ?)",
                (attempt, seq, kind, json.dumps(body)),
            )
            if now is not None:
                self._db.execute(
                    "UPDATE attempts SET state = 'finished', ended = ? WHERE attempt = ?", (now, attempt)
                )
            return seq

    def unconfirmed(self, after: int = 0, limit: int = 200) -> tuple[Written, ...]:
        """Return reports that the coordinator has not confirmed, oldest first, written after the one in row `after`."""
        rows = self._rows(
            f"{_REPORTS} WHERE r.confirmed = 0 AND r.rowid > ? ORDER BY r.rowid LIMIT ?",
            after,
            limit,
        )
        return tuple(_written(row) for row in rows)

    def reports(self, attempt: str) -> tuple[Written, ...]:
        rows = self._rows(f"{_REPORTS} WHERE r.attempt = ? ORDER BY r.seq", attempt)
        return tuple(_written(row) for row in rows)

    def unconfirmed_attempts(self) -> tuple[str, ...]:
        """Return the attempts that have ended but whose final report nobody confirmed."""
        return tuple(
            row["attempt"] for row in self._rows("SELECT attempt FROM attempts WHERE state = 'finished'")
        )

    def confirm(self, attempt: str, through: int, *, final: bool) -> None:
        """Settle reports up to number `through`; with `final`, and all of them settled, the attempt itself."""
        with self._transaction():
            self._db.execute(
                "UPDATE reports SET confirmed = 1 WHERE attempt = ? AND seq <= ?", (attempt, through)
            )
            if final:
                self._db.execute(
                    "UPDATE attempts SET state = 'confirmed' WHERE attempt = ? AND state = 'finished' AND NOT EXISTS"
                    " (SELECT 1 FROM reports WHERE attempt = ? AND confirmed = 0)",
                    (attempt, attempt),
                )

    def reopen(self, attempt: str) -> None:
        """The coordinator asks again: all reports of the attempt are to be sent once more."""
        with self._transaction():
            self._db.execute("UPDATE reports SET confirmed = 0 WHERE attempt = ?", (attempt,))
            self._db.execute(
                "UPDATE attempts SET state = 'finished' WHERE attempt = ? AND state = 'confirmed'", (attempt,)
            )

    def forget(self, before: float) -> None:
        """Drop confirmed attempts that ended, and cancels that came, before `before` (epoch seconds)."""
        with self._transaction():
            old = "SELECT attempt FROM attempts WHERE state = 'confirmed' AND ended < ?"
            self._db.execute(f"DELETE FROM reports WHERE attempt IN ({old})", (before,))  # noqa: S608 - `old` is above
            self._db.execute("DELETE FROM attempts WHERE state = 'confirmed' AND ended < ?", (before,))
            self._db.execute("DELETE FROM cancels WHERE at < ?", (before,))

    # -- within ---------------------------------------------------------------------------------------------

    def _raise_epoch(self, entry: Entry) -> None:
        self._db.execute(
            "INSERT INTO epochs VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET epoch = MAX(epoch, excluded.epoch)",
            (entry.project, entry.environment, entry.epoch),
        )

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    def _execute(self, statement: str, *values: object) -> None:
        with self._lock:
            self._db.execute(statement, values)

    def _rows(self, statement: str, *values: object) -> list[sqlite3.Row]:
        with self._lock:
            return self._db.execute(statement, values).fetchall()


def _entry(row: sqlite3.Row) -> Entry:
    return Entry(
        attempt=row["attempt"],
        epoch=row["epoch"],
        project=row["project"],
        environment=row["environment"],
        task=row["task"],
        deployment=row["deployment"],
        kind=row["kind"],
        order=json.loads(row["order_json"]),
        created=row["created"],
        state=row["state"],
        phase=row["phase"],
        detail=json.loads(row["detail"]),
    )


def _written(row: sqlite3.Row) -> Written:
    return Written(
        row=row["row"],
        attempt=row["attempt"],
        seq=row["seq"],
        kind=row["kind"],
        body=json.loads(row["body_json"]),
        deployment=row["deployment"],
        task=row["task"],
        epoch=row["epoch"],
    )
