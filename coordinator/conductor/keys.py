"""API keys: who may speak to the coordinator, and as whom.

A key is `tg_` and 256 random bits; only its SHA-256 is stored (it cannot be guessed, so a slow hash adds nothing).
"""

import hashlib
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, RowMapping

from coordinator.conductor.errors import Conflict, Forbidden, NotFound
from coordinator.conductor.services import Person, Services
from coordinator.store import api_keys
from coordinator.store.database import Store
from tasks.clock import new_id
from tasks.private_files import write_private

ADMINS = "admins"  # the one group with a meaning of its own: manages keys and hosts
FIRST_KEY_FILE = "admin.key"
_TOKEN = re.compile(r"tg_[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, slots=True)
class Credential:
    """A key that was accepted: its id, and who speaks."""

    id: str
    person: Person


@dataclass(frozen=True, slots=True)
class KeyView:
    """What is shown of a key; never the key."""

    id: str
    name: str
    groups: tuple[str, ...]
    created_at: datetime
    created_by: str
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key just made, with its text: shown this once."""

    view: KeyView
    token: str


def authenticate(services: Services, token: str) -> Credential | None:
    """Return who speaks with `token`, None for an unknown or revoked key."""
    if not _TOKEN.fullmatch(token):
        return None
    with services.store.read() as tx:
        row = api_keys.valid(tx, hash_of(token))
    return Credential(row["id"], Person(row["name"], tuple(row["groups"]))) if row else None


def require_admin(person: Person, what: str) -> None:
    """Raise Forbidden unless `person` is in the group that manages keys and hosts."""
    if ADMINS not in person.groups:
        raise Forbidden(
            f"{person.name} may not {what}: that needs a key of the group {ADMINS}",
            hint=f"Ask a person of the group {ADMINS}, or use their key.",
        )


def create(services: Services, name: str, groups: Sequence[str], by: Person) -> NewKey:
    require_admin(by, "create keys")
    with services.store.write() as tx:
        return _make(tx, name, groups, services.now(), by.name)


def page(services: Services, by: Person, limit: int, after: str, *, revoked: bool) -> list[KeyView]:
    """Return keys by id, the first one behind `after`."""
    require_admin(by, "see keys")
    with services.store.read() as tx:
        return [_view(row) for row in api_keys.page(tx, limit, after, revoked=revoked)]


def revoke(services: Services, key_id: str, by: Person) -> None:
    """Revoke a key at once; a revoked one stays revoked. Raises Conflict for the last key of an admin."""
    require_admin(by, "revoke keys")
    with services.store.write() as tx:
        api_keys.take_turns(tx)
        row = api_keys.row(tx, key_id)
        if row is None:
            raise NotFound(f"there is no key {key_id}", hint="List them with `tidegate keys list`.")
        if row["revoked_at"] is not None:
            return
        if ADMINS in row["groups"] and not any(
            other["id"] != key_id and ADMINS in other["groups"] for other in api_keys.all_valid(tx)
        ):
            raise Conflict(
                f"{key_id} is the last key of the group {ADMINS}: without it nobody could manage keys",
                hint="Create another key of that group first.",
            )
        api_keys.revoke(tx, key_id, services.now())


def make_first_key(store: Store, state_dir: Path, now: datetime) -> Path | None:
    """At the very first start, write an admin's key to `admin.key` (0600) and return the path; later None."""
    path = state_dir / FIRST_KEY_FILE
    with store.write() as tx:
        api_keys.take_turns(tx)
        if api_keys.any_made(tx):
            return None
        made = _make(tx, "admin", [ADMINS], now, "tidegate")
        write_private(path, made.token + "\n")  # before the commit: a file without its row is made anew
    return path


def hash_of(token: str) -> str:
    """Return the SHA-256 in hex, as it is stored."""
    return hashlib.sha256(token.encode()).hexdigest()


def _make(tx: Connection, name: str, groups: Sequence[str], at: datetime, by: str) -> NewKey:
    token = f"tg_{secrets.token_urlsafe(32)}"
    view = KeyView(new_id("key"), name, tuple(dict.fromkeys(groups)), at, by, None)
    row = {"id": view.id, "name": name, "groups": list(view.groups), "hash": hash_of(token)}
    api_keys.add(tx, {**row, "created_at": at, "created_by": by})
    return NewKey(view, token)


def _view(row: RowMapping) -> KeyView:
    return KeyView(
        row["id"],
        row["name"],
        tuple(row["groups"]),
        row["created_at"],
        row["created_by"],
        row["revoked_at"],
    )
