"""The files of backups on the host: written whole or not at all, with their metadata beside them.

`<state>/backups/<project>/<environment>/<id>.dump` and `<id>.json`; a dump without metadata was never finished.
"""

import errno
import hashlib
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from tasks.private_files import write_private
from workers.errors import StepFailed

_FULL = (errno.ENOSPC, errno.EDQUOT)


@dataclass(frozen=True)
class Backup:
    """What is known of a finished backup. `taken_at`: ISO, UTC; `seconds`: how long the dump took."""

    id: str
    project: str
    environment: str
    step: str
    container: str
    database: str
    image: str
    taken_at: str
    seconds: float
    size: int
    sha256: str
    restored: bool | None = None
    tables: int | None = None


class Shelf:
    """The backups of one project in one environment."""

    def __init__(self, state_dir: Path, project: str, environment: str) -> None:
        self.folder = state_dir / "backups" / project / environment

    def dump_file(self, backup: str) -> Path:
        return self.folder / f"{backup}.dump"

    @contextmanager
    def writing(self, backup: str) -> Iterator["Part"]:
        """Write a dump; it appears under its name only when the block ends well. Raises StepFailed (`no_space`)."""
        part = self.folder / f"{backup}.dump.part"
        try:
            with _space(self.folder):
                self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                with part.open("wb") as file:
                    part.chmod(0o600)
                    yield Part(file.write)
                    file.flush()
                    os.fsync(file.fileno())
                part.replace(self.dump_file(backup))
                _sync_folder(self.folder)
        finally:
            part.unlink(missing_ok=True)

    def record(self, backup: Backup) -> None:
        """Write the metadata: from here on the backup exists."""
        with _space(self.folder):
            write_private(self.folder / f"{backup.id}.json", json.dumps(asdict(backup), indent=2) + "\n")

    def find(self, backup: str) -> Backup | None:
        try:
            return Backup(**json.loads((self.folder / f"{backup}.json").read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None

    def discard(self, backup: str) -> None:
        for suffix in (".json", ".dump", ".dump.part"):
            (self.folder / f"{backup}{suffix}").unlink(missing_ok=True)

    def keep(self, newest: Backup, count: int) -> tuple[str, ...]:
        """Remove all but the newest `count` backups of this database, never `newest`; returns the ids removed."""
        same = [
            found
            for path in self.folder.glob("*.json")
            if (found := self.find(path.stem)) and _source(found) == _source(newest) and found.id != newest.id
        ]
        same.sort(key=lambda each: each.taken_at, reverse=True)
        surplus = [each.id for each in same[max(count - 1, 0) :]]
        for each in surplus:
            self.discard(each)
        return tuple(surplus)


class Part:
    """A dump on its way to the disk, counted and hashed."""

    def __init__(self, write: Callable[[bytes], object]) -> None:
        self._write = write
        self._hash = hashlib.sha256()
        self.size = 0

    def add(self, chunk: bytes) -> None:
        self._write(chunk)
        self._hash.update(chunk)
        self.size += len(chunk)

    @property
    def sha256(self) -> str:
        return self._hash.hexdigest()


def _source(backup: Backup) -> tuple[str, str]:
    return backup.container, backup.database


@contextmanager
def _space(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno not in _FULL:
            raise
        raise StepFailed(
            "no_space",
            f"{folder}: the host's disk is full; the backup was not kept, earlier ones are untouched",
            hint="free space on the host, or declare a smaller `keep`, then retry",
            retryable=True,
        ) from None


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
