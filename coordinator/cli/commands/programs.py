"""Commands that become another program: `tidegate worker`, `tidegate schema`.

They replace this process, so that signals, exit codes and memory are the other program's own, and so that
the command line imports neither the workers nor the models.
"""

import os
import sys

import typer


def worker(context: typer.Context) -> None:
    """Run this host's worker.

    For example `tidegate worker --join web-1.join.json`; see `tidegate worker --help`.
    """
    _become("workers", context.args)


def schema(context: typer.Context) -> None:
    """Print the process file's JSON Schema.

    Editors complete and check the file with it.
    """
    _become("coordinator.cli.print_schema", context.args)


def _become(module: str, arguments: list[str]) -> None:
    sys.stdout.flush()
    # -P: a folder named like one of our packages, where the command is called, must not be taken for it.
    command = [sys.executable, "-P", "-m", module, *arguments]
    os.execv(sys.executable, command)  # noqa: S606 - our own interpreter, and no shell reads the arguments
