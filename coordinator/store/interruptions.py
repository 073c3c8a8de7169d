"""Reading interruptions as values; they are written by `saving`."""

from sqlalchemy import Connection, select

from coordinator.domain.states import Interruption
from coordinator.store import rows
from coordinator.store.tables import interruptions


def find(tx: Connection, identity: str) -> Interruption | None:
    found = tx.execute(select(interruptions).where(interruptions.c.id == identity)).mappings().first()
    return rows.interruption_of(found) if found else None
