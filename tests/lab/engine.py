"""One Docker engine of the lab: a real dockerd in its host's namespace."""

from __future__ import annotations

import contextlib
import signal
import socket
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import docker
from docker.errors import DockerException
from requests.exceptions import RequestException

from tests.lab.errors import LabError
from tests.lab.events import Recorder
from tests.lab.layout import Layout
from tests.lab.processes import Process, children, kill_all, mentioning
from tests.lab.spawning import reap, start_daemon
from tests.lab.waiting import DeadlineError, wait_until

READY_WITHIN = 60.0  # seconds; a cold machine with a slow disk has needed 20


@dataclass(frozen=True)
class Engine:
    """A handle: engines live in their own processes and in `folder`, so any process may hold one."""

    layout: Layout
    host: str

    @property
    def folder(self) -> Path:
        return self.layout.of_host(self.host)

    @property
    def socket(self) -> Path:
        return self.folder / "docker.sock"

    @property
    def url(self) -> str:
        """What a worker takes as its docker host, such as `unix:///tmp/tidegate-lab/demo/hosts/web-1/docker.sock`."""
        return f"unix://{self.socket}"

    @property
    def process(self) -> Process | None:
        """The living dockerd, or None."""
        recorded = Process.recorded(self.folder / "process.json")
        return recorded if recorded and recorded.alive else None

    @cached_property
    def client(self) -> docker.DockerClient:
        """The SDK's client, kept over restarts of the engine (which must run when it is first asked for)."""
        return self.new_client()

    def new_client(self, timeout: int = 60) -> docker.DockerClient:
        """Return a client of the caller's own, to be closed by the caller."""
        return docker.DockerClient(base_url=self.url, timeout=timeout)

    def record(self) -> Recorder:
        """Start to record the engine's events; use it in a `with` block or call `close`."""
        return Recorder(self.new_client, self.answers)

    def launch(self) -> None:
        """Start dockerd without waiting for it."""
        if self.process:
            return
        for left in ("docker.pid", "exec/containerd/containerd.pid"):
            # Of a killed one: its pid may be somebody else's now, or a zombie's, which dockerd takes for alive.
            (self.folder / left).unlink(missing_ok=True)
        start_daemon(self.layout, self.host, self._command(), self.folder)

    def start(self) -> None:
        """Start dockerd and return when it answers."""
        self.launch()
        self.wait_ready()

    def wait_ready(self) -> None:
        try:
            wait_until(lambda: self.answers() or not self.process, f"the engine of {self.host}", READY_WITHIN)
        except DeadlineError as error:
            raise LabError(f"{error}; {self._last_words()}") from error
        if not self.process:
            raise LabError(f"the engine of {self.host} ended at its start; {self._last_words()}")

    def answers(self) -> bool:
        """Ping the engine. Not with the SDK, which leaves a socket open at each failure."""
        try:
            with socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(5)
                connection.connect(str(self.socket))
                connection.sendall(b"GET /_ping HTTP/1.0\r\n\r\n")
                return b" 200 " in connection.recv(64)
        except OSError:
            return False

    def stop(self, grace: float = 30.0) -> None:
        """Stop dockerd in good order (SIGTERM): its containers are stopped too."""
        self._end(signal.SIGTERM, grace)

    def kill(self) -> None:
        """Kill dockerd with SIGKILL: its containers run on until the next dockerd finds and ends them."""
        self._end(signal.SIGKILL, 10.0)

    def remove_containers(self) -> None:
        """Remove all containers if the engine answers; what it cannot remove is left to `kill_remains`."""
        if not self.answers():
            return
        with contextlib.suppress(DockerException, RequestException, OSError):
            client = self.new_client(timeout=20)
            try:
                for container in client.containers.list(all=True, ignore_removed=True):
                    with contextlib.suppress(DockerException):
                        container.remove(force=True, v=True)
            finally:
                client.close()

    def kill_remains(self) -> None:
        """Kill what a dead engine left: containerd, shims, the first processes of containers, port proxies."""
        remains = mentioning(f"{self.folder}/exec")
        kill_all([*children(remains), *remains])
        for address in self.folder.glob("exec/containerd/daemon/*/moby/*/address"):
            # A shim's socket lies in /run/containerd/s; whoever kills the shim has to remove it.
            Path(address.read_text().removeprefix("unix://")).unlink(missing_ok=True)

    def close(self) -> None:
        if "client" in self.__dict__:
            self.client.close()

    def _end(self, number: signal.Signals, grace: float) -> None:
        process = self.process
        if not process:
            return
        process.send(number)
        try:
            process.wait(grace)
        except DeadlineError:
            process.kill()
        reap(process)
        # Its containerd is told by the kernel to die with it; a new dockerd must not meet the old one.
        containerd = f"{self.folder}/exec/containerd/containerd.toml"
        wait_until(lambda: not mentioning(containerd), f"containerd of {self.host} to end", 10.0)

    def _last_words(self) -> str:
        lines = (self.folder / "log").read_text(errors="replace").splitlines()
        return "its log ends with:\n" + "\n".join(lines[-8:])

    def _command(self) -> list[str]:
        settings = self.folder / "daemon.json"
        settings.write_text("{}")  # our own, so that this machine's /etc/docker/daemon.json is not read
        return [
            "dockerd",
            f"--config-file={settings}",
            f"--data-root={self.folder}/data",
            f"--exec-root={self.folder}/exec",
            f"--host={self.url}",
            f"--pidfile={self.folder}/docker.pid",
            f"--insecure-registry={self.layout.registry}",
            f"--cgroup-parent=/{self.layout.cgroup}",
            "--exec-opt=native.cgroupdriver=cgroupfs",  # systemd's driver would want a slice as parent
            "--log-level=warn",
        ]
