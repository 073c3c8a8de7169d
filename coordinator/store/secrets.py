"""Rows of secret versions. The newest version of a key is the current one; none is ever changed."""

from collections.abc import Collection, Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, RowMapping, func, insert, select

from coordinator.store.tables import projects, secret_versions

_CHUNK = 500  # ids in one query: SQLite takes 32,766 parameters at most


def current_row(tx: Connection, project: str, key: str) -> RowMapping | None:
    """Return the newest version of one secret."""
    query = select(secret_versions).where(secret_versions.c.project == project, secret_versions.c.key == key)
    return tx.execute(query.order_by(secret_versions.c.serial.desc()).limit(1)).mappings().first()


def current(tx: Connection, project: str) -> dict[str, str]:
    """Return secret key -> id of its newest version."""
    return {row["key"]: row["id"] for row in newest(tx, project)}


def newest(tx: Connection, project: str) -> Sequence[RowMapping]:
    """Return the newest version of each of the project's secrets by key, with `versions`: how many there are."""
    grouped = (
        select(func.max(secret_versions.c.serial).label("serial"), func.count().label("versions"))
        .where(secret_versions.c.project == project)
        .group_by(secret_versions.c.key)
        .subquery()
    )
    query = select(secret_versions, grouped.c.versions).join(
        grouped, grouped.c.serial == secret_versions.c.serial
    )
    return tx.execute(query.order_by(secret_versions.c.key)).mappings().all()


def ciphertexts(tx: Connection, versions: Collection[str]) -> dict[str, str]:
    """Return version id -> ciphertext, for those that exist."""
    return {row.id: row.ciphertext for chunk in _chunks(sorted(versions)) for row in _read(tx, chunk)}


def add(tx: Connection, values: dict[str, Any]) -> None:
    """Insert a version. The project's row is locked meanwhile, so that the newest serial commits last."""
    tx.execute(
        select(projects.c.name).where(projects.c.name == values["project"]).with_for_update(key_share=True)
    )
    tx.execute(insert(secret_versions).values(values))


def _read(tx: Connection, ids: Sequence[str]) -> Sequence[Any]:
    columns = select(secret_versions.c.id, secret_versions.c.ciphertext)
    return tx.execute(columns.where(secret_versions.c.id.in_(ids))).all()


def _chunks(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    return (ids[start : start + _CHUNK] for start in range(0, len(ids), _CHUNK))
