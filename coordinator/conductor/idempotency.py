"""The same request sent twice with the same idempotency key is carried out once.

    once = Once.of(person, "releases.create", key, {"project": ...})
    with store.write() as tx:                     # the transaction that carries the request out
        earlier = claim(tx, once, now)
        if earlier is not None:
            return earlier
        ...
        settle(tx, once, {"id": ...})

A transaction that is rolled back has not used the key.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Self

from sqlalchemy import Connection

from coordinator.conductor.errors import Invalid
from coordinator.conductor.etags import tag_of
from coordinator.conductor.services import Person
from coordinator.store import idempotency as rows

KEPT = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Once:
    """A request under a key: keys of different people or different verbs have nothing to do with each other."""

    scope: str
    key: str
    fingerprint: str

    @classmethod
    def of(cls, person: Person, verb: str, key: str, content: dict[str, Any]) -> Self:
        """Name the request of `person` to do `verb` (`releases.create`) with `content` (JSON)."""
        return cls(f"{verb} {person.name}", key, tag_of(content))


def earlier(tx: Connection, once: Once, now: datetime) -> dict[str, Any] | None:
    """Return what was answered under the key, None where it is free. Raises Invalid for another request."""
    row = rows.row(tx, once.scope, once.key)
    if row is None or row["created_at"] < now - KEPT:
        return None
    if row["request_hash"] != once.fingerprint:
        raise Invalid(
            f"the idempotency key {once.key} was used for another request",
            hint="Send a new key with a new request; the old key only with exactly the old request.",
        )
    return dict(row["result"])


def claim(tx: Connection, once: Once, now: datetime) -> dict[str, Any] | None:
    """Take the key, or return what was answered under it. Raises Invalid for another request."""
    rows.drop(tx, once.scope, once.key, now - KEPT)
    if rows.claim(tx, once.scope, once.key, once.fingerprint, now):
        return None
    return earlier(tx, once, now)


def settle(tx: Connection, once: Once, result: dict[str, Any]) -> None:
    """Save what is answered under a claimed key."""
    rows.settle(tx, once.scope, once.key, result)


def forget(tx: Connection, now: datetime) -> int:
    """Drop keys older than a week; return how many."""
    return rows.drop_before(tx, now - KEPT)
