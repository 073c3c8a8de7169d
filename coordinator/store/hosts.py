"""Rows of hosts: what is declared about them, how they joined, what was last heard of them.

A removed host keeps its row, so that what it did stays readable; nothing here returns one.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, select, text, update

from config.inventory import Host
from coordinator.store.tables import hosts
from coordinator.store.upsert import upsert

_DECLARED = ("name", "address", "environments", "roles", "labels", "variables")
_NO_KEYS = {"key_id": None, "sign_key": None, "seal_key": None, "joined_at": None, "incarnation": None}


def take_turns(tx: Connection) -> None:
    """Let one transaction at a time decide which hosts exist (on SQLite every writer is alone anyway)."""
    if tx.dialect.name == "postgresql":
        tx.execute(text("LOCK TABLE hosts IN SHARE ROW EXCLUSIVE MODE"))


def row(tx: Connection, name: str, *, lock: bool = False) -> RowMapping | None:
    """Return the host's row; `lock` keeps other writers waiting until this transaction ends."""
    query = select(hosts).where(hosts.c.name == name, hosts.c.removed_at.is_(None))
    return tx.execute(query.with_for_update() if lock else query).mappings().first()


def rows(tx: Connection, *, lock: bool = False) -> Sequence[RowMapping]:
    """Return every host's row by name."""
    query = select(hosts).where(hosts.c.removed_at.is_(None)).order_by(hosts.c.name)
    return tx.execute(query.with_for_update() if lock else query).mappings().all()


def page(tx: Connection, limit: int, after: str = "") -> Sequence[RowMapping]:
    """Return rows by name, the first one behind `after`."""
    query = select(hosts).where(hosts.c.removed_at.is_(None), hosts.c.name > after)
    return tx.execute(query.order_by(hosts.c.name).limit(limit)).mappings().all()


def inventory(tx: Connection) -> tuple[Host, ...]:
    """Return every host as it is declared, by name."""
    return tuple(declared_of(row) for row in rows(tx))


def declared_of(row: RowMapping) -> Host:
    """Return the declared part of a row."""
    return Host.model_validate({name: row[name] for name in _DECLARED})


def declare(tx: Connection, host: Host, at: datetime) -> None:
    """Add the host, or change what is declared about it. One that was removed begins anew, without keys."""
    declared = host.model_dump(mode="json")
    if row(tx, host.name) is None:
        fresh = {"added_at": at, "removed_at": None, "in_use": 0, "join_secret_hash": None, "seen_at": None}
        upsert(tx, hosts, {**declared, **fresh, **_NO_KEYS, "clock_offset": 0.0, "engine": None})
        return
    tx.execute(update(hosts).where(hosts.c.name == host.name).values(declared))


def expect_join(tx: Connection, name: str, secret_hash: str) -> None:
    """Save the SHA-256 of the one-time secret with which the host may join; an older one ends."""
    tx.execute(update(hosts).where(hosts.c.name == name).values(join_secret_hash=secret_hash))


def save_joined(tx: Connection, name: str, values: dict[str, Any], at: datetime) -> None:
    """Save the keys of a host that joined (`key_id`, `sign_key`, `seal_key`, `worker_version`)."""
    joined = {"join_secret_hash": None, "joined_at": at, "seen_at": at, "incarnation": None, **values}
    tx.execute(update(hosts).where(hosts.c.name == name).values(joined))


def remove(tx: Connection, name: str, at: datetime) -> None:
    """Take the host out; its keys and its join file stop being valid."""
    gone = {"removed_at": at, "join_secret_hash": None, **_NO_KEYS}
    tx.execute(update(hosts).where(hosts.c.name == name).values(gone))
