"""`tidegate secrets`: values that are written and never read back."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from coordinator.cli.errors import WrongUse
from coordinator.cli.files import read
from coordinator.cli.session import Session
from coordinator.cli.views import declared
from tasks.clock import now


def set_secret(
    session: Session,
    project: Annotated[str, typer.Argument(metavar="PROJECT", help="The project that declares the secret.")],
    name: Annotated[str, typer.Argument(metavar="NAME", help="The variable, such as DATABASE_URL.")],
    *,
    environment: Annotated[
        str | None, typer.Option("--environment", metavar="ENVIRONMENT", help="The declared scope.")
    ] = None,
    role: Annotated[str | None, typer.Option("--role", metavar="ROLE", help="The declared scope.")] = None,
    host: Annotated[str | None, typer.Option("--host", metavar="HOST", help="The declared scope.")] = None,
    from_file: Annotated[
        Path | None,
        typer.Option("--from-file", metavar="FILE", help="Take this file's content, byte for byte."),
    ] = None,
) -> None:
    """Set a secret's value: from a hidden prompt, from stdin (one line end at its end is cut off) or a file.

    A value is never an argument: arguments are seen by everybody on the machine and kept in the shell's history.
    """
    value = _value(name, from_file)
    scope = {"environment": environment, "role": role, "host": host}
    given = {kind: word for kind, word in scope.items() if word is not None}
    answer = session.client.set_secret(project, name, value, given)
    lines = [f"{name} ({declared.scope(answer)}): set, version {answer['version']}."]
    if from_file is not None and value.endswith("\n"):
        lines.append(f"Note: the value ends with a line end, as {from_file} does.")
    session.screen.show(answer, lines)


def _value(name: str, from_file: Path | None) -> str:
    if from_file is not None:
        return _text(read(from_file), str(from_file))
    if sys.stdin.isatty():
        return str(typer.prompt(f"Value of {name}", hide_input=True, confirmation_prompt=True, err=True))
    text = _text(sys.stdin.buffer.read(), "stdin")
    value = text.removesuffix("\n").removesuffix("\r")
    if not value:
        raise WrongUse(
            "stdin gives no value.",
            hint=f"Pipe it in, for example: pass show {name} | tidegate secrets set ...",
        )
    return value


def _text(content: bytes, origin: str) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError:
        hint = "Encode binary values as base64 and decode them in the application."
        raise WrongUse(f"The value from {origin} is not text in UTF-8.", hint=hint) from None


def list_secrets(
    session: Session, project: Annotated[str, typer.Argument(metavar="PROJECT", help="The project.")]
) -> None:
    """List a project's secrets: which are set, when, and by whom; never their values."""
    found = session.client.secrets(project)
    session.screen.show({"items": found}, declared.secrets(project, found, now()))
