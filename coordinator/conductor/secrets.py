"""Secrets: setting a value, naming the versions, and revealing them to the relay that seals them for a host."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, RowMapping

from coordinator.conductor.errors import Invalid
from coordinator.conductor.projects import declared_secrets, read_process, require
from coordinator.conductor.services import Person, Services
from coordinator.domain.plan import secret_key
from coordinator.store import secrets
from tasks.clock import new_id

LONGEST_VALUE = 65_536


@dataclass(frozen=True, slots=True)
class Scope:
    """Which declared value is meant; nothing given: the one that holds everywhere."""

    environment: str | None = None
    role: str | None = None
    host: str | None = None


_EVERYWHERE = Scope()


@dataclass(frozen=True, slots=True)
class SecretView:
    """What is shown of a secret: names and versions, never a value. `version` None: no value yet."""

    name: str
    environment: str | None
    role: str | None
    host: str | None
    key: str
    declared: bool
    version: str | None
    versions: int
    set_at: datetime | None
    set_by: str | None


def put(
    services: Services, project: str, name: str, value: str, *, by: Person, scope: Scope = _EVERYWHERE
) -> SecretView:
    """Set the value of a declared secret: a new version, unless it has that value already.

    Releases made earlier keep their versions. Raises NotFound, Invalid.
    """
    if not 0 < len(value) <= LONGEST_VALUE:
        raise Invalid(f"the value of {name} has {len(value)} characters; expected 1 to {LONGEST_VALUE}")
    key = secret_key(name, scope.environment, scope.role, scope.host)
    with services.store.write() as tx:
        row = require(tx, project, lock=True)
        _check_declared(key, declared_secrets(read_process(services, row["source"])), project)
        current = secrets.current_row(tx, project, key)
        if current is None or services.cipher.decrypt(current["ciphertext"]) != value:
            version = {"id": new_id("sv"), "project": project, "key": key, "created_by": by.name}
            sealed = {"ciphertext": services.cipher.encrypt(value), "created_at": services.now()}
            secrets.add(tx, {**version, **sealed})
        found = {view.key: view for view in _views(tx, project, (key,))}
        return found[key]


def views(services: Services, project: str) -> list[SecretView]:
    """Return what the process declares, and older ones that still have versions, by key. Raises NotFound."""
    with services.store.read() as tx:
        row = require(tx, project)
        return _views(tx, project, declared_secrets(read_process(services, row["source"])))


def reveal(services: Services, tx: Connection, versions: Collection[str]) -> dict[str, str]:
    """Return version id -> value, for sealing only. Raises KeyError with an id that does not exist."""
    found = secrets.ciphertexts(tx, versions)
    return {version: services.cipher.decrypt(found[version]) for version in versions}


def _check_declared(key: str, declared: Collection[str], project: str) -> None:
    if key not in declared:
        known = ", ".join(sorted(declared)) or "none"
        raise Invalid(
            f"the process of {project} declares no secret {key}; it declares: {known}",
            hint="Give the scope as it is declared, or declare it with `secret: true` and apply the process.",
        )


def _views(tx: Connection, project: str, declared: Collection[str]) -> list[SecretView]:
    newest = {row["key"]: row for row in secrets.newest(tx, project)}
    return [_view(key, newest.get(key), key in declared) for key in sorted({*declared, *newest})]


def _view(key: str, row: RowMapping | None, declared: bool) -> SecretView:  # noqa: FBT001 - private, one caller
    name, _, query = key.partition("?")
    scope = dict(part.split("=", 1) for part in query.split("&") if part)
    return SecretView(
        name=name,
        environment=scope.get("environment"),
        role=scope.get("role"),
        host=scope.get("host"),
        key=key,
        declared=declared,
        version=row["id"] if row else None,
        versions=row["versions"] if row else 0,
        set_at=row["created_at"] if row else None,
        set_by=row["created_by"] if row else None,
    )
