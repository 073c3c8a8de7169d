"""The inventory: what is declared about all hosts, applied as one file."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from config.inventory import Host, load_inventory
from coordinator.conductor.etags import Expectation, anything, tag_of
from coordinator.conductor.events import retrying
from coordinator.conductor.hosts import check_name, refuse_in_use
from coordinator.conductor.keys import require_admin
from coordinator.conductor.services import Person, Services
from coordinator.store import hosts

DEFAULT_FILE = "inventory.yaml"


@dataclass(frozen=True, slots=True)
class InventoryFile:
    """An inventory to be applied; `prune` removes the hosts that it does not name."""

    text: str | bytes
    file: str = DEFAULT_FILE
    prune: bool = False
    dry_run: bool = False
    expect: Expectation = anything


@dataclass(frozen=True, slots=True)
class InventoryChange:
    """The hosts as they are declared now, and which of them (by name) an inventory changed."""

    hosts: tuple[Host, ...]
    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    not_in_file: tuple[str, ...] = ()

    @property
    def tag(self) -> str:
        return tag_of([host.model_dump(mode="json") for host in self.hosts])


def apply(services: Services, inventory: InventoryFile, by: Person) -> InventoryChange:
    """Add and change hosts as the file says; all of it or nothing.

    Raises DeclarationError, Invalid, Outdated, and Conflict where a host to be removed has tasks in flight.
    """
    require_admin(by, "apply the inventory")
    declared = load_inventory(inventory.text, inventory.file).hosts
    for host in declared:
        check_name(host.name)
    return retrying(lambda: _applied(services, inventory, declared))


def _applied(services: Services, inventory: InventoryFile, declared: tuple[Host, ...]) -> InventoryChange:
    opened = services.store.read() if inventory.dry_run else services.store.write()
    with opened as tx:
        if not inventory.dry_run:
            hosts.take_turns(tx)
        known = InventoryChange(hosts.inventory(tx))
        inventory.expect(known.tag)
        change = _difference(known.hosts, declared, prune=inventory.prune)
        if inventory.prune:
            refuse_in_use([row for row in hosts.rows(tx) if row["name"] in change.removed])
        if not inventory.dry_run:
            _save(tx, change, services.now())
        return change


def get(services: Services) -> InventoryChange:
    with services.store.read() as tx:
        return InventoryChange(hosts.inventory(tx))


def _difference(known: tuple[Host, ...], declared: tuple[Host, ...], *, prune: bool) -> InventoryChange:
    before, wanted = {host.name: host for host in known}, {host.name: host for host in declared}
    others = tuple(name for name in before if name not in wanted)
    kept = {} if prune else {name: before[name] for name in others}
    after = {**kept, **wanted}
    return InventoryChange(
        hosts=tuple(after[name] for name in sorted(after)),
        added=tuple(name for name in wanted if name not in before),
        changed=tuple(name for name, host in wanted.items() if name in before and before[name] != host),
        removed=others if prune else (),
        not_in_file=() if prune else others,
    )


def _save(tx: Connection, change: InventoryChange, at: datetime) -> None:
    touched = {*change.added, *change.changed}
    for host in change.hosts:
        if host.name in touched:
            hosts.declare(tx, host, at)
    for name in change.removed:
        hosts.remove(tx, name, at)
