"""The shop's PostgreSQL on a shared engine."""

from __future__ import annotations

import io
import socket
import tarfile
from functools import cached_property
from pathlib import Path

import docker
from docker.models.containers import Container

from examples.demo.errors import DemoError
from tests.lab import POSTGRES, DeadlineError, shop, wait_until

SCRIPTS = "/docker-entrypoint-initdb.d"


class OwnDatabase:
    def __init__(self, client: docker.DockerClient, name: str) -> None:
        self._client = client
        self.name = name

    def start(self) -> str:
        """Start it with a thousand orders; return its password when it answers."""
        container = self._client.containers.create(
            POSTGRES,
            name=self.name,
            environment={
                "POSTGRES_USER": "shop",
                "POSTGRES_DB": "shop",
                "POSTGRES_PASSWORD": shop.PASSWORD,
                "POSTGRES_HOST_AUTH_METHOD": "password",  # the shop's own small client knows no other
            },
        )
        container.put_archive(SCRIPTS, _archive(shop.FOLDER / "database" / "init.sql"))
        container.start()
        # Over TCP: while the server fills the new database it listens on its unix socket alone.
        ready = ["pg_isready", "-h", "127.0.0.1", "-U", "shop", "-d", "shop"]
        try:
            wait_until(lambda: container.exec_run(ready).exit_code == 0, "the shop's database", 60)
        except DeadlineError as error:
            raise DemoError(str(error)) from error
        return shop.PASSWORD

    @cached_property
    def address(self) -> str:
        """Its address on the engine's own network, for containers beside it."""
        networks = self._container.attrs["NetworkSettings"]["Networks"]
        return str(next(iter(networks.values()))["IPAddress"])

    @property
    def reachable(self) -> bool:
        """Whether programs of this machine reach containers by address: not where the engine runs in another one."""
        try:
            socket.create_connection((self.address, shop.DATABASE_PORT), timeout=2).close()
        except OSError:
            return False
        return True

    @property
    def _container(self) -> Container:
        return self._client.containers.get(self.name)


def _archive(file: Path) -> bytes:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w") as archive:
        entry = tarfile.TarInfo(file.name)
        entry.size, entry.mode = file.stat().st_size, 0o644
        archive.addfile(entry, io.BytesIO(file.read_bytes()))
    return target.getvalue()
