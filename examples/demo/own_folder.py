"""The folder of a demo without a lab: one at a time for each user, cleared by the next when its owner was killed."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import IO

from examples.demo.errors import DemoError


class OwnFolder:
    def __init__(self) -> None:
        self.path = Path(tempfile.gettempdir()) / f"tidegate-demo-{os.getuid()}"
        self._lock: IO[str] | None = None

    @property
    def taken(self) -> bool:
        return self._lock is not None

    def take(self, clear: Callable[[], None]) -> None:
        """Make it empty; `clear` is called before, for what a killed demo left. DemoError when another demo runs."""
        self.path.mkdir(mode=0o700, exist_ok=True)
        if self.path.is_symlink() or self.path.stat().st_uid != os.getuid():
            raise DemoError(f"{self.path} belongs to somebody else; set TMPDIR to a folder of your own")
        lock = (self.path / ".lock").open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            raise DemoError(f"another demo runs in {self.path}; wait for its end, or end it") from None
        self._lock = lock
        clear()
        for left in self.path.iterdir():
            if left.is_dir():
                shutil.rmtree(left)
            elif left.name != ".lock":
                left.unlink()

    def give_back(self) -> None:
        """Delete it."""
        if self._lock:
            shutil.rmtree(self.path)
            self._lock.close()
            self._lock = None
