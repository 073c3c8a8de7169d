"""How declared things are shown: processes, inventories, hosts, keys, secrets, releases."""

from collections.abc import Iterator
from datetime import datetime

from coordinator.cli import times
from coordinator.cli.documents import Applied, Host, Inventory, Key, Release, Secret
from coordinator.cli.screen import Block, Cell, Grid
from coordinator.cli.words import count, listed, shortened, status


def process(answer: Applied, *, dry_run: bool) -> Iterator[Block]:
    """`shop: applied as revision 3: 3 steps, environments uat, production`."""
    done = "can be applied" if dry_run else f"applied as revision {answer['revision']}"
    if not answer["changed"]:
        done = f"unchanged, revision {answer['revision']}"
    steps = count(len(answer["steps"]), "step")
    yield f"{answer['name']}: {done}: {steps}, environments {listed(answer['environments'])}"
    for note in answer["notes"]:
        yield f"Note: {note}"


def inventory(answer: Inventory, *, dry_run: bool) -> Iterator[Block]:
    """`inventory: 5 hosts applied; added web-3; changed web-1`."""
    parts = [f"inventory: {count(len(answer['hosts']), 'host')} {'can be applied' if dry_run else 'applied'}"]
    if answer["added"]:
        parts.append(f"added {shortened(answer['added'])}")
    if answer["changed"]:
        parts.append(f"changed {shortened(answer['changed'])}")
    if answer["removed"]:
        parts.append(f"removed {shortened(answer['removed'])}")
    yield "; ".join(parts)
    if answer["not_in_file"]:
        yield f"Note: not in the file, and kept: {shortened(answer['not_in_file'])}; --prune removes them."


def hosts(items: list[Host], now: datetime) -> Iterator[Block]:
    if not items:
        yield "No hosts. Add one with `tidegate hosts add NAME`, or apply an inventory."
        return
    headings = (
        "host",
        "status",
        "last seen",
        "environments",
        "roles",
        "labels",
        "address",
        "worker",
        "tasks",
    )
    yield Grid(headings, tuple(_host(item, now) for item in items))


def _host(host: Host, now: datetime) -> tuple[Cell, ...]:
    labels = [f"{key}={value}" for key, value in host["labels"].items()]
    return (
        host["name"],
        status(host["status"]),
        times.ago(host["seen_at"], now),
        listed(host["environments"]),
        listed(host["roles"]),
        listed(labels),
        host["address"],
        host["worker_version"] or "",
        str(host["in_use"]),
    )


def keys(items: list[Key], now: datetime) -> Iterator[Block]:
    headings = ("key", "name", "groups", "created", "created by", "status")
    yield Grid(headings, tuple(_key(item, now) for item in items))


def _key(key: Key, now: datetime) -> tuple[Cell, ...]:
    revoked = key["revoked_at"]
    state = status("active") if revoked is None else f"revoked {times.moment(revoked, now)}"
    created = times.moment(key["created_at"], now)
    return key["id"], key["name"], listed(key["groups"]), created, key["created_by"], state


def secrets(project: str, items: list[Secret], now: datetime) -> Iterator[Block]:
    if not items:
        yield f"{project} declares no secrets. A variable is one when its process says `secret: true`."
        return
    headings = ("secret", "scope", "status", "set", "set by", "version")
    yield Grid(headings, tuple(_secret(item, now) for item in items))


def _secret(secret: Secret, now: datetime) -> tuple[Cell, ...]:
    state = status("set" if secret["version"] else "not set")
    if not secret["declared"]:
        state = status("no longer declared")
    set_at = times.moment(secret["set_at"], now)
    return secret["name"], scope(secret), state, set_at, secret["set_by"] or "", secret["version"] or ""


def scope(secret: Secret) -> str:
    """`environment production, role web`; `everywhere` without a scope."""
    given = (("environment", secret["environment"]), ("role", secret["role"]), ("host", secret["host"]))
    return ", ".join(f"{kind} {name}" for kind, name in given if name) or "everywhere"


def releases(items: list[Release], now: datetime) -> Iterator[Block]:
    if not items:
        yield "No releases. Create one with `tidegate release create PROJECT VERSION`."
        return
    headings = ("project", "version", "images", "created", "created by")
    yield Grid(headings, tuple(_release(item, now) for item in items))


def _release(release: Release, now: datetime) -> tuple[Cell, ...]:
    images = listed([f"{name}@{digest(reference)}" for name, reference in release["images"].items()])
    created = times.moment(release["created_at"], now)
    return release["project"], release["version"], images, created, release["created_by"]


def digest(reference: str) -> str:
    """Return the first 12 digits of an image's digest, as Docker shows them."""
    return reference.rpartition("@")[2].removeprefix("sha256:")[:12]


def release(found: Release, now: datetime) -> Iterator[Block]:
    made = f"created {times.moment(found['created_at'], now)} by {found['created_by']}"
    yield f"{found['project']} {found['version']}, {made}"
    if found["images"]:
        yield Grid(("image", "reference"), tuple(found["images"].items()))
