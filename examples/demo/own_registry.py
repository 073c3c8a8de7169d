"""A registry on this machine's loopback, which every engine trusts without TLS."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import docker
import httpx

from examples.demo.errors import DemoError
from examples.demo.own_images import OwnImages
from tests.lab import DeadlineError, wait_until
from tests.lab.registry import SETTINGS

IMAGE = "registry:2"


class OwnRegistry:
    """`address` is what image names begin with; known once it is started."""

    def __init__(self, client: docker.DockerClient, images: OwnImages, name: str) -> None:
        self._client = client
        self._images = images
        self._name = name
        self.address = ""

    def start(self, port: int, folder: Path, spawn: Callable[[Sequence[str]], object]) -> None:
        """Start it in a container, or as a program of this machine; return when it answers."""
        self.address = f"127.0.0.1:{port}"
        self._images.given(self.address)
        program = shutil.which("docker-registry")
        if self._images.has(IMAGE) or self._images.pulled(IMAGE):
            self._client.containers.run(
                IMAGE, name=self._name, detach=True, ports={"5000/tcp": ("127.0.0.1", port)}
            )
        elif program:
            settings = folder / "registry.yml"
            settings.write_text(SETTINGS.format(folder=folder / "registry", address=self.address))
            spawn([program, "serve", str(settings)])
        else:
            raise DemoError(
                f"the engine cannot pull {IMAGE}; let it reach Docker Hub, or install docker-registry here"
            )
        try:
            wait_until(self._answers, f"the registry at {self.address}", 30)
        except DeadlineError as error:
            raise DemoError(f"{error}; the engine has to publish ports on this machine") from error

    def _answers(self) -> bool:
        try:
            return httpx.get(f"http://{self.address}/v2/", timeout=2).is_success
        except httpx.HTTPError:
            return False
