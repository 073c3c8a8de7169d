"""The product's own processes: a coordinator with SQLite and the embedded broker, and a worker for each host."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import httpx

from coordinator.cli.calls import Calls
from coordinator.cli.client import Client
from coordinator.cli.endpoint import Endpoint
from coordinator.cli.files import write_private
from examples.demo.errors import DemoError
from examples.demo.ground import Ground
from tests.lab import DeadlineError, wait_until

T = TypeVar("T")
LAST_LINES = 5
REVIEWER, REVIEWERS = "alice", "release-managers"  # who approves, as examples/shop/tidegate.yaml asks for


@dataclass
class Programs:
    """What runs. `logs` is the folder of their output; `url` is where people of this machine reach the API."""

    ground: Ground
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    url: str = ""

    @property
    def logs(self) -> Path:
        return self.ground.folder / "logs"

    @property
    def state(self) -> Path:
        return self.ground.folder / "coordinator"

    @property
    def reviewer_key(self) -> Path:
        return self.ground.folder / f"{REVIEWER}.key"

    def launch_coordinator(self) -> None:
        """Start it without waiting for it."""
        ends = self.ground.endpoints
        env = {
            "TIDEGATE_STATE_DIR": str(self.state),
            "TIDEGATE_BIND": ends.bind,
            "TIDEGATE_BROKER_BIND": ends.broker_bind,
            "TIDEGATE_PUBLIC_URL": ends.public_url,
            "TIDEGATE_PLAIN_HTTP_REGISTRIES": self.ground.registry,
        }
        self._start("coordinator", None, [sys.executable, "-m", "coordinator"], env)

    def await_coordinator(self) -> Client:
        """Wait until it is healthy, and return a client with the first key."""
        self.url = self.ground.endpoints.people_url()
        self.wait(lambda: _answers(f"{self.url}/healthz"), "the coordinator to answer", 30)
        return connect(self.url, (self.state / "admin.key").read_text().strip())

    def start_worker(self, host: str, join: dict[str, object]) -> None:
        """Write the join file, which only its owner may read, and start the host's worker."""
        folder = self.ground.folder / "workers" / host
        folder.mkdir(parents=True, mode=0o700)
        file = folder / "join.json"
        write_private(file, lambda: json.dumps(join))
        self.run_worker(host)

    def run_worker(self, host: str) -> None:
        """Start the worker of a host whose folder is there, again after it ended."""
        folder = self.ground.folder / "workers" / host
        file = folder / "join.json"
        argv = [sys.executable, "-m", "workers", "--join", str(file), "--state-dir", str(folder / "state")]
        argv += ["--docker-host", self.ground.engine_url(host)]
        if prefix := self.ground.prefix(host):
            argv += ["--instance-prefix", prefix]
        self._start(f"worker-{host}", host, argv, {})

    def wait(self, condition: Callable[[], T], what: str, seconds: float) -> T:
        """As wait_until, but ends with a sentence as soon as a program has ended."""

        def alive() -> T:
            self.check()
            return condition()

        try:
            return wait_until(alive, what, seconds, every=0.05)
        except DeadlineError as error:
            raise DemoError(str(error)) from error

    def check(self) -> None:
        """Raise DemoError when one of them has ended."""
        for name, process in self.running.items():
            if process.poll() is not None:
                raise DemoError(
                    f"the {name} ended with exit code {process.returncode}; its log ends with:\n{self._tail(name)}"
                )

    def _start(self, name: str, where: str | None, argv: list[str], env: dict[str, str]) -> None:
        self.logs.mkdir(exist_ok=True)
        self.running[name] = self.ground.spawn(where, argv, env, self.logs / f"{name}.log")

    def _tail(self, name: str) -> str:
        lines = (self.logs / f"{name}.log").read_text(errors="replace").splitlines()
        return "\n".join(f"  {line}" for line in lines[-LAST_LINES:])


def connect(url: str, key: str) -> Client:
    """Return a client of the public API; what it has to say of repeated requests is of no interest here."""
    return Client(Calls(Endpoint(url, key), lambda _: None))


def forget_settings() -> None:
    """Drop the person's own TIDEGATE_ settings: they are of another coordinator. The lab's stay."""
    for name in [name for name in os.environ if name.startswith("TIDEGATE_")]:
        if not name.startswith("TIDEGATE_LAB"):
            del os.environ[name]


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=2).is_success
    except httpx.HTTPError:
        return False
