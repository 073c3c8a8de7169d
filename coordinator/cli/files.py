"""Files that commands read, and private files that they write."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

from coordinator.cli.errors import WrongUse

STDIO = Path("-")


def read(path: Path) -> bytes:
    """Return a file's content, or stdin's for `-`."""
    if path == STDIO:
        return sys.stdin.buffer.read()
    try:
        return path.read_bytes()
    except OSError as error:
        raise WrongUse(f"{path} cannot be read: {error.strerror}.") from error


def write_private(path: Path, make: Callable[[], str]) -> None:
    """Write what `make` returns into a new file that only its owner may read.

    The place is taken before `make` is called, since what it returns is shown once; it is given back if that fails.
    """
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise WrongUse(
            f"{path} exists already.", hint="Name another file with --output, or remove it."
        ) from None
    except OSError as error:
        raise WrongUse(
            f"{path} cannot be written: {error.strerror}.", hint="Name another file with --output."
        ) from error
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(make())
    except BaseException:
        path.unlink(missing_ok=True)
        raise
