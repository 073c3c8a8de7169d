"""Flower as `tidegate up` starts it, beside the embedded broker and a host's worker."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from coordinator.embedded_broker import EmbeddedBroker
from tasks.celery_app import make_app
from tasks.publishing import Publisher
from tests.integration.transport.consumers import Running
from tests.integration.transport.waiting import wait_until

ROOT = Path(__file__).parents[3]


class Page:
    """The running Flower, and a person before it who knows the password."""

    def __init__(self, state: Path, broker_bind: str) -> None:
        self.log, self.password_file = state / "flower.log", state / "flower.password"
        bind = f"127.0.0.1:{free_port()}"
        self.url = f"http://{bind}"
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "coordinator.flower", "--bind", bind],
                env=os.environ | {"TIDEGATE_STATE_DIR": str(state), "TIDEGATE_BROKER_BIND": broker_bind},
                cwd=ROOT,
                stdout=log,
                stderr=log,
            )
        wait_until(self._answers, "Flower answers", 60)
        self.password = self.password_file.read_text().strip()
        self.person = httpx.Client(base_url=self.url, auth=("tidegate", self.password))

    def heard(self) -> int:
        """Return how often it began to listen."""
        return self.log.read_text().count("listening to the workers")

    def tasks(self) -> dict:
        return self.person.get("/api/tasks").raise_for_status().json()

    def states(self) -> dict:
        return {identity: task["state"] for identity, task in self.tasks().items()}

    def close(self) -> None:
        self.person.close()
        self.process.kill()
        self.process.wait(10)

    def _answers(self) -> bool:
        assert self.process.poll() is None, self.log.read_text()
        try:
            return httpx.get(f"{self.url}/healthcheck").text == "OK"
        except httpx.HTTPError:
            return False


@pytest.fixture
def embedded(tmp_path):
    """The embedded broker, which comes back by itself when it is killed."""
    broker = EmbeddedBroker(tmp_path / "state", f"127.0.0.1:{free_port()}")
    broker.start()
    yield broker
    broker.stop()


@pytest.fixture
def page(embedded, tmp_path):
    one = Page(tmp_path / "state", embedded.url.rpartition("@")[2].removesuffix("/0"))
    wait_until(one.heard, "Flower listens")
    yield one
    one.close()


@pytest.fixture
def worker(page, embedded, tmp_path):  # noqa: ARG001 - the page comes first
    """The worker of web-1, which begins to speak when Flower listens already."""
    running = Running(tmp_path, embedded.url, "web-1", events=True)
    yield running
    running.kill()


@pytest.fixture
def order(embedded):
    """Send an order to web-1."""
    publisher = Publisher(make_app("tests", embedded.url))

    def send(identity, what="nothing"):
        args, summary = ["s3cr3t-body", what, "k"], "shop 1.1.0 · web · web-1"
        publisher.send("host.web-1", "tidegate.deploy_image", args, task_id=identity, summary=summary)

    yield send
    publisher.close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
