"""Counting what the database reads and writes."""

from collections.abc import Callable

import pytest
from sqlalchemy import event

from coordinator.store.database import Store


@pytest.fixture
def count_rows():
    """Return a function that runs an action and returns (statements, rows written, rows read at most)."""

    def counted(store: Store, action: Callable[[], None]) -> dict[str, int]:
        seen = {"statements": 0, "rows": 0}

        def after(_conn, cursor, statement, _parameters, _context, executemany):
            seen["statements"] += 1
            if not statement.startswith("SELECT") and cursor.rowcount > 0 and not executemany:
                seen["rows"] += cursor.rowcount

        event.listen(store.engine, "after_cursor_execute", after)
        try:
            action()
        finally:
            event.remove(store.engine, "after_cursor_execute", after)
        return seen

    return counted
