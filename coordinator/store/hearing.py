"""What hosts are known by and what was last heard of them."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select, update

from coordinator.domain.states import TaskStatus
from coordinator.store.tables import hosts, tasks

UNHEARD = tuple(status.value for status in TaskStatus if status.is_unheard)


def sign_key(tx: Connection, host: str, key_id: str) -> tuple[str, float] | None:
    """Return the host's public signing key (base64) of that id, and its clock's offset in seconds."""
    own = (hosts.c.name == host, hosts.c.key_id == key_id, hosts.c.removed_at.is_(None))
    found = tx.execute(select(hosts.c.sign_key, hosts.c.clock_offset).where(*own)).first()
    return (found[0], found[1]) if found else None


def note_seen(tx: Connection, host: str, values: dict[str, Any], now: datetime) -> None:
    """Remember that the host spoke, and what it said of itself."""
    tx.execute(update(hosts).where(hosts.c.name == host).values(seen_at=now, **values))


def given_up(tx: Connection, deployment: str, keys: list[str]) -> list[tuple[str, int]]:
    """Return those tasks (key, newest attempt) that were given up because their host was silent."""
    mine = (tasks.c.deployment == deployment, tasks.c.key.in_(keys), tasks.c.status.in_(UNHEARD))
    return [(row[0], row[1]) for row in tx.execute(select(tasks.c.key, tasks.c.attempt).where(*mine))]
