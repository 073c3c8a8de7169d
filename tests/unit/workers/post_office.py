"""One lab host with a worker process, a broker in the control namespace, and the desk of a coordinator."""

import shutil
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import redis

from tests.lab import CONTROL, Lab, wait_until
from tests.unit.workers.desk import Desk

ROOT = Path(__file__).resolve().parents[3]
PORT = 6390


@dataclass
class PostOffice:
    """`state` is the worker's state folder, `log` what it writes."""

    lab: Lab
    host: str
    folder: Path
    desk: Desk
    broker: subprocess.Popen
    door: int
    prefix: str = ""
    worker: subprocess.Popen | None = None
    started: list = field(default_factory=list)

    @property
    def client(self):
        return self.lab.client(self.host)

    @property
    def log(self):
        return (self.folder / "worker.log").read_text()

    def start_worker(self, crash_at=None, docker_host=None):
        """Start a worker on the host; with `crash_at` it kills itself at that engine call."""
        module = "tests.unit.workers.crashing" if crash_at else "workers"
        argv = [
            sys.executable, "-m", module,
            "--join", str(self.folder / "join.json"),
            "--state-dir", str(self.folder / "state"),
            "--docker-host", docker_host or self.lab.engine(self.host).url,
            "--instance-prefix", self.prefix,
        ]  # fmt: skip
        env = {"TIDEGATE_CRASH_AT": crash_at} if crash_at else {}
        with (self.folder / "worker.log").open("ab") as log:
            self.worker = self.lab.spawn(self.host, argv, env=env, cwd=ROOT, stdout=log, stderr=log)
        return self.worker

    def kill_worker(self):
        if self.worker and self.worker.poll() is None:
            self.lab.kill(self.worker)

    def start_broker(self):
        self.broker = _broker(self.lab)
        _await_broker(self.door)

    def kill_broker(self):
        self.lab.kill(self.broker)

    def final(self, attempt, seconds=60.0):
        """Wait for the final report of an attempt and return its body."""
        return wait_until(
            lambda: self.desk.final(attempt), f"the end of {attempt}\n{self.log[-3000:]}", seconds
        )

    def died(self, seconds=30.0):
        wait_until(lambda: self.worker.poll() is not None, "the worker to die", seconds)

    def instances(self):
        """Return `{name: (status, release)}` of the step's containers on the host."""
        found = self.client.containers.list(all=True, filters={"label": "tidegate.project=shop"})
        return {c.name: (c.status, c.labels["tidegate.release"]) for c in found}

    def clear(self):
        for container in self.client.containers.list(all=True, filters={"label": "tidegate.project=shop"}):
            container.remove(force=True, v=True)


@contextmanager
def post_office(lab, host, folder, *, prefix=""):
    """Bring up the broker and the desk; the worker is started by the test."""
    folder.mkdir(parents=True, exist_ok=True)
    broker = _broker(lab)
    door = lab.forward_port(CONTROL, PORT, lab.address(CONTROL))
    _await_broker(door)
    desk = Desk(f"redis://127.0.0.1:{door}/0", host)
    desk.join_file(folder / "join.json", f"redis://{lab.address(CONTROL)}:{PORT}/0")
    office = PostOffice(lab, host, folder, desk, broker, door, prefix)
    try:
        yield office
    finally:
        office.kill_worker()
        desk.close()
        office.clear()
        lab.kill(office.broker)


def _broker(lab):
    argv = [
        shutil.which("redis-server"), "--port", str(PORT), "--bind", lab.address(CONTROL),
        "--save", "", "--appendonly", "no", "--protected-mode", "no",
    ]  # fmt: skip
    return lab.spawn(CONTROL, argv, stdout=subprocess.DEVNULL)


def _await_broker(door):
    def answers():
        client = redis.Redis(port=door, socket_timeout=2)
        try:
            return client.ping()
        except redis.RedisError:
            return False
        finally:
            client.close()

    wait_until(answers, "the broker")
