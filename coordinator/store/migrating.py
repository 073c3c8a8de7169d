"""Bringing the database to the tables of this version, at each start."""

from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from coordinator.store.database import Store

_SCRIPTS: Final = Path(__file__).with_name("migrations")
_LOCK: Final = (
    7_834_211_906  # one coordinator at a time migrates a shared PostgreSQL database; any number will do
)


class DatabaseTooNewError(Exception):
    """The database was made by a newer version of Tidegate; start that version, or restore a backup."""


def upgrade(store: Store) -> None:
    """Apply every migration that is missing, all of them or none. Raises DatabaseTooNewError."""
    with store.write() as tx:
        if not store.is_sqlite:
            tx.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        _refuse_newer(tx)
        command.upgrade(configuration(tx), "head")


def configuration(tx: Connection) -> Config:
    """Return what Alembic needs to work inside this transaction; `env.py` takes the connection from it."""
    made = Config()
    made.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    made.set_main_option("path_separator", "os")
    made.attributes["connection"] = tx
    return made


def _refuse_newer(tx: Connection) -> None:
    known = {script.revision for script in ScriptDirectory.from_config(configuration(tx)).walk_revisions()}
    unknown = set(MigrationContext.configure(tx).get_current_heads()) - known
    if unknown:
        raise DatabaseTooNewError(
            f"the database is at {', '.join(sorted(unknown))}, which this version of Tidegate does not know: "
            "start the newer version that made it, or restore a backup"
        )
