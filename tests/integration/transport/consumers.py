"""Starting the program under test and reading what it wrote down."""

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

from tests.integration.transport.waiting import wait_until

ROOT = Path(__file__).parents[3]


class Running:
    """One consumer process: the worker of `host`, or the coordinator's consumer when `host` is None."""

    def __init__(
        self, folder: Path, url: str, host: str | None, *, in_thread: bool = False, **wanted
    ) -> None:
        self.host = host
        self.queue = f"host.{host}" if host else "coordinator"
        self.name = "tidegate.deploy_image" if host else "tidegate.report.log"
        self._record = folder / f"{self.queue}.record"
        self._log = folder / f"{self.queue}.log"
        self._record.touch()
        settings = {
            "url": url,
            "host": host,
            "record": str(self._record),
            "visibility": 60,
            "silent_after": 20.0,
            "level": "DEBUG",
            "events": False,
            "in_thread": in_thread,
            "without": os.environ.get("TIDEGATE_TEST_WITHOUT", ""),
        }
        before = self.lines.count("connected")
        with self._log.open("a") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.integration.transport.program", json.dumps(settings | wanted)],
                cwd=ROOT,
                stdout=log,
                stderr=log,
            )
        self.wait(lambda: self.lines.count("connected") > before, "the consumer is ready")

    @property
    def lines(self) -> list[str]:
        return self._record.read_text().splitlines()

    @property
    def log(self) -> str:
        return self._log.read_text()

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    def ids(self, word: str) -> Counter[str]:
        """Return how often each message was begun (or ended)."""
        return Counter(line.split()[1] for line in self.lines if line.startswith(f"{word} "))

    def wait(self, holds, what: str, deadline: float = 30.0) -> None:
        wait_until(lambda: holds() or not self.alive, what, deadline)
        assert self.alive, f"the consumer left while the test waited until {what}: {self.log[-3000:]}"

    def ended(self, *ids: str, deadline: float = 30.0) -> None:
        self.wait(lambda: set(ids) <= set(self.ids("end")), f"{len(ids)} messages are handled", deadline)

    def terminate(self) -> int:
        self.process.terminate()
        return self.process.wait(30)

    def kill(self) -> None:
        if self.alive:
            self.process.kill()
        self.process.wait(10)

    def mute(self) -> None:
        self.process.send_signal(signal.SIGUSR1)

    def confuse(self) -> None:
        self.process.send_signal(signal.SIGUSR2)
