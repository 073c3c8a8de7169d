"""Where the demo happens: what the story needs of it."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import docker

ROOT = (
    Path(__file__).resolve().parents[2]
)  # of the repository, where `python -m coordinator` finds its package
Say = Callable[[str], None]


@dataclass(frozen=True)
class Endpoints:
    """Addresses of the coordinator: where it listens, and where people of this machine reach it."""

    bind: str
    broker_bind: str
    public_url: str
    people_url: Callable[[], str]


class Ground(Protocol):
    """Hosts, their engines, a registry and a database. Everything it makes is gone after `down`."""

    kind: str

    @property
    def hosts(self) -> tuple[str, ...]: ...

    @property
    def folder(self) -> Path:
        """Of all state; `down` deletes it."""

    def up(self, say: Say) -> None: ...

    def down(self) -> None:
        """Leave nothing behind; once more, or after a failed `up`, does no harm."""

    @property
    def sentences(self) -> list[str]:
        """What this place is, for the person who watches."""

    @property
    def marks(self) -> dict[str, str]:
        """By what its remains would be found."""

    @property
    def registry(self) -> str:
        """What image names begin with, such as `10.77.0.1:5000`."""

    @property
    def endpoints(self) -> Endpoints: ...

    @property
    def builder(self) -> docker.DockerClient: ...

    def engine(self, host: str) -> docker.DockerClient:
        """The client of the host's own engine."""

    def engine_url(self, host: str) -> str: ...

    def prefix(self, host: str) -> str:
        """Stand before the names of the host's containers; empty where the host has an engine of its own."""

    def page(self, host: str) -> str:
        """The address of the host's web, as this machine's browser reaches it."""

    def spawn(
        self, where: str | None, argv: Sequence[str], env: Mapping[str, str], log: Path
    ) -> subprocess.Popen[bytes]:
        """Start a program on a host (None: where the coordinator runs); `down` ends what still runs."""

    def start_database(self) -> str:
        """Start the shop's database and return its password when it answers."""

    def process_file(self) -> str: ...

    def inventory_file(self) -> str: ...
