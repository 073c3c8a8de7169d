"""What hosts said, stored once per (attempt, number)."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select, update

from coordinator.store.tables import attempts, reports
from coordinator.store.upsert import insert_once


def attempt_row(tx: Connection, attempt: str) -> dict[str, Any] | None:
    found = tx.execute(select(attempts).where(attempts.c.id == attempt)).mappings().first()
    return dict(found) if found else None


def store(
    tx: Connection, *, attempt: str, deployment: str, seq: int, kind: str, body: dict[str, Any], now: datetime
) -> bool:
    """Keep a numbered report; return False when it is there already."""
    values = {"attempt": attempt, "seq": seq, "deployment": deployment, "kind": kind, "body": body}
    return insert_once(tx, reports, {**values, "received_at": now})


def contiguous(tx: Connection, attempt: str) -> int:
    """Return the number up to which every report of the attempt is stored, and remember it."""
    known: int = tx.execute(select(attempts.c.through).where(attempts.c.id == attempt)).scalar() or 0
    later = select(reports.c.seq).where(reports.c.attempt == attempt, reports.c.seq > known)
    through = known
    for seq in tx.execute(later.order_by(reports.c.seq)).scalars():
        if seq != through + 1:
            break
        through = seq
    if through != known:
        tx.execute(update(attempts).where(attempts.c.id == attempt).values(through=through))
    return through


def note_final(
    tx: Connection, attempt: str, seq: int, outputs: dict[str, Any], facts: dict[str, Any]
) -> None:
    """Keep what the final report brought besides the outcome."""
    own = attempts.c.id == attempt
    tx.execute(update(attempts).where(own).values(final_seq=seq, outputs=outputs, facts=facts))


def note_progress(tx: Connection, attempt: str, progress: dict[str, Any]) -> None:
    tx.execute(update(attempts).where(attempts.c.id == attempt).values(progress=progress))
