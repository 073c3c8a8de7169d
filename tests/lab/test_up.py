"""`tidegate up` as a new user runs it, on one host of the lab with its own engine."""

from __future__ import annotations

import json
import signal
import sys
from pathlib import Path

import httpx
import pytest

from tests.lab import LabError, shop, wait_until

pytestmark = pytest.mark.lab
HOST = "web-2"
PROCESS = """\
project: hello
environments: [production]
images: {{web: {registry}/shop/web}}
process:
  - id: agree
    uses: approve
    with: {{instructions: "Ready?"}}
  - id: web
    uses: deploy_image
    hosts: {{role: web}}
    with: {{image: web, publish: ["8087:8080"], health: {{path: /up, min_healthy_time: 300ms}}}}
"""


class Machine:
    """One lab host: its terminal, and `tidegate up` in another one."""

    def __init__(self, lab, folder: Path):
        self.lab, self.folder, self.process = lab, folder, None
        self.env = {
            "TIDEGATE_KEY_FILE": str(folder / "state/admin.key"),
            "TIDEGATE_PLAIN_HTTP_REGISTRIES": lab.registry.address,
            "NO_COLOR": "1",
        }

    def up(self):
        argv = ["up", "--state-dir", str(self.folder / "state"), "--docker-host", self.lab.engine(HOST).url]
        with (self.folder / "up.log").open("ab") as log:
            self.process = self.lab.spawn(HOST, self._tidegate(*argv), env=self.env, stdout=log, stderr=log)
        wait_until(lambda: self.said().count("Tidegate is up:") > self.ended, "tidegate up", 60)

    ended = 0

    def said(self):
        return (self.folder / "up.log").read_text()

    def interrupt(self):
        """Press Ctrl-C and wait for the end."""
        self.ended += 1
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(60)

    def tidegate(self, *argv):
        done = self.lab.run(HOST, self._tidegate(*argv), env=self.env, cwd=self.folder)
        return done.stdout

    def flower(self):
        """Return what Flower shows of each task."""
        url = f"http://127.0.0.1:{self.lab.forward_port(HOST, 5555)}/api/tasks"
        password = (self.folder / "state/flower.password").read_text().strip()
        tasks = httpx.get(url, auth=("tidegate", password)).json().values()
        return {(task["name"], task["args"], task["worker"], task["state"]) for task in tasks}

    def _tidegate(self, *argv):
        return [sys.executable, "-m", "coordinator.cli", *argv]


@pytest.fixture
def machine(lab, tmp_path):
    shop.build_and_push(lab, "1.0.0")
    one = Machine(lab, tmp_path)
    (tmp_path / "tidegate.yaml").write_text(PROCESS.format(registry=lab.registry.address))
    yield one
    if one.process is not None and one.process.poll() is None:
        one.process.terminate()
        one.process.wait(60)
    for container in lab.client(HOST).containers.list(all=True, filters={"label": "tidegate.project"}):
        container.remove(force=True)


def test_the_first_image_is_deployed_and_a_second_start_goes_on_at_the_gate(machine):
    """Up, apply, release, deploy; Ctrl-C while the gate waits; up again, approve, and the image runs."""
    machine.up()
    machine.tidegate("apply", "tidegate.yaml")
    machine.tidegate("release", "create", "hello", "1.0.0")
    deployment = json.loads(machine.tidegate("deploy", "hello", "1.0.0", "production", "--json"))["id"]
    assert "Flower shows the hosts' tasks: http://127.0.0.1:5555" in machine.said()
    assert machine.interrupt() == 0
    with pytest.raises(LabError, match="cannot be reached"):
        machine.tidegate("status")
    machine.up()
    machine.tidegate("approve", deployment)
    machine.tidegate("status", deployment, "--wait")
    assert "shop 1.0.0" in httpx.get(f"http://127.0.0.1:{machine.lab.forward_port(HOST, 8087)}/").text
    assert machine.flower() == {("tidegate.deploy_image", "hello 1.0.0 · web · local", "local", "SUCCESS")}
    assert machine.interrupt() == 0
