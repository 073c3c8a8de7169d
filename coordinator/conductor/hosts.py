"""Hosts one by one: adding one with its join file, looking, removing."""

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection, RowMapping

from config.inventory import Host
from coordinator.conductor.errors import Conflict, Invalid, NotFound, Unavailable
from coordinator.conductor.etags import Expectation, anything, tag_of
from coordinator.conductor.events import retrying
from coordinator.conductor.keys import require_admin
from coordinator.conductor.services import Person, Services
from coordinator.store import hosts
from tasks.joining import CoordinatorContact, JoinFile

LONGEST_NAME = 63


@dataclass(frozen=True, slots=True)
class HostView:
    """What is declared about a host, and what was heard of it. `in_use`: tasks sent to it and not ended."""

    name: str
    address: str
    environments: tuple[str, ...]
    roles: tuple[str, ...]
    labels: dict[str, str]
    variables: dict[str, str]
    status: Literal["never_joined", "joined"]
    join_pending: bool
    added_at: datetime
    joined_at: datetime | None
    seen_at: datetime | None
    worker_version: str | None
    clock_offset: float
    engine: dict[str, Any] | None
    in_use: int


@dataclass(frozen=True, slots=True)
class Added:
    """A host and its join file, which is shown this once; `created` is False for a host that was there."""

    host: HostView
    join: JoinFile
    created: bool
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NewHost:
    """A host to be added; of `declared` only what was given, so that the rest of a known host stays."""

    name: str
    declared: Mapping[str, Any]
    rejoin: bool = False


def add(services: Services, new: NewHost, by: Person) -> Added:
    """Declare the host if it is new, and make a join file for it. Raises Conflict for one that has a join file.

    With `rejoin` an older join file ends now, the host's old keys when it joins with the new file.
    """
    require_admin(by, "add hosts")
    check_name(new.name)
    return retrying(lambda: _added(services, new))


def _added(services: Services, new: NewHost) -> Added:
    secret = secrets.token_urlsafe(32)
    with services.store.write() as tx:
        hosts.take_turns(tx)
        row = hosts.row(tx, new.name, lock=True)
        if row is not None and not new.rejoin:
            _refuse_second(row)
        hosts.declare(tx, _declared(new, row), services.now())
        hosts.expect_join(tx, new.name, secret_hash(secret))
        view = view_of(require(tx, new.name))
        return Added(view, _join_file(services, new.name, secret), row is None, _notes(view))


def get(services: Services, name: str) -> HostView:
    """Raises NotFound."""
    with services.store.read() as tx:
        return view_of(require(tx, name))


def page(
    services: Services,
    limit: int,
    after: str = "",
    *,
    environment: str | None = None,
    role: str | None = None,
) -> Sequence[HostView]:
    """Return hosts by name, the first one behind `after`; only those of the environment and role, if given."""
    found: list[HostView] = []
    with services.store.read() as tx:
        while len(found) < limit:
            rows = hosts.page(tx, limit, after)
            fitting = (view_of(row) for row in rows if _fits(row, environment, role))
            found.extend(fitting)
            if len(rows) < limit:
                break
            after = rows[-1]["name"]
    return found[:limit]


def remove(services: Services, name: str, by: Person, expect: Expectation = anything) -> None:
    """Take the host out; its keys end at once. Raises NotFound, Conflict while tasks are in flight, Outdated."""
    require_admin(by, "remove hosts")
    with services.store.write() as tx:
        row = require(tx, name, lock=True)
        expect(tag_of(hosts.declared_of(row).model_dump(mode="json")))
        refuse_in_use([row])
        hosts.remove(tx, name, services.now())


def require(tx: Connection, name: str, *, lock: bool = False) -> RowMapping:
    """Return the host's row. Raises NotFound."""
    row = hosts.row(tx, name, lock=lock)
    if row is None:
        raise NotFound(f"there is no host {name}", hint="List them with `tidegate hosts list`.")
    return row


def refuse_in_use(rows: Sequence[RowMapping]) -> None:
    """Raise Conflict where a host still has tasks in flight."""
    busy = [f"{row['name']} ({row['in_use']})" for row in rows if row["in_use"]]
    if busy:
        raise Conflict(
            f"hosts with tasks in flight cannot be removed: {', '.join(busy)}",
            hint="Wait until their deployment has ended, or cancel it.",
        )


def check_name(name: str) -> None:
    """Raise Invalid for a name that has no room in the queues' and containers' names."""
    if len(name) > LONGEST_NAME:
        raise Invalid(f"the host name {name[:20]}... has {len(name)} characters; at most {LONGEST_NAME}")


def secret_hash(secret: str) -> str:
    """Return the SHA-256 in hex of a one-time secret, as it is stored."""
    return hashlib.sha256(secret.encode()).hexdigest()


def view_of(row: RowMapping) -> HostView:
    declared = hosts.declared_of(row)
    return HostView(
        name=declared.name,
        address=declared.address,
        environments=declared.environments,
        roles=declared.roles,
        labels=dict(declared.labels),
        variables=dict(declared.variables),
        status="joined" if row["joined_at"] else "never_joined",
        join_pending=bool(row["join_secret_hash"]),
        **{name: row[name] for name in ("added_at", "joined_at", "seen_at", "worker_version")},
        **{name: row[name] for name in ("clock_offset", "engine", "in_use")},
    )


def _refuse_second(row: RowMapping) -> None:
    if row["joined_at"] or row["join_secret_hash"]:
        state = "has joined" if row["joined_at"] else "has a join file that was not used yet"
        raise Conflict(
            f"host {row['name']} is there already and {state}",
            hint="For a reinstalled host or a lost join file use `tidegate hosts add --rejoin`.",
        )


def _declared(new: NewHost, row: RowMapping | None) -> Host:
    known = hosts.declared_of(row).model_dump(mode="json") if row else {"environments": []}
    return Host.model_validate({**known, **new.declared, "name": new.name})


def _join_file(services: Services, name: str, secret: str) -> JoinFile:
    broker = services.settings.broker_url
    if broker is None:
        raise Unavailable("no broker is set up, so no host could join", hint="Set TIDEGATE_BROKER_URL.")
    contact = CoordinatorContact(url=services.settings.api_url, **services.keys.public.model_dump())
    return JoinFile(host=name, broker_url=broker.reveal(), coordinator=contact, secret=secret)


def _notes(view: HostView) -> tuple[str, ...]:
    note = (
        f"{view.name} is in no environment yet: no deployment reaches it until it has one "
        "(`environments` in the inventory, or `tidegate hosts add --environment`)"
    )
    return () if view.environments else (note,)


def _fits(row: RowMapping, environment: str | None, role: str | None) -> bool:
    in_environment = environment is None or environment in row["environments"]
    return in_environment and (role is None or role in row["roles"])
