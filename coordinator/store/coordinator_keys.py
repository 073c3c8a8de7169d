"""The coordinator's own private keys, encrypted with the master key. One row; several coordinators share it."""

from datetime import datetime

from sqlalchemy import Connection, insert, select, text

from coordinator.store.tables import coordinator_keys


def ciphertext(tx: Connection) -> str | None:
    """Return the encrypted keys; on PostgreSQL who asks first keeps the others waiting until it has saved them."""
    if tx.dialect.name == "postgresql":
        tx.execute(text("LOCK TABLE coordinator_keys IN SHARE ROW EXCLUSIVE MODE"))
    query = select(coordinator_keys.c.ciphertext).order_by(coordinator_keys.c.created_at).limit(1)
    return tx.execute(query).scalar()


def add(tx: Connection, key_id: str, encrypted: str, at: datetime) -> None:
    tx.execute(insert(coordinator_keys).values(id=key_id, ciphertext=encrypted, created_at=at))
