"""Three named workers on the one engine that is here: names and ports are the hosts' own, the engine is shared."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path

import docker

from examples.demo import shared_files
from examples.demo.ground import ROOT, Endpoints, Say
from examples.demo.own_database import OwnDatabase
from examples.demo.own_folder import OwnFolder
from examples.demo.own_images import OwnImages
from examples.demo.own_registry import OwnRegistry
from tests.lab import BUSYBOX, POSTGRES

PREFIX = "tidegate-demo-"  # of all containers that the demo makes
ENDS_WITHIN = 30.0  # seconds that programs get to end in good order


class OneEngine:
    """Shared ground: not as real as four machines, and it runs without root, wherever Docker runs.

    `url` is the engine's; `because` says why there are no lab hosts.
    """

    kind = "one engine"
    hosts: tuple[str, ...] = ("web-1", "web-2", "db-1")

    def __init__(self, client: docker.DockerClient, url: str, because: str) -> None:
        self._client = client
        self._url = url
        self._because = because
        self._programs: list[subprocess.Popen[bytes]] = []
        self._ports = free_ports(*self.hosts, "api", "broker", "registry")
        self._folder = OwnFolder()
        self._images = OwnImages(client)
        self._registry = OwnRegistry(client, self._images, f"{PREFIX}registry")
        self._database = OwnDatabase(client, f"{PREFIX}shop-db")

    def up(self, say: Say) -> None:
        say(f"Not four lab hosts: {self._because}.")
        say(
            f"Instead {len(self.hosts)} workers share the engine at {self._url}; each has names and ports of its own"
        )
        self._folder.take(self._clear)
        self._images.keep_record(self._folder.path / "images.json")
        for name in (BUSYBOX, POSTGRES):
            self._images.provide(name, say)
        log = self.folder / "registry.log"
        self._registry.start(
            self._ports["registry"], self.folder, lambda argv: self.spawn(None, argv, {}, log)
        )

    def down(self) -> None:
        if not self._folder.taken:
            return
        for program in self._programs:
            if program.stdin:
                program.stdin.close()  # lets go of the leash
        for program in self._programs:
            program.wait(ENDS_WITHIN)
        self._programs.clear()
        self._clear()
        self._folder.give_back()

    @property
    def folder(self) -> Path:
        return self._folder.path

    @property
    def sentences(self) -> list[str]:
        ports = ", ".join(f"{host} on port {self._ports[host]}" for host in self.hosts)
        return [f"hosts by name only: {ports}", f"an image registry at {self.registry}"]

    @property
    def marks(self) -> dict[str, str]:
        return {"mark": PREFIX, "folder": str(self.folder)}

    @property
    def registry(self) -> str:
        return self._registry.address

    @cached_property
    def endpoints(self) -> Endpoints:
        url = f"http://127.0.0.1:{self._ports['api']}"
        return Endpoints(
            bind=f"127.0.0.1:{self._ports['api']}",
            broker_bind=f"127.0.0.1:{self._ports['broker']}",
            public_url=url,
            people_url=lambda: url,
        )

    @property
    def builder(self) -> docker.DockerClient:
        return self._client

    def engine(self, host: str) -> docker.DockerClient:
        del host  # all share it
        return self._client

    def engine_url(self, host: str) -> str:
        del host  # as above
        return self._url

    def prefix(self, host: str) -> str:
        return f"{PREFIX}{host}-"

    def page(self, host: str) -> str:
        return f"http://127.0.0.1:{self._ports[host]}/"

    def spawn(
        self, where: str | None, argv: Sequence[str], env: Mapping[str, str], log: Path
    ) -> subprocess.Popen[bytes]:
        del where  # one machine
        with log.open("ab") as output:
            program = subprocess.Popen(
                [sys.executable, "-m", "examples.demo.leash", *argv],
                env={**os.environ, **env},
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=output,
                start_new_session=True,  # an interrupt typed at the terminal is for the demo alone
            )
        self._programs.append(program)
        return program

    def start_database(self) -> str:
        return self._database.start()

    def process_file(self) -> str:
        database = self._database
        return shared_files.process(self.registry, database.name, database.address, probed=database.reachable)

    def inventory_file(self) -> str:
        return shared_files.inventory({host: self._ports[host] for host in self.hosts})

    def _clear(self) -> None:
        """Remove what this demo, or one that was killed, left on the engine."""
        for container in self._client.containers.list(all=True, ignore_removed=True):
            if (container.name or "").startswith(PREFIX):
                container.remove(force=True, v=True)
        self._images.remove(self._folder.path / "images.json")


def free_ports(*names: str) -> dict[str, int]:
    """Return for each name a port of 127.0.0.1 that nobody listens on now."""
    sockets = {name: socket.create_server(("127.0.0.1", 0)) for name in names}
    try:
        return {name: int(each.getsockname()[1]) for name, each in sockets.items()}
    finally:
        for each in sockets.values():
            each.close()
