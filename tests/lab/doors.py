"""The forwarders of one lab: started when first asked for, kept until the lab goes down."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from tests.lab.errors import LabError
from tests.lab.layout import Layout
from tests.lab.spawning import environment
from tests.lab.waiting import wait_until

ROOT = Path(__file__).resolve().parents[2]  # where `python -m tests.lab.forward` finds the package


class Doors:
    """Doors into namespaces; the same target gets the same door."""

    def __init__(self, layout: Layout, spawned: list[subprocess.Popen[bytes]]) -> None:
        self._layout = layout
        self._spawned = spawned
        self._sockets: dict[tuple[str, str, int], Path] = {}
        self._ports: dict[tuple[str, str, int], int] = {}

    def socket(self, where: str, host: str, port: int) -> Path:
        target = (where, host, port)
        if target not in self._sockets:
            path = self._layout.folder / f"door-{len(self._spawned)}.sock"
            self._open(str(path), target, path.exists)
            self._sockets[target] = path
        return self._sockets[target]

    def port(self, where: str, host: str, port: int) -> int:
        target = (where, host, port)
        if target not in self._ports:
            number = _free_port()
            self._open(str(number), target, lambda: _listening(number))
            self._ports[target] = number
        return self._ports[target]

    def _open(self, door: str, target: tuple[str, str, int], opened: Callable[[], bool]) -> None:
        where, host, port = target
        argv = [
            sys.executable,
            "-m",
            "tests.lab.forward",
            door,
            str(self._layout.handle(where)),
            host,
            str(port),
        ]
        child = subprocess.Popen(
            argv,
            env=environment(self._layout, None),
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
        self._spawned.append(child)
        wait_until(lambda: opened() or child.poll() is not None, f"the door to {host}:{port} in {where}")
        if child.poll() is not None:
            raise LabError(f"the door to {host}:{port} in {where} did not open; its reason is printed above")


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def _listening(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
