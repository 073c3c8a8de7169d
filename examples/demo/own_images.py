"""Images on a person's own engine: what was there is never touched, what was not there is removed again."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

import docker
from docker.errors import DockerException, ImageNotFound

from examples.demo.errors import DemoError
from examples.demo.ground import Say
from tests.lab import missing, provide
from tests.lab.layout import default_cache


class OwnImages:
    """Gives the engine images, and writes down which: `keep_record` first."""

    def __init__(self, client: docker.DockerClient) -> None:
        self._client = client
        self._record: Path | None = None
        self._given: list[str] = []

    def keep_record(self, file: Path) -> None:
        self._record = file

    def given(self, name: str) -> None:
        """Note an image that the demo makes or brings, before it is there."""
        self._given.append(name)
        if self._record:
            self._record.write_text(json.dumps(self._given))

    def provide(self, name: str, say: Say) -> None:
        """Pull an image that is not there, or make a stand-in of this machine's packages."""
        if self.has(name):
            return
        say(f"pulling {name}, which the engine does not have; it is removed again at the end")
        if self.pulled(name):
            return
        lacking = [tool for tool in missing() if tool.package in {"busybox-static", "postgresql"}]
        if lacking:
            packages = " ".join(sorted(tool.package for tool in lacking))
            raise DemoError(
                f"the engine cannot pull {name}; let it reach Docker Hub, or install {packages} here for a stand-in"
            )
        provide(self._client, [name], default_cache())

    def has(self, name: str) -> bool:
        with contextlib.suppress(ImageNotFound):
            return bool(self._client.images.get(name))
        return False

    def pulled(self, name: str) -> bool:
        self.given(name)
        try:
            self._client.images.pull(name)
        except DockerException:
            return False
        return True

    def remove(self, record: Path) -> None:
        """Remove what the record names, and all that was built of the shop for a registry that is no more."""
        try:
            given: list[str] = json.loads(record.read_text())
        except (OSError, ValueError):
            return
        for image in self._client.images.list():
            for reference in [*image.tags, *(image.attrs.get("RepoDigests") or [])]:
                if reference in given or any(reference.startswith(f"{name}/shop/") for name in given):
                    with contextlib.suppress(
                        DockerException
                    ):  # a container of somebody else may use it by now
                        self._client.images.remove(reference)
