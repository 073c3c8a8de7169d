"""Rows of API keys: whom they speak for; of the key itself only its SHA-256."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, insert, select, text, update

from coordinator.store.tables import api_keys


def take_turns(tx: Connection) -> None:
    """Let one transaction at a time decide over keys (on SQLite every writer is alone anyway)."""
    if tx.dialect.name == "postgresql":
        tx.execute(text("LOCK TABLE api_keys IN SHARE ROW EXCLUSIVE MODE"))


def valid(tx: Connection, key_hash: str) -> RowMapping | None:
    """Return the row of a key that was not revoked."""
    query = select(api_keys).where(api_keys.c.hash == key_hash, api_keys.c.revoked_at.is_(None))
    return tx.execute(query).mappings().first()


def row(tx: Connection, key_id: str) -> RowMapping | None:
    return tx.execute(select(api_keys).where(api_keys.c.id == key_id)).mappings().first()


def all_valid(tx: Connection) -> Sequence[RowMapping]:
    """Return every key that was not revoked."""
    return tx.execute(select(api_keys).where(api_keys.c.revoked_at.is_(None))).mappings().all()


def any_made(tx: Connection) -> bool:
    """Say whether there ever was a key."""
    return tx.execute(select(api_keys.c.id).limit(1)).first() is not None


def page(tx: Connection, limit: int, after: str, *, revoked: bool) -> Sequence[RowMapping]:
    """Return rows by id, the first one behind `after`; revoked ones too if asked for."""
    query = select(api_keys).where(api_keys.c.id > after).order_by(api_keys.c.id).limit(limit)
    return tx.execute(query if revoked else query.where(api_keys.c.revoked_at.is_(None))).mappings().all()


def add(tx: Connection, values: dict[str, Any]) -> None:
    tx.execute(insert(api_keys).values(values))


def revoke(tx: Connection, key_id: str, at: datetime) -> None:
    tx.execute(update(api_keys).where(api_keys.c.id == key_id).values(revoked_at=at))
