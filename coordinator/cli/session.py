"""What a command is given: the client and the screen, made from the options that every command takes."""

import inspect
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Annotated, Any

import typer

from coordinator.cli.calls import Calls
from coordinator.cli.client import Client
from coordinator.cli.endpoint import DEFAULT_URL, Options, endpoint
from coordinator.cli.exits import Exit
from coordinator.cli.screen import Screen, silence

_PANEL = "Connection and output"
Url = Annotated[
    str | None,
    typer.Option(
        "--url",
        metavar="URL",
        help=f"Where the coordinator is; or TIDEGATE_URL. [default: {DEFAULT_URL}]",
        rich_help_panel=_PANEL,
    ),
]
ApiKey = Annotated[
    str | None,
    typer.Option("--key", metavar="KEY", help="The API key; or TIDEGATE_KEY.", rich_help_panel=_PANEL),
]
KeyFile = Annotated[
    Path | None,
    typer.Option(
        "--key-file",
        metavar="FILE",
        help="A file with the API key; or TIDEGATE_KEY_FILE.",
        rich_help_panel=_PANEL,
    ),
]
AsJson = Annotated[
    bool,
    typer.Option(
        "--json", help="Print one JSON document; errors as problem JSON on stderr.", rich_help_panel=_PANEL
    ),
]

_COMMON = {  # in the order of Options; the names must not be those of a command's own parameters
    "coordinator_url": (Url, None),
    "api_key": (ApiKey, None),
    "api_key_file": (KeyFile, None),
    "as_json": (AsJson, False),
}

Command = Callable[..., Exit | None]  # its first parameter is the session


@dataclass(frozen=True, slots=True)
class Session:
    """One command's way to the coordinator and to the person."""

    client: Client
    screen: Screen


def connected(function: Command) -> Callable[..., int]:
    """Return the command as Typer runs it: it takes the common options too and gives `function` a session."""

    @wraps(function)
    def command(context: typer.Context, **given: Any) -> int:  # noqa: ANN401 - the command's own parameters
        typed = Options(*(given.pop(name) for name in _COMMON))
        with _session(typed.over(context.obj)) as session:
            try:
                return function(session, **given) or Exit.SUCCEEDED
            except BrokenPipeError:
                silence(sys.stdout)  # who read our output has seen enough
                return Exit.SUCCEEDED

    first = inspect.Parameter("context", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=typer.Context)
    _session_parameter, *own = inspect.signature(function).parameters.values()
    parameters = [first, *own, *(_option(name, *typed) for name, typed in _COMMON.items())]
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # functions may carry one
    return command


def _option(name: str, annotation: object, default: object) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


@contextmanager
def _session(options: Options) -> Iterator[Session]:
    screen = Screen(json_only=options.json)
    calls = Calls(endpoint(options, os.environ), screen.notice)
    try:
        yield Session(Client(calls), screen)
    finally:
        calls.close()
