"""compose.yaml as an operator uses it, on one host of the lab: up, a release through it, down."""

from __future__ import annotations

import json
import shutil
import sys
import sysconfig
from pathlib import Path

import httpx
import pytest

from tests.lab import POSTGRES, PYTHON, REDIS, shop
from tests.lab.way_out import way_out

pytestmark = pytest.mark.lab
HOST = "web-1"
ROOT = Path(__file__).resolve().parents[2]
FILES = ("Dockerfile", ".dockerignore", "compose.yaml", "pyproject.toml", "uv.lock", "README.md", "LICENSE")
FOLDERS = ("config", "tasks", "coordinator", "workers", "container")
COMPOSE = str(Path(sysconfig.get_path("scripts")) / "docker-compose")
OURS = {"label": "com.docker.compose.project=tidegate"}
PROCESS = """\
project: hello
environments: [production]
images: {{web: {registry}/shop/web}}
process:
  - id: web
    uses: deploy_image
    hosts: {{role: web}}
    with: {{image: web, publish: ["8088:8080"], health: {{path: /up, min_healthy_time: 300ms}}}}
"""


class Checkout:
    """A checkout on the host, without what a person has made in theirs, and the commands typed there."""

    def __init__(self, lab, folder: Path):
        self.lab, self.folder, self.client = lab, folder, lab.client(HOST)
        for name in FILES:
            shutil.copy2(ROOT / name, folder / name)
        for name in FOLDERS:
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        engine = lab.engine(HOST)
        self.env = {
            "DOCKER_HOST": engine.url,
            "TIDEGATE_DOCKER_SOCKET": str(engine.socket),
            "TIDEGATE_PLAIN_HTTP_REGISTRIES": lab.registry.address,
            "TIDEGATE_KEY_FILE": str(folder / "admin.key"),
            "NO_COLOR": "1",
        }

    def run(self, *argv: str) -> str:
        return self.lab.run(HOST, argv, env=self.env, cwd=self.folder, seconds=300).stdout

    def compose(self, *argv: str) -> str:
        return self.run(COMPOSE, *argv)

    def tidegate(self, *argv: str) -> str:
        return self.run(sys.executable, "-m", "coordinator.cli", *argv)

    def passwords(self) -> list[str]:
        names = ("postgres_password", "redis_password", "flower_password", "secret_key")
        return [(self.folder / "secrets" / name).read_text().strip() for name in names]

    def remains(self) -> list[str]:
        """Return the names of all that belongs to the Compose project."""
        containers = self.client.containers.list(all=True, filters=OURS)
        volumes, networks = self.client.volumes.list(filters=OURS), self.client.networks.list(filters=OURS)
        return sorted(each.name for each in (*containers, *volumes, *networks))

    def clear(self) -> None:
        """Leave the host as it was: whatever failed, the image and what was deployed go too."""
        self.compose("down", "--volumes")
        for container in self.client.containers.list(all=True, filters={"label": "tidegate.project"}):
            container.remove(force=True)
        for image in self.client.images.list("tidegate"):
            self.client.images.remove(image.id, force=True)
        self.client.images.prune({"dangling": True})


@pytest.fixture
def checkout(lab, tmp_path):
    lab.load(HOST, PYTHON, POSTGRES, REDIS)
    shop.build_and_push(lab, "1.0.0")
    one = Checkout(lab, tmp_path)
    one.run("container/secrets")
    with way_out(lab, "pypi.org", "files.pythonhosted.org") as proxy:
        one.compose("build", "--build-arg", f"HTTPS_PROXY={proxy}")
    yield one
    one.clear()


def test_compose_brings_up_what_deploys_and_takes_all_of_it_down(checkout):
    """One command up, the key, a release to this machine, no password in what the engine tells; one command down."""
    checkout.compose("up", "--detach", "--wait", "--no-build")
    key = checkout.compose("exec", "-T", "coordinator", "cat", "/var/lib/tidegate/admin.key")
    (checkout.folder / "admin.key").write_text(key)
    (checkout.folder / "tidegate.yaml").write_text(PROCESS.format(registry=checkout.lab.registry.address))

    checkout.tidegate("apply", "tidegate.yaml")
    checkout.tidegate("release", "create", "hello", "1.0.0")
    checkout.tidegate("deploy", "hello", "1.0.0", "production", "--wait")

    assert "shop 1.0.0" in httpx.get(f"http://127.0.0.1:{checkout.lab.forward_port(HOST, 8088)}/").text
    assert _flower(checkout, checkout.passwords()[2]) == ["tidegate.deploy_image"]
    told = json.dumps([each.attrs for each in checkout.client.containers.list(all=True, filters=OURS)])
    assert [password for password in checkout.passwords() if password in told] == []
    checkout.compose("down", "--volumes")
    assert checkout.remains() == []


def _flower(checkout, password: str) -> list[str]:
    """Return the names of the tasks that Flower shows."""
    port = checkout.lab.forward_port(HOST, 5555)
    answer = httpx.get(f"http://127.0.0.1:{port}/api/tasks", auth=("tidegate", password))
    return [task["name"] for task in answer.raise_for_status().json().values()]
