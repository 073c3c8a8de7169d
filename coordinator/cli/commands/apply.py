"""`tidegate apply`: sends a process file or an inventory."""

import re
from pathlib import Path
from typing import Annotated, Literal

import typer

from coordinator.cli.errors import Json, WrongUse
from coordinator.cli.files import read
from coordinator.cli.session import Session
from coordinator.cli.views import declared

_INVENTORY = re.compile(rb"""^(?:\{\s*)?["']?hosts["']?\s*:""", re.MULTILINE)
_PROCESS = re.compile(rb"""^(?:\{\s*)?["']?(?:project|process)["']?\s*:""", re.MULTILINE)


def apply(
    session: Session,
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="A process file (tidegate.yaml) or an inventory; - reads stdin."),
    ],
    *,
    inventory: Annotated[
        Path | None,
        typer.Option("--inventory", metavar="FILE", help="An inventory to apply before the process."),
    ] = None,
    prune: Annotated[bool, typer.Option("--prune", help="Remove hosts that the inventory lacks.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check everything, change nothing.")] = False,
) -> None:
    """Apply a process file or an inventory.

    The coordinator checks all of it first, and changes nothing when anything is wrong.
    """
    text = read(file)
    kind = kind_of(text, str(file))
    if kind == "inventory" and inventory is not None:
        raise WrongUse(f"{file} and {inventory} are both inventories.", hint="Give the process file first.")
    if prune and kind != "inventory" and inventory is None:
        raise WrongUse("--prune is for an inventory, and none is given.")
    first = (inventory, read(inventory)) if inventory is not None else (file, text)
    document: Json = {}
    if kind == "inventory" or inventory is not None:
        document["inventory"] = _inventory(session, *first, prune=prune, dry_run=dry_run)
    if kind == "process":
        document["project"] = _process(session, file, text, dry_run=dry_run)
    session.screen.show(document, ())


def kind_of(text: bytes, name: str) -> Literal["process", "inventory"]:
    """Tell a process file from an inventory by its keys in the first column."""
    if _PROCESS.search(text):
        return "process"
    if _INVENTORY.search(text):
        return "inventory"
    raise WrongUse(
        f"{name} is neither a process file nor an inventory: it has no key `project`, `process` or `hosts`.",
        hint="See `tidegate schema` for what a process file holds.",
    )


def _inventory(session: Session, file: Path, text: bytes, *, prune: bool, dry_run: bool) -> object:
    answer = session.client.apply_inventory(text, file=str(file), prune=prune, dry_run=dry_run)
    for block in declared.inventory(answer, dry_run=dry_run):
        session.screen.say(block)
    return answer


def _process(session: Session, file: Path, text: bytes, *, dry_run: bool) -> object:
    answer = session.client.apply_process(text, file=str(file), dry_run=dry_run)
    for block in declared.process(answer, dry_run=dry_run):
        session.screen.say(block)
    return answer
