"""`tidegate hosts`: the machines, and the files with which they join."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from coordinator.cli.documents import NewHost
from coordinator.cli.files import STDIO, write_private
from coordinator.cli.pairs import pairs
from coordinator.cli.session import Session
from coordinator.cli.views import declared
from tasks.clock import now

Names = list[str]


def list_hosts(
    session: Session,
    *,
    environment: Annotated[
        str | None, typer.Option("--environment", metavar="ENVIRONMENT", help="Only hosts of this one.")
    ] = None,
    role: Annotated[
        str | None, typer.Option("--role", metavar="ROLE", help="Only hosts with this role.")
    ] = None,
) -> None:
    """List the hosts: who has joined, and when each was last heard of."""
    found = session.client.hosts(environment=environment, role=role)
    session.screen.show({"items": found}, declared.hosts(found, now()))


def add(
    session: Session,
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="The host's name, as it appears in plans and queues.")
    ],
    *,
    role: Annotated[
        Names | None, typer.Option("--role", metavar="ROLE", help="A role of the host; may be repeated.")
    ] = None,
    label: Annotated[
        Names | None, typer.Option("--label", metavar="KEY=VALUE", help="KEY=VALUE; may be repeated.")
    ] = None,
    environment: Annotated[
        Names | None,
        typer.Option(
            "--environment", metavar="ENVIRONMENT", help="An environment of the host; may be repeated."
        ),
    ] = None,
    address: Annotated[
        str | None, typer.Option("--address", metavar="ADDRESS", help="How templates name the machine.")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="The join file to write; - for stdout. [default: NAME.join.json]",
        ),
    ] = None,
    rejoin: Annotated[
        bool, typer.Option("--rejoin", help="Write a new join file for a host that joined, or lost its file.")
    ] = False,
) -> None:
    """Add a host and write its join file (mode 0600). It holds a one-time secret: carry it to the host safely."""
    wanted = {
        "environments": environment,
        "roles": role,
        "labels": pairs(label, "--label"),
        "address": address,
    }
    body = {"name": name} | {key: value for key, value in wanted.items() if value}
    if output == STDIO:
        answer = session.client.add_host(body, rejoin=rejoin)
        session.screen.document(answer["join"])
        return
    path = output or Path(f"{name}.join.json")
    _report(session, _written(session, path, body, rejoin=rejoin), path)


def _written(session: Session, path: Path, body: dict[str, Any], *, rejoin: bool) -> NewHost:
    answers: list[NewHost] = []

    def make() -> str:
        answers.append(session.client.add_host(body, rejoin=rejoin))
        return json.dumps(answers[0]["join"], indent=2) + "\n"

    write_private(path, make)
    return answers[0]


def _report(session: Session, answer: NewHost, path: Path) -> None:
    name = answer["host"]["name"]
    document = {"host": answer["host"], "join_file": str(path), "notes": answer["notes"]}
    lines = [
        f"{name}: added; its join file is {path} (mode 0600, good for one join).",
        *(f"Note: {note}" for note in answer["notes"]),
        f"Next: carry {path.name} to {name} and run there: tidegate worker --join {path.name}",
    ]
    session.screen.show(document, lines)


def remove(
    session: Session,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The host to remove; its keys stop working.")],
) -> None:
    """Remove a host. Containers on it stay as they are."""
    session.client.remove_host(name)
    session.screen.show(
        {"removed": name}, [f"{name}: removed; its keys stopped working. Its containers stay."]
    )
