"""`tidegate keys`: who may use the API, under which name and with which groups."""

from pathlib import Path
from typing import Annotated

import typer

from coordinator.cli.documents import NewKey
from coordinator.cli.files import write_private
from coordinator.cli.session import Session
from coordinator.cli.views import declared
from coordinator.cli.words import listed
from tasks.clock import now


def create(
    session: Session,
    *,
    name: Annotated[
        str, typer.Option("--name", metavar="NAME", help="The person or program that will use the key.")
    ],
    group: Annotated[
        list[str] | None,
        typer.Option(
            "--group", metavar="GROUP", help="A group of theirs; may be repeated; `admins` manages keys."
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="Write the key to this new file (mode 0600), do not show it.",
        ),
    ] = None,
) -> None:
    """Create a key. It is shown once and cannot be read again."""
    groups = group or []
    if output is None:
        answer = session.client.create_key(name, groups)
        session.screen.show(answer, [*_sentences(answer), answer["key"]])
        return
    answer = _written(session, output, name, groups)
    session.screen.show(
        {key: value for key, value in answer.items() if key != "key"} | {"key_file": str(output)},
        [*_sentences(answer), f"The key is in {output}; use it with TIDEGATE_KEY_FILE={output}"],
    )


def _written(session: Session, path: Path, name: str, groups: list[str]) -> NewKey:
    answers: list[NewKey] = []

    def make() -> str:
        answers.append(session.client.create_key(name, groups))
        return answers[0]["key"] + "\n"

    write_private(path, make)
    return answers[0]


def _sentences(key: NewKey) -> list[str]:
    groups = f"groups {listed(key['groups'])}" if key["groups"] else "no groups"
    return [f"{key['id']}: created for {key['name']}, {groups}. It is shown only now."]


def list_keys(
    session: Session,
    *,
    revoked: Annotated[bool, typer.Option("--revoked", help="Show revoked ones too.")] = False,
) -> None:
    """List the keys, without what they hold."""
    found = session.client.keys(revoked=revoked)
    session.screen.show({"items": found}, declared.keys(found, now()))


def revoke(
    session: Session,
    key: Annotated[str, typer.Argument(metavar="KEY", help="The key's id, from `tidegate keys list`.")],
) -> None:
    """Revoke a key; it stops working at once."""
    session.client.revoke_key(key)
    session.screen.show({"revoked": key}, [f"{key}: revoked; it stopped working."])
