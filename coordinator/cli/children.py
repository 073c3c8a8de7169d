"""Child processes of `tidegate up`: each with a log of its own in the state folder, ended in the reverse order."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

STOPS_WITHIN = 30.0  # seconds
LAST_LINES = 8


class Children:
    """Programs of ours that run beside this one."""

    def __init__(self, folder: Path, say: Callable[[str], None]) -> None:
        self._folder, self._say = folder, say
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str, arguments: list[str], settings: dict[str, str]) -> None:
        # A session of its own: Ctrl-C reaches us alone, and we end them in their order.
        with self._log(name).open("ab") as log:
            self._running[name] = subprocess.Popen(  # noqa: S603 - our own interpreter and modules
                [sys.executable, "-P", *arguments],
                env={**os.environ, **settings},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def ended(self) -> dict[str, int]:
        """Return the exit codes of those that ended by themselves."""
        codes = {name: child.poll() for name, child in self._running.items()}
        return {name: code for name, code in codes.items() if code is not None}

    def forget(self, name: str) -> None:
        """Speak no more of one that ended."""
        del self._running[name]

    def end_all(self) -> None:
        for name, child in reversed(self._running.items()):
            child.terminate()
            try:
                child.wait(STOPS_WITHIN)
            except subprocess.TimeoutExpired:
                self._say(f"The {name} did not stop within {STOPS_WITHIN:.0f} s and is killed.")
                child.kill()
                child.wait()

    def last_words(self, name: str) -> str:
        """Return where its log is and how that ends."""
        lines = self._log(name).read_text(encoding="utf-8", errors="replace").splitlines()[-LAST_LINES:]
        return "\n".join([f"Its log {self._log(name)} ends with:", *(f"  {line}" for line in lines)])

    def _log(self, name: str) -> Path:
        return self._folder / f"{name}.log"
