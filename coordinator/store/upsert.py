"""Insert or replace one row, in the words of each database."""

from typing import Any

from sqlalchemy import Connection, Table, literal
from sqlalchemy.dialects import postgresql, sqlite


def upsert(tx: Connection, table: Table, values: dict[str, Any]) -> None:
    """Insert the row; where its primary key is taken, replace the other columns."""
    key = [column.name for column in table.primary_key.columns]
    others = {name: value for name, value in values.items() if name not in key}
    insert = postgresql.insert if tx.dialect.name == "postgresql" else sqlite.insert
    statement = insert(table).values(values)
    if others:
        tx.execute(statement.on_conflict_do_update(index_elements=key, set_=others))
    else:
        tx.execute(statement.on_conflict_do_nothing(index_elements=key))


def insert_once(tx: Connection, table: Table, values: dict[str, Any]) -> bool:
    """Insert the row unless a unique key is taken; return whether it was inserted."""
    insert = postgresql.insert if tx.dialect.name == "postgresql" else sqlite.insert
    statement = insert(table).values(values).on_conflict_do_nothing()
    # Asked for in words: `rowcount` is not set by every driver when the primary key comes from the database.
    return tx.execute(statement.returning(literal(1))).first() is not None
