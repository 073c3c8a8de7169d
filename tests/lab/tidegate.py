"""A whole Tidegate on the lab: the coordinator with its own broker in `ctl`, a real worker process on each host."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from redis import Redis

from coordinator.cli.client import Client
from examples.demo.declaring import join
from examples.demo.lab_ground import BROKER, LabGround
from examples.demo.programs import Programs, connect
from tasks.clock import new_id
from tests.lab import CONTROL, Lab, wait_until

PROCESS = """\
project: shop
environments: [production]
images: {{web: {registry}/shop/web, mailer: {registry}/shop/mailer}}
variables:
  DATABASE_PASSWORD: [{{secret: true}}]
process:
  - id: web
    uses: deploy_image
    hosts: {{role: web}}
    start_within: {start_within}
    rollout: {rollout}
    with:
      image: web
      publish: ["8080:8080"]
      env: {{DATABASE_URL: "postgres://shop:{{{{ DATABASE_PASSWORD }}}}@192.0.2.1:5432/shop"}}
      health: {{path: /up, port: 8080, interval: 100ms, min_healthy_time: {healthy}, deadline: 10s}}
  - id: mailer
    uses: deploy_image
    hosts: {{role: mailer}}
    with: {{image: mailer, readiness_delay: 1s}}
"""
GATED = "{canary: 1, gate: {approvers: [release-managers]}, batch: 50%}"
SECRET = "correct-horse-battery-staple"


class Ground(LabGround):
    """The shared lab, with a folder of its own for one test's Tidegate."""

    def __init__(self, lab: Lab, folder: Path, hosts: Sequence[str]) -> None:
        super().__init__()
        self._lab, self._folder, self.hosts = lab, folder, tuple(hosts)

    @property
    def folder(self) -> Path:
        return self._folder


@dataclass
class Tidegate:
    """Handles to every part, and the verbs of these tests."""

    lab: Lab
    programs: Programs
    admin: Client
    alice: Client

    def declare(
        self, *, rollout: str = "{batch: 50%}", healthy: str = "300ms", start_within: str = "60s"
    ) -> None:
        text = PROCESS.format(
            registry=self.lab.registry.address, rollout=rollout, healthy=healthy, start_within=start_within
        )
        self.admin.apply_process(text.encode(), file="tidegate.yaml", dry_run=False)
        self.admin.set_secret("shop", "DATABASE_PASSWORD", SECRET, {})

    def release(self, *versions: str) -> None:
        for version in versions:
            self.admin.create_release("shop", version, {}, idempotency_key=new_id("test"))

    def deploy(self, version: str) -> str:
        return str(self.alice.deploy("shop", version, "production", idempotency_key=new_id("test"))["id"])

    def status(self, deployment: str) -> str:
        return str(self.alice.deployment(deployment)["status"])

    def until(self, deployment: str, *statuses: str, seconds: float = 90) -> Any:
        """Wait until the deployment has one of the statuses; return it."""
        wait_until(lambda: self.status(deployment) in statuses, f"{deployment} to be {statuses}", seconds)
        return self.alice.deployment(deployment)

    def until_task(self, deployment: str, task: str, *statuses: str, seconds: float = 60) -> Any:
        def found() -> Any:
            tasks = {each["key"]: each for each in self.alice.tasks(deployment)}
            return tasks[task] if tasks[task]["status"] in statuses else None

        return wait_until(found, f"{task} to be {statuses}", seconds)

    def answer(self, deployment: str, choice: str, note: str = "") -> None:
        asked = self.alice.deployment(deployment)["interruptions"][0]
        self.alice.answer(asked["id"], choice, note=note, plan_hash=asked["plan_hash"])

    def versions(self) -> dict[str, str | None]:
        """What each host's own engine runs as web: the digest of the running container's image, or None."""
        return {host: self._running(host) for host in self.programs.ground.hosts}

    def _running(self, host: str) -> str | None:
        labels = ["tidegate.project=shop", "tidegate.step=web"]
        found = self.lab.client(host).containers.list(filters={"label": labels, "status": "running"})
        assert len(found) <= 1, f"{host} runs {[each.name for each in found]}"
        return str(found[0].image.attrs["RepoDigests"][0]).partition("@")[2] if found else None

    def kill_worker(self, host: str) -> None:
        self.lab.kill(self.programs.running.pop(f"worker-{host}"))

    def start_worker(self, host: str) -> None:
        """Start it again from its state folder; the join file was used up."""
        self.programs.run_worker(host)

    def kill_coordinator(self) -> None:
        self.lab.kill(self.programs.running.pop("coordinator"))

    def start_coordinator(self) -> None:
        self.programs.launch_coordinator()
        self.programs.await_coordinator().close()

    @contextmanager
    def broker(self) -> Iterator[Redis]:
        """The broker, reached from outside the lab's namespaces."""
        text = (self.programs.state / "broker" / "broker.json").read_text()
        password = text.partition('"password": "')[2].partition('"')[0]
        port = self.lab.forward_port(CONTROL, BROKER, self.lab.address(CONTROL))
        with closing(Redis(port=port, password=password, socket_timeout=5)) as client:
            yield client


@contextmanager
def tidegate(
    lab: Lab, folder: Path, hosts: Sequence[str] = ("web-1", "web-2", "web-3")
) -> Iterator[Tidegate]:
    """Start everything on these hosts, and remove every container and process of it afterwards."""
    folder.mkdir(exist_ok=True)
    programs = Programs(Ground(lab, folder, hosts))
    with ExitStack() as stack:
        stack.callback(_end, lab, programs)
        programs.launch_coordinator()
        admin = stack.enter_context(closing(programs.await_coordinator()))
        admin.apply_inventory(_inventory(hosts), file="inventory.yaml", dry_run=False, prune=False)
        join(admin, programs)
        key = admin.create_key("alice", ["release-managers"])["key"]
        yield Tidegate(lab, programs, admin, stack.enter_context(closing(connect(programs.url, key))))


def _inventory(hosts: Sequence[str]) -> bytes:
    roles = {host: "[web, mailer]" if host == hosts[-1] else "[web]" for host in hosts}
    lines = [f"  - {{name: {host}, environments: [production], roles: {roles[host]}}}" for host in hosts]
    return "\n".join(["hosts:", *lines, ""]).encode()


def _end(lab: Lab, programs: Programs) -> None:
    workers = [process for name, process in programs.running.items() if name != "coordinator"]
    for process in workers:
        lab.kill(process)
    coordinator = programs.running.get("coordinator")
    if coordinator is not None:
        coordinator.terminate()  # it ends its broker too
        coordinator.wait(20)
    for host in programs.ground.hosts:
        for container in lab.client(host).containers.list(all=True, filters={"label": "tidegate.project"}):
            container.remove(force=True)
