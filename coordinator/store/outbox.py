"""Messages to hosts, committed with the state they follow from; a relay claims, sends and removes them."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, delete, or_, select, update

from coordinator.store.tables import outbox


@dataclass(frozen=True, slots=True)
class Posted:
    """One message to send: an order (again) or a cancel."""

    serial: int
    kind: str
    deployment: str
    task: str
    attempt: int
    host: str
    reason: str


def has_free(tx: Connection, now: datetime) -> bool:
    """Say whether there is anything to claim, without asking for the right to write."""
    return tx.execute(select(outbox.c.serial).where(_free(now)).limit(1)).first() is not None


def claim(tx: Connection, now: datetime, until: datetime, limit: int) -> list[Posted]:
    """Take messages nobody is sending; they are taken over by others after `until`."""
    oldest = select(outbox).where(_free(now)).order_by(outbox.c.serial).limit(limit)
    found = tx.execute(oldest.with_for_update(skip_locked=True)).mappings().all()
    serials = [row["serial"] for row in found]
    if serials:
        tx.execute(update(outbox).where(outbox.c.serial.in_(serials)).values(claimed_until=until))
    return [Posted(**{name: row[name] for name in Posted.__slots__}) for row in found]


def remove(tx: Connection, serials: list[int]) -> None:
    """Forget messages that were sent."""
    tx.execute(delete(outbox).where(outbox.c.serial.in_(serials)))


def release(tx: Connection, serials: list[int]) -> None:
    """Give claimed messages back at once: they could not be sent now."""
    tx.execute(update(outbox).where(outbox.c.serial.in_(serials)).values(claimed_until=None))


def _free(now: datetime) -> ColumnElement[bool]:
    return or_(outbox.c.claimed_until.is_(None), outbox.c.claimed_until <= now)
