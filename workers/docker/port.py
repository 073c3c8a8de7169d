"""What the worker asks of a Docker engine, as a port: `workers.docker.engine` speaks to a real one.

Every method raises StepFailed with a sentence for people (`workers.docker.failures` lists the codes).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Protocol

from workers.docker.specs import ContainerSpec

Check = Callable[[], None]
"""Called a few times a second while an engine call lasts; what it raises ends the call."""


@dataclass(frozen=True)
class Container:
    """A container as the engine shows it. `status`: created, running, paused, restarting, removing, exited, dead."""

    id: str
    name: str
    image: str
    image_id: str
    labels: Mapping[str, str]
    status: str
    running: bool
    exit_code: int
    error: str
    health: str | None
    restart_policy: str
    addresses: tuple[str, ...]
    host_network: bool = False

    @property
    def begun(self) -> bool:
        """Whether it was started at least once; a start that failed does not count."""
        return self.status != "created"


@dataclass(frozen=True)
class Image:
    """An image on the host; `ports` are the TCP ports that it exposes."""

    id: str
    ports: tuple[int, ...]
    has_healthcheck: bool


@dataclass(frozen=True)
class Pulled:
    """How far a pull is, summed over the layers, in bytes as the engine counts them."""

    done: int
    total: int
    text: str


@dataclass(frozen=True)
class Line:
    at: datetime
    stream: str
    text: str


@dataclass(frozen=True)
class Ran:
    """What a short command in a container said."""

    exit_code: int
    output: str


@dataclass(frozen=True)
class EngineFacts:
    """What the engine says of itself; without an answer `up` is False and `error` says why."""

    up: bool
    version: str = ""
    error: str = ""
    details: Mapping[str, str] = field(default_factory=dict)


class Engine(Protocol):
    def facts(self) -> EngineFacts:
        """Never raises: an engine that is away is a fact too."""

    def image(self, reference: str) -> Image | None: ...

    def pull(self, reference: str, progress: Callable[[Pulled], None], check: Check) -> None: ...

    def find(self, name: str) -> Container | None:
        """Return the container with this name or id, or None."""

    def labelled(self, labels: Mapping[str, str]) -> tuple[Container, ...]:
        """Return all containers, stopped ones too, that carry these labels."""

    def create(self, spec: ContainerSpec, name: str, *, offline: bool = False) -> str:
        """Create a container, not yet started, and return its id; `offline`: without any network."""

    def start(self, container: str) -> None: ...

    def stop(self, container: str, timeout: float) -> None: ...

    def rename(self, container: str, name: str) -> None: ...

    def remove(self, container: str, *, force: bool = False) -> None:
        """Remove it and its anonymous volumes; one that is gone already is no error."""

    def restart_policy(self, container: str, policy: str) -> None: ...

    def tail(self, container: str, lines: int) -> tuple[str, ...]:
        """Return the last lines of its log; empty when there is none."""

    def follow(self, container: str, since: datetime | None, check: Check) -> Iterator[Line]:
        """Yield log lines from just before `since` on until the container ends."""

    def run(self, container: str, command: Iterable[str], check: Check, user: str = "") -> Ran: ...

    def stream(
        self, container: str, command: Iterable[str], sink: Callable[[str, bytes], None], check: Check
    ) -> int:
        """Run a command, hand its output to `sink(stream, chunk)`, return its exit code."""

    def put_file(self, container: str, source: Path, folder: str, name: str) -> None:
        """Copy a file of any size into a container."""
