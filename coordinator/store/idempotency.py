"""Rows of idempotency keys: what was asked under a key, and what was answered."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, delete, select, update

from coordinator.store.tables import idempotency_keys as keys
from coordinator.store.upsert import insert_once


def row(tx: Connection, scope: str, key: str) -> RowMapping | None:
    query = select(keys).where(keys.c.scope == scope, keys.c.key == key)
    return tx.execute(query).mappings().first()


def claim(tx: Connection, scope: str, key: str, request_hash: str, at: datetime) -> bool:
    """Insert the key; return False where it is taken. On PostgreSQL this waits for who is about to take it."""
    values = {"scope": scope, "key": key, "request_hash": request_hash, "result": {}, "created_at": at}
    return insert_once(tx, keys, values)


def settle(tx: Connection, scope: str, key: str, result: dict[str, Any]) -> None:
    """Save the answer under a claimed key."""
    tx.execute(update(keys).where(keys.c.scope == scope, keys.c.key == key).values(result=result))


def drop_before(tx: Connection, at: datetime) -> int:
    """Delete keys made before `at`; return how many."""
    return tx.execute(delete(keys).where(keys.c.created_at < at)).rowcount


def drop(tx: Connection, scope: str, key: str, before: datetime) -> None:
    """Delete the key if it was made before that time."""
    tx.execute(delete(keys).where(keys.c.scope == scope, keys.c.key == key, keys.c.created_at < before))
