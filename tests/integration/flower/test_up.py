"""`tidegate up` with Flower, without an engine."""

import os
import re
import signal
import socket
import subprocess
import sys

import httpx
import pytest

from tests.integration.flower.conftest import ROOT, free_port
from tests.integration.transport.waiting import wait_until


class Up:
    """`tidegate up` in one terminal."""

    def __init__(self, folder, flower_port):
        self.flower, self.state = f"127.0.0.1:{flower_port}", folder / "state"
        self._screen = folder / "screen"
        options = ["--bind", f"127.0.0.1:{free_port()}", "--flower-bind", self.flower]
        places = ["--state-dir", str(self.state), "--docker-host", f"unix://{folder}/nobody.sock"]
        with self._screen.open("wb") as screen:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "coordinator.cli", "up", *options, *places],
                env=os.environ | {"TIDEGATE_BROKER_BIND": f"127.0.0.1:{free_port()}", "NO_COLOR": "1"},
                cwd=ROOT,
                stdout=screen,
                stderr=screen,
            )
        self.until("Tidegate is up")

    def until(self, words):
        def said():
            assert self.process.poll() is None, self.screen
            return words in self.screen

        wait_until(said, words, 90)

    @property
    def screen(self):
        return self._screen.read_text()

    def interrupt(self):
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(60)

    def children(self):
        """Return the process ids of its programs."""
        shown = subprocess.run(
            ["ps", "-o", "pid=,args=", "--ppid", str(self.process.pid)],
            capture_output=True,
            text=True,
            check=True,
        )
        return {match[2]: int(match[1]) for match in re.finditer(r"(\d+) .*-m ([\w.]+)", shown.stdout)}


@pytest.fixture
def up(tmp_path):
    running = []

    def start(flower_port):
        running.append(Up(tmp_path, flower_port))
        return running[-1]

    yield start
    for one in running:
        if one.process.poll() is None:
            one.interrupt()


def test_up_shows_this_machine_and_outlives_its_window(up):
    """The page has the host `local`; Flower killed is said and hurts nobody; Ctrl-C ends everything."""
    one = up(free_port())
    one.until("Flower shows the hosts' tasks")
    password = (one.state / "flower.password").read_text().strip()

    def hosts():
        answer = httpx.get(f"http://{one.flower}/workers?json=1", auth=("tidegate", password))
        return [host["hostname"] for host in answer.json()["data"]]

    wait_until(lambda: hosts() == ["local"], "Flower shows the host", 60)
    children = one.children()
    assert (set(children), password in one.screen) == (
        {"coordinator", "workers", "coordinator.flower"},
        False,
    )
    os.kill(children["coordinator.flower"], signal.SIGKILL)
    one.until("goes on without it")
    assert set(one.children()) == {"coordinator", "workers"}
    assert one.interrupt() == 0


def test_an_address_that_is_taken(up):
    """It is said what to do; the rest is up."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        one = up(other.getsockname()[1])
        one.until("--flower-bind names another address")
    assert "Address already in use" in one.screen
    assert one.interrupt() == 0
