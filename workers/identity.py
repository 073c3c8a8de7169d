"""Who this worker is: its keys and what it joined, in its state folder; one worker per folder."""

import fcntl
import hashlib
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from tasks.joining import JoinFile
from tasks.keys import HostKeys
from tasks.private_files import write_private
from workers.errors import CannotStart

_KEYS = "keys.json"
_FINGERPRINT = "fingerprint.key"
_JOINED = "joined.json"


@dataclass(frozen=True)
class Identity:
    """The keys of this host; `fingerprint_key` makes fingerprints of environment values, and never leaves it."""

    keys: HostKeys
    fingerprint_key: bytes = field(repr=False)


def open_state(folder: Path) -> IO[str]:
    """Make the state folder and lock it for this process; the lock ends with the returned file, or the process."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = (folder / "lock").open("w")
    except OSError as error:
        raise CannotStart(f"{folder}: the state folder cannot be written ({error.strerror})") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.close()
        raise CannotStart(
            f"{folder}: another worker uses this state folder; stop it, or give this one a folder of its own"
        ) from None
    return lock


def identity(folder: Path) -> Identity:
    """Return this host's keys, made at the first start."""
    if not (folder / _KEYS).exists():
        HostKeys.generate().save(folder / _KEYS)
    if not (folder / _FINGERPRINT).exists():
        write_private(folder / _FINGERPRINT, os.urandom(32).hex())
    return Identity(HostKeys.load(folder / _KEYS), bytes.fromhex((folder / _FINGERPRINT).read_text()))


def remembered(folder: Path, given: Path | None) -> tuple[JoinFile, bool]:
    """Return what to join and whether that is done already; raises CannotStart or JoinFileError.

    Without a file given, what was joined before counts. A file with a new secret means joining again.
    """
    joined = JoinFile.load(folder / _JOINED) if (folder / _JOINED).exists() else None
    if given is None and joined is None:
        raise CannotStart(
            f"{folder}: this host has not joined yet; start the worker once with --join FILE"
            " (made by `tidegate hosts add`)"
        )
    if given is None or (joined is not None and not given.exists()):
        return _the(joined), True
    file = JoinFile.load(given)
    return file, joined is not None and joined.secret == _spent(file)


def remember(folder: Path, file: JoinFile) -> None:
    """Keep what was joined, with a hash in place of the secret, which is spent."""
    file.model_copy(update={"secret": _spent(file)}).save(folder / _JOINED)


def _spent(file: JoinFile) -> str:
    return hashlib.sha256(file.secret.encode()).hexdigest()


def _the(file: JoinFile | None) -> JoinFile:
    if file is None:
        raise CannotStart("nothing was joined")
    return file
