"""A real coordinator process, for tests that start, stop and kill it."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx

from tests.integration.transport.waiting import wait_until


class CoordinatorProcess:
    """`python -m coordinator` with settings of its own; `kill` is kill -9."""

    def __init__(self, state_dir: Path, **settings: str) -> None:
        self.state_dir, self.port = state_dir, _free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        given = {f"TIDEGATE_{name.upper()}": value for name, value in settings.items()}
        self._environ = {
            **os.environ,
            "TIDEGATE_STATE_DIR": str(state_dir),
            "TIDEGATE_BIND": f"127.0.0.1:{self.port}",
            **given,
        }
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.state_dir.mkdir(exist_ok=True)
        with (self.state_dir / f"coordinator-{self.port}.log").open("a") as log:
            command = [sys.executable, "-m", "coordinator"]
            self.process = subprocess.Popen(command, env=self._environ, stdout=log, stderr=log)
        wait_until(self._answers, "the coordinator answers", 60)

    def kill(self) -> None:
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    @property
    def log(self) -> str:
        return (self.state_dir / f"coordinator-{self.port}.log").read_text()

    def _end(self, number: int) -> None:
        if self.process is not None:
            self.process.send_signal(number)
            self.process.wait(30)
            self.process = None

    def _answers(self) -> bool:
        if self.process is not None and self.process.poll() is not None:
            raise AssertionError(f"the coordinator ended: {self.log[-2000:]}")
        try:
            return httpx.get(f"{self.url}/healthz", timeout=2).status_code == httpx.codes.OK
        except httpx.HTTPError:
            return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
