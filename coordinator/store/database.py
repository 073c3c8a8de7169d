"""One database, SQLite or PostgreSQL, behind one `Store`.

with store.write() as tx: ...   # one transaction; on SQLite the only writer, from its first statement
with store.read() as tx: ...    # a consistent look
"""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.pool import ConnectionPoolEntry

from tasks import clock

BUSY_TIMEOUT_MS = 15_000


class Store:
    """Opens transactions. Several stores on one PostgreSQL database are several coordinators."""

    def __init__(self, url: str) -> None:
        self.engine = _open(url)
        self.is_sqlite = self.engine.dialect.name == "sqlite"
        # SQLite polls with growing sleeps when two connections want to write; threads of one process take turns.
        self._turn = threading.RLock()

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Commit on leaving, roll back on an exception."""
        with ExitStack() as stack:
            if self.is_sqlite:
                stack.enter_context(self._turn)
            connection = stack.enter_context(self.engine.connect())
            with connection.begin():
                yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """See one state of the database; what is written here is rolled back."""
        with self.engine.connect() as connection:
            yield connection.execution_options(tidegate_read=True)

    def close(self) -> None:
        self.engine.dispose()


def _open(url: str) -> Engine:
    """Errors name the statement and hide its values, which reach logs."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        engine = create_engine(
            parsed,
            connect_args={"check_same_thread": False},
            pool_size=16,
            max_overflow=16,
            hide_parameters=True,
        )
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    return create_engine(
        parsed.set(drivername="postgresql+psycopg"),
        pool_size=16,
        max_overflow=16,
        pool_pre_ping=True,
        hide_parameters=True,
    )


def _prepare_sqlite(connection: object, _entry: ConnectionPoolEntry) -> None:
    """Make the driver leave transactions to us, and the file durable and shareable."""
    connection.isolation_level = None  # type: ignore[attr-defined]  # sqlite3.Connection, typed as object by the event
    for pragma in (f"busy_timeout={BUSY_TIMEOUT_MS}", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")  # type: ignore[attr-defined]  # as above
    _use_wal(connection)


def _use_wal(connection: object) -> None:
    """Turn the write-ahead log on. For this one lock SQLite does not wait by itself when a second program starts."""
    end = clock.monotonic() + BUSY_TIMEOUT_MS / 1000
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")  # type: ignore[attr-defined]  # as above
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or clock.monotonic() > end:
                raise
            clock.pause(0.05)
        else:
            return


def _begin_sqlite(connection: Connection) -> None:
    """Take the write lock first: a transaction that reads and then writes cannot fail half-way as busy."""
    reading = connection.get_execution_options().get("tidegate_read", False)
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")
