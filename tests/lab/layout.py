"""Where a lab keeps its things and how its parts are called: pure values, derived from its record."""

from __future__ import annotations

import json
import os
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.lab.errors import LabError

CONTROL = "ctl"  # the namespace of the switch, the registry, the broker, the coordinator and the tests
BUILDER = "builder"  # the namespace of one more engine, which only builds and pushes
REGISTRY_PORT = 5000
LONGEST_FOLDER = 60  # bytes: the engine puts unix sockets below it, whose paths may have 107


def default_base() -> Path:
    """Return the folder of all labs: `TIDEGATE_LAB_DIR`, or one under the system's temporary folder."""
    given = os.environ.get("TIDEGATE_LAB_DIR")
    return Path(given) if given else Path(tempfile.gettempdir()) / "tidegate-lab"


def default_cache() -> Path:
    """Return the folder of built base images: `TIDEGATE_LAB_CACHE`, or one under the user's cache folder."""
    given = os.environ.get("TIDEGATE_LAB_CACHE")
    return (
        Path(given)
        if given
        else Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "tidegate-lab"
    )


@dataclass(frozen=True)
class Layout:
    """All names and addresses of one lab. `tag` is new at each `up`, so nothing of another lab has its names."""

    name: str
    tag: str
    index: int  # of the subnet 10.77.<index>.0/24, which exists only inside the lab's own namespaces
    base: Path
    hosts: tuple[str, ...]
    builder: bool = True
    owner: tuple[int, int] | None = None  # pid and start time of the process that the lab must not outlive

    @property
    def folder(self) -> Path:
        return self.base / self.name

    @property
    def mark(self) -> str:
        return f"{self.name}-{self.tag}"

    @property
    def engines(self) -> tuple[str, ...]:
        return (*self.hosts, BUILDER) if self.builder else self.hosts

    @property
    def namespaces(self) -> tuple[str, ...]:
        return (CONTROL, *self.engines)

    @property
    def registry(self) -> str:
        return f"{self.address(CONTROL)}:{REGISTRY_PORT}"

    @property
    def cgroup(self) -> str:
        return f"tidegate-lab-{self.mark}"

    def namespace(self, where: str) -> str:
        """Return the name as `ip netns` knows it, such as `tg-demo-k7q2-web-1`."""
        if where not in self.namespaces:
            raise LabError(f"the lab {self.name} has no {where}; it has {', '.join(self.namespaces)}")
        return f"tg-{self.mark}-{where}"

    def handle(self, where: str) -> Path:
        return Path("/run/netns") / self.namespace(where)

    def address(self, where: str) -> str:
        position = self.namespaces.index(where)
        return f"10.77.{self.index}.{position + 10 if position else 1}"

    def port_of_switch(self, host: str) -> str:
        return f"vh{self.namespaces.index(host)}"

    def of_host(self, host: str) -> Path:
        return self.folder / "hosts" / host

    def save(self) -> None:
        """Write the record before anything is started: `down` needs nothing else."""
        written = self.folder / "lab.json.new"
        written.write_text(json.dumps({**asdict(self), "base": str(self.base)}, indent=1))
        written.rename(self.folder / "lab.json")

    @classmethod
    def load(cls, folder: Path) -> Layout | None:
        try:
            data = json.loads((folder / "lab.json").read_text())
        except (OSError, ValueError):
            return None
        owner = data.pop("owner")
        lists = {"hosts": tuple(data.pop("hosts")), "owner": tuple(owner) if owner else None}
        return cls(**{**data, **lists, "base": folder.parent})
