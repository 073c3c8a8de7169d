"""The lab's image registry: Debian's docker-registry over plain http, in the control namespace."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from pathlib import Path

from tests.lab.errors import LabError
from tests.lab.inside import Inside
from tests.lab.layout import CONTROL, REGISTRY_PORT, Layout
from tests.lab.processes import Process
from tests.lab.spawning import reap, start_daemon
from tests.lab.waiting import wait_until

SETTINGS = """\
version: 0.1
log: {{level: warn, accesslog: {{disabled: true}}}}
storage: {{filesystem: {{rootdirectory: {folder}/data}}, delete: {{enabled: true}}}}
http: {{addr: "{address}"}}
"""


@dataclass(frozen=True)
class Registry:
    layout: Layout

    @property
    def address(self) -> str:
        """What image names begin with, such as `10.77.0.1:5000`."""
        return self.layout.registry

    @property
    def folder(self) -> Path:
        return self.layout.folder / "registry"

    @property
    def process(self) -> Process | None:
        recorded = Process.recorded(self.folder / "process.json")
        return recorded if recorded and recorded.alive else None

    def start(self) -> None:
        """Start it and return when it accepts connections; its images are those it had before."""
        if not self.process:
            self.folder.mkdir(exist_ok=True)
            settings = self.folder / "config.yml"
            settings.write_text(SETTINGS.format(folder=self.folder, address=self.address))
            start_daemon(self.layout, CONTROL, ["docker-registry", "serve", str(settings)], self.folder)
        wait_until(lambda: self._open() or not self.process, "the registry to listen")
        if not self.process:
            raise LabError(f"the registry ended at its start; read {self.folder}/log")

    def stop(self) -> None:
        process = self.process
        if process:
            process.stop()
            reap(process)

    def _open(self) -> bool:
        with Inside(self.layout.handle(CONTROL)) as control:
            return control.call(_connects, self.layout.address(CONTROL), REGISTRY_PORT)


def _connects(address: str, port: int) -> bool:
    try:
        socket.create_connection((address, port), timeout=2).close()
    except OSError:
        return False
    return True
