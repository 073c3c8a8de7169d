"""Four hosts of the Docker lab, each with an engine and a network of its own."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import docker

from examples.demo.ground import ROOT, Endpoints, Say
from tests.lab import CONTROL, HOSTS, Lab, ensure_tools, shop

API, BROKER, WEB = 8420, 8421, 8080


class LabGround:
    """A lab of this process: the next demo, or the next lab, removes what a killed one left."""

    kind = "lab"
    hosts: tuple[str, ...] = HOSTS

    def __init__(self) -> None:
        self._lab: Lab | None = None

    def up(self, say: Say) -> None:
        ensure_tools(say=say)
        self._lab = Lab.up(f"demo-{os.getpid()}", self.hosts)

    def down(self) -> None:
        if self._lab:
            self._lab.down()

    @property
    def lab(self) -> Lab:
        if self._lab is None:
            raise RuntimeError("the lab is not up")
        return self._lab

    @property
    def folder(self) -> Path:
        return self.lab.folder

    @property
    def sentences(self) -> list[str]:
        listed = ", ".join(f"{host} {self.lab.address(host)}" for host in self.hosts)
        return [
            f"four hosts, each with a Docker engine and a network of its own: {listed}",
            f"an image registry at {self.registry}, and one more engine that builds and pushes",
        ]

    @property
    def marks(self) -> dict[str, str]:
        return {"mark": self.lab.layout.mark, "folder": str(self.folder)}

    @property
    def registry(self) -> str:
        return self.lab.registry.address

    @property
    def endpoints(self) -> Endpoints:
        address = self.lab.address(CONTROL)
        return Endpoints(
            bind=f"{address}:{API}",
            broker_bind=f"{address}:{BROKER}",
            public_url=f"http://{address}:{API}",
            people_url=lambda: f"http://127.0.0.1:{self.lab.forward_port(CONTROL, API, address)}",
        )

    @property
    def builder(self) -> docker.DockerClient:
        return self.lab.builder.client

    def engine(self, host: str) -> docker.DockerClient:
        return self.lab.client(host)

    def engine_url(self, host: str) -> str:
        return self.lab.engine(host).url

    def prefix(self, host: str) -> str:
        del host  # each engine has its own names
        return ""

    def page(self, host: str) -> str:
        return f"http://127.0.0.1:{self.lab.forward_port(host, WEB)}/"

    def spawn(
        self, where: str | None, argv: Sequence[str], env: Mapping[str, str], log: Path
    ) -> subprocess.Popen[bytes]:
        with log.open("ab") as output:
            return self.lab.spawn(where or CONTROL, argv, env=env, cwd=ROOT, stdout=output, stderr=output)

    def start_database(self) -> str:
        return shop.start_database(self.lab).password

    def process_file(self) -> str:
        return shop.process_file(self.lab)

    def inventory_file(self) -> str:
        return shop.inventory_file(self.lab)
