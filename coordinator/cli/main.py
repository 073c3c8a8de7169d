"""The entry point of `tidegate`: runs a command, and turns every error into a sentence and an exit code."""

import os
import sys
import traceback
from collections.abc import Sequence
from typing import TextIO

import typer

from coordinator.cli.application import application
from coordinator.cli.errors import CliError, WrongUse
from coordinator.cli.exits import Exit
from coordinator.cli.screen import Screen, silence

_HELP_WANTED = "NoArgsIsHelpError"  # Typer names it itself so; its class is not public


def main() -> None:
    """Run the command line and leave with its exit code."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]  # a log line must not fail on a narrow locale
    code = run(sys.argv[1:])
    _flush(sys.stdout)
    sys.exit(code)


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code. Errors are printed on stderr; none leaves this function."""
    command_line = application(rich_help=sys.stdout.isatty())
    try:
        return int(
            command_line(list(arguments), prog_name="tidegate", standalone_mode=False) or Exit.SUCCEEDED
        )
    except typer.Abort:
        error: CliError = CliError("Stopped; nothing was sent.")
    except typer.TyperException as wrong:
        if type(wrong).__name__ == _HELP_WANTED:
            sys.stderr.write(f"{wrong.format_message()}\n".lstrip("\n"))
            return Exit.USAGE
        error = _wrong_use(wrong)
    except CliError as failed:
        error = failed
    except Exception as defect:  # noqa: BLE001 - whatever it is, the person reads a sentence
        error = _defect(defect)
    Screen(json_only=_wants_json(arguments)).fail(error)
    return error.exit_code


def _wrong_use(wrong: typer.TyperException) -> CliError:
    context = getattr(wrong, "ctx", None)
    command = context.command_path if context is not None else "tidegate"
    message = " ".join(wrong.format_message().split())
    return WrongUse(message, hint=f"See `{command} --help`.")


def _defect(defect: Exception) -> CliError:
    if isinstance(defect, OSError) and defect.strerror:
        named = f"{defect.filename}: " if defect.filename else ""
        return CliError(f"{named}{defect.strerror}.")
    if os.environ.get("TIDEGATE_DEBUG"):
        traceback.print_exc()
    said = f"{type(defect).__name__}: {defect}" if str(defect) else type(defect).__name__
    return CliError(
        f"This is a defect of the command line ({said}).",
        hint="Report it with the traceback that TIDEGATE_DEBUG=1 shows.",
    )


def _wants_json(arguments: Sequence[str]) -> bool:
    options = arguments[: arguments.index("--")] if "--" in arguments else arguments
    return "--json" in options


def _flush(stream: TextIO) -> None:
    try:
        stream.flush()
    except BrokenPipeError:
        silence(stream)
