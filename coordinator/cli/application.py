"""The composition root of `tidegate`: its commands and their names."""

import sys
from collections.abc import Mapping
from importlib.metadata import version
from typing import Annotated, Literal

import typer

from coordinator.cli.commands import (
    answering,
    apply,
    deployments,
    hosts,
    keys,
    logs,
    programs,
    releases,
    secrets,
    up,
)
from coordinator.cli.endpoint import Options
from coordinator.cli.session import ApiKey, AsJson, Command, KeyFile, Url, connected

_HELP = "Deploys Docker releases across ordinary hosts, in the right order, with a person in charge."
_EXITS = "Exit codes: 0 succeeded, 1 failed, 2 wrong use, 3 waiting for a person, 4 cancelled."
_PASSED_ON = {"allow_extra_args": True, "ignore_unknown_options": True}

_COMMANDS: Mapping[str, Command] = {
    "apply": apply.apply,
    "plan": deployments.plan,
    "deploy": deployments.deploy,
    "status": deployments.status,
    "logs": logs.logs,
    "approve": answering.approve,
    "reject": answering.reject,
    "answer": answering.answer,
    "cancel": deployments.cancel,
}
_GROUPS: Mapping[str, tuple[str, Mapping[str, Command]]] = {
    "release": (
        "Releases: immutable snapshots of a process, images by digest.",
        {"create": releases.create, "list": releases.list_releases, "show": releases.show},
    ),
    "hosts": (
        "Hosts: machines with a Docker engine and a worker.",
        {"list": hosts.list_hosts, "add": hosts.add, "remove": hosts.remove},
    ),
    "secrets": (
        "Secrets: written, never read back.",
        {"set": secrets.set_secret, "list": secrets.list_secrets},
    ),
    "keys": (
        "API keys: who may do what.",
        {"create": keys.create, "list": keys.list_keys, "revoke": keys.revoke},
    ),
}


def application(*, rich_help: bool) -> typer.Typer:
    """Return the command line, with help in colours or as plain text."""
    mode: Literal["rich"] | None = "rich" if rich_help else None
    app = typer.Typer(help=_HELP, epilog=_EXITS, no_args_is_help=True, rich_markup_mode=mode)
    app.callback(no_args_is_help=True)(_start)
    for name, function in _COMMANDS.items():
        app.command(name)(connected(function))
    for name, (about, functions) in _GROUPS.items():
        app.add_typer(_group(about, functions, mode), name=name)
    app.command("up")(up.up)
    app.command("worker", context_settings=_PASSED_ON, add_help_option=False)(programs.worker)
    app.command("schema", context_settings=_PASSED_ON, add_help_option=False)(programs.schema)
    return app


def _group(about: str, functions: Mapping[str, Command], mode: Literal["rich"] | None) -> typer.Typer:
    group = typer.Typer(help=about, no_args_is_help=True, rich_markup_mode=mode)
    for name, function in functions.items():
        group.command(name)(connected(function))
    return group


def _start(
    context: typer.Context,
    *,
    url: Url = None,
    key: ApiKey = None,
    key_file: KeyFile = None,
    json: AsJson = False,
    show_version: Annotated[
        bool, typer.Option("--version", help="Print the version.", is_eager=True)
    ] = False,
) -> None:
    """Keep the options that stand before the command."""
    context.obj = Options(url, key, key_file, json)
    if show_version:
        sys.stdout.write(f"tidegate {version('tidegate')}\n")
        raise typer.Exit
