"""Insert one row unless a unique key is taken."""

from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite


def insert_new(tx: Connection, table: Table, values: dict[str, Any]) -> bool:
    """Insert the row; return False where a unique key is taken. On PostgreSQL this waits for who takes it just now."""
    insert = postgresql.insert if tx.dialect.name == "postgresql" else sqlite.insert
    statement = insert(table).values(values).on_conflict_do_nothing()
    # RETURNING, and not the row count: SQLAlchemy does not keep that for inserts on PostgreSQL, it is -1 there.
    first_key = next(iter(table.primary_key.columns))
    return tx.execute(statement.returning(first_key)).first() is not None
