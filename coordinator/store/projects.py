"""Rows of projects: the process as it was applied last, and how often."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, RowMapping, select, update

from coordinator.store.tables import projects
from coordinator.store.upsert import insert_once


def row(tx: Connection, name: str, *, lock: bool = False) -> RowMapping | None:
    """Return the project's row; `lock` keeps other writers waiting until this transaction ends."""
    query = select(projects).where(projects.c.name == name)
    return tx.execute(query.with_for_update(key_share=True) if lock else query).mappings().first()


def page(tx: Connection, limit: int, after: str = "") -> Sequence[RowMapping]:
    """Return rows by name, the first one behind `after`; the processes' texts are left out."""
    columns = (projects.c.name, projects.c.revision, projects.c.applied_at, projects.c.applied_by)
    query = select(*columns).where(projects.c.name > after).order_by(projects.c.name).limit(limit)
    return tx.execute(query).mappings().all()


def add(tx: Connection, name: str, source: str, at: datetime, by: str) -> bool:
    """Insert revision 1; return False where the project exists meanwhile."""
    values = {"name": name, "source": source, "revision": 1, "applied_at": at, "applied_by": by}
    return insert_once(tx, projects, {**values, "deployments_made": 0})


def replace(tx: Connection, name: str, source: str, at: datetime, by: str) -> None:
    """Save the next revision."""
    values = {"source": source, "revision": projects.c.revision + 1, "applied_at": at, "applied_by": by}
    tx.execute(update(projects).where(projects.c.name == name).values(values))
