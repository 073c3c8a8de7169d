"""Rows of releases: written once, never changed."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, and_, or_, select

from coordinator.store.tables import releases
from coordinator.store.upsert import insert_once


def row(tx: Connection, project: str, version: str) -> RowMapping | None:
    query = select(releases).where(releases.c.project == project, releases.c.version == version)
    return tx.execute(query).mappings().first()


def add(tx: Connection, values: dict[str, Any]) -> bool:
    """Insert the release; return False where that version exists meanwhile."""
    return insert_once(tx, releases, values)


def page(
    tx: Connection, project: str | None, limit: int, before: tuple[datetime, str, str] | None = None
) -> Sequence[RowMapping]:
    """Return releases, the newest first; `before` is (created_at, project, version) of the last one seen."""
    columns = [column for column in releases.c if column.name != "source"]
    at, name, version = releases.c.created_at, releases.c.project, releases.c.version
    query = select(*columns).order_by(at.desc(), name, version).limit(limit)
    if project is not None:
        query = query.where(name == project)
    if before is not None:
        later_version = and_(name == before[1], version > before[2])
        same_time = and_(at == before[0], or_(name > before[1], later_version))
        query = query.where(or_(at < before[0], same_time))
    return tx.execute(query).mappings().all()
