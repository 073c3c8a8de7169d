"""Counting what the database reads and writes."""

from collections.abc import Callable

import pytest
from sqlalchemy import event

from coordinator.store.database import Store


@pytest.fixture
def count_rows():
    """Return a function that runs an action and returns what it cost."""

    def counted(store: Store, action: Callable[[], None]) -> dict[str, int]:
        seen = {"statements": 0, "written": 0, "read": 0}  # only PostgreSQL's driver counts what is read

        def after(_conn, cursor, statement, _parameters, _context, executemany):
            seen["statements"] += 1
            if cursor.rowcount > 0 and not executemany:
                seen["read" if statement.startswith("SELECT") else "written"] += cursor.rowcount

        event.listen(store.engine, "after_cursor_execute", after)
        try:
            action()
        finally:
            event.remove(store.engine, "after_cursor_execute", after)
        return seen

    return counted
