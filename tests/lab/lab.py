"""The lab: several real Docker hosts on one machine, each with an engine in a network namespace of its own."""

from __future__ import annotations

import fcntl
import os
import secrets
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import ParamSpec, Self, TypeVar

import docker

from tests.lab import network, rubble
from tests.lab.disks import small_disk
from tests.lab.doors import Doors
from tests.lab.engine import Engine
from tests.lab.errors import LabError
from tests.lab.images import BUSYBOX, provide, tarball
from tests.lab.inside import Inside
from tests.lab.layout import BUILDER, CONTROL, LONGEST_FOLDER, Layout, default_base, default_cache
from tests.lab.processes import Process, kill_process
from tests.lab.registry import Registry
from tests.lab.spawning import Stream, command, environment
from tests.lab.tools import check_machine
from tests.lab.waiting import wait_until

P = ParamSpec("P")
T = TypeVar("T")
HOSTS = ("web-1", "web-2", "web-3", "db-1")
SUBNETS = 250


class Lab:
    """A lab that is up. Make one with `Lab.up`, find a running one with `Lab.attach`; `with` takes it down."""

    def __init__(self, layout: Layout, cache: Path | None = None) -> None:
        self.layout = layout
        self.cache = cache or default_cache()
        self.registry = Registry(layout)
        self._engines = {host: Engine(layout, host) for host in layout.engines}
        self._inside: dict[str, Inside] = {}
        self._spawned: list[subprocess.Popen[bytes]] = []
        self._doors = Doors(layout, self._spawned)

    @classmethod
    def up(
        cls,
        name: str = "lab",
        hosts: Sequence[str] = HOSTS,
        *,
        owned: bool = True,
        builder: bool = True,
        small_data: Mapping[str, str] | None = None,
        images: Sequence[str] = (BUSYBOX,),
        base: Path | None = None,
        cache: Path | None = None,
    ) -> Self:
        """Bring a lab up; a lab of this name, and labs whose owner died, are taken down before.

        `owned`: the lab belongs to this process: when it dies, the next `up` removes the lab. `builder`: one more
        engine, `lab.builder`. `small_data`: hosts whose engine has only so much disk, such as `{"web-1": "200m"}`.
        `images`: stand-ins that every engine gets.
        """
        check_machine()
        layout = _claim(base or default_base(), name, tuple(hosts), owned=owned, builder=builder)
        lab = cls(layout, cache)
        try:
            lab._build(small_data or {}, images)
        except BaseException:
            lab.down()
            raise
        return lab

    @classmethod
    def attach(cls, name: str = "lab", *, base: Path | None = None, cache: Path | None = None) -> Self:
        """Return a handle of the running lab of this name."""
        layout = Layout.load((base or default_base()) / name)
        if not layout:
            raise LabError(f"there is no lab {name} in {base or default_base()}; bring it up first")
        return cls(layout, cache)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.down()

    @property
    def name(self) -> str:
        return self.layout.name

    @property
    def hosts(self) -> tuple[str, ...]:
        return self.layout.hosts

    @property
    def folder(self) -> Path:
        """The state folder: all that the lab writes is in it, and `down` deletes it."""
        return self.layout.folder

    @property
    def builder(self) -> Engine:
        """The engine that builds and pushes, so that the hosts have to pull."""
        return self._engines[BUILDER]

    def address(self, where: str = CONTROL) -> str:
        return self.layout.address(where)

    def engine(self, host: str) -> Engine:
        if host not in self._engines:
            raise LabError(f"the lab {self.name} has no engine {host}; it has {', '.join(self._engines)}")
        return self._engines[host]

    def client(self, host: str) -> docker.DockerClient:
        """The Docker SDK's client of a host's engine; it works from every namespace, the root one too."""
        return self.engine(host).client

    # Hosts on the network

    def cut_off(self, host: str) -> None:
        """Cut a host off the network; its containers and worker run on."""
        network.cut_off(self.layout, host)

    def bring_back(self, host: str) -> None:
        network.bring_back(self.layout, host)

    # Programs

    def run(
        self,
        where: str,
        argv: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        typed: str | None = None,
        check: bool = True,
        seconds: float = 60.0,
    ) -> subprocess.CompletedProcess[str]:
        """Run a program in a namespace and wait; its output is captured. `check`: a failure raises LabError."""
        done = subprocess.run(
            command(self.layout, where, argv),
            env=environment(self.layout, env),
            cwd=cwd,
            input=typed,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
        if check and done.returncode:
            said = (done.stderr or done.stdout).strip()
            raise LabError(f"`{' '.join(argv)}` in {where} ended with {done.returncode}: {said}")
        return done

    def spawn(
        self,
        where: str,
        argv: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        stdin: Stream = subprocess.DEVNULL,
        stdout: Stream = None,
        stderr: Stream = None,
    ) -> subprocess.Popen[bytes]:
        """Start a program in a namespace; its pid is the program's. What still runs at `down` is killed."""
        child = subprocess.Popen(
            command(self.layout, where, argv),
            env=environment(self.layout, env),
            cwd=cwd,
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            start_new_session=True,
        )
        self._spawned.append(child)
        wait_until(
            lambda: child.poll() is not None or self._is_in(where, child.pid),
            f"{argv[0]} to be in {where}",
            every=0.002,
        )
        return child

    def _is_in(self, where: str, pid: int) -> bool:
        """Whether a process has entered a namespace (nsenter, which becomes the program, needs a moment)."""
        try:
            return Path(f"/proc/{pid}/ns/net").stat().st_ino == self.layout.handle(where).stat().st_ino
        except OSError:  # it has ended already
            return False

    def kill(self, process: subprocess.Popen[bytes] | int) -> None:
        """Kill a process with SIGKILL, for example a worker, and wait until it is gone."""
        if isinstance(process, int):
            kill_process(process)
        else:
            process.kill()
            process.wait()

    # Ways for a test's own code into a namespace

    def call(self, where: str, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a Python function in a thread that lives in the namespace; return what it returns."""
        if where not in self._inside:
            self._inside[where] = Inside(self.layout.handle(where), threads=8)
        return self._inside[where].call(function, *args, **kwargs)

    def forward(self, where: str, port: int, host: str = "127.0.0.1") -> Path:
        """Return a unix socket that leads to `host:port` as seen in the namespace (httpx: `HTTPTransport(uds=...)`)."""
        return self._doors.socket(where, host, port)

    def forward_port(self, where: str, port: int, host: str = "127.0.0.1") -> int:
        """Return a free port of the root namespace's 127.0.0.1 that leads to `host:port` inside."""
        return self._doors.port(where, host, port)

    # Images and disks

    def load(self, host: str, *images: str) -> None:
        """Give an engine base images under their public names, such as `postgres:16-alpine`."""
        provide(self.client(host), images, self.cache)

    def small_disk(self, host: str, size: str) -> Path:
        """Return a new folder on a file system of its own of `size` (such as `16m`), for a full disk."""
        return small_disk(self.layout.of_host(host), size)

    def down(self) -> None:
        """Take the lab down; what it started ends, what it made is deleted. Once more does nothing."""
        for inside in self._inside.values():
            inside.close()
        self._inside.clear()
        for engine in self._engines.values():
            engine.close()
        rubble.clear(self.layout)
        for child in self._spawned:
            child.wait(10)
        self._spawned.clear()

    def _build(self, small_data: Mapping[str, str], images: Sequence[str]) -> None:
        network.create(self.layout)
        for host in self.layout.engines:
            self.layout.of_host(host).mkdir(parents=True)
            if host in small_data:
                small_disk(self.layout.of_host(host), small_data[host], "data")
            self._engines[host].launch()
        self.registry.start()
        for image in images:
            tarball(image, self.cache)  # built once, before the threads ask for it
        with ThreadPoolExecutor(len(self._engines)) as threads:
            list(threads.map(lambda host: self._finish(host, images), self._engines))

    def _finish(self, host: str, images: Sequence[str]) -> None:
        self._engines[host].wait_ready()
        self.load(host, *images)


def down(name: str = "lab", base: Path | None = None) -> bool:
    """Take the lab of this name down, from whichever process made it; False when there is none."""
    layout = Layout.load((base or default_base()) / name)
    if layout:
        rubble.clear(layout)
    return layout is not None


def _claim(base: Path, name: str, hosts: tuple[str, ...], *, owned: bool, builder: bool) -> Layout:
    """Write the new lab's record, after what is stale is cleared; one process at a time."""
    if len(str(base / name)) > LONGEST_FOLDER:
        raise LabError(
            f"{base / name} is longer than {LONGEST_FOLDER} characters, too long for sockets below it"
        )
    with _locked(base):
        taken = [layout for layout in map(Layout.load, base.iterdir()) if layout]
        for layout in taken:
            if layout.name == name or _orphaned(layout):
                rubble.clear(layout)
        used = {layout.index for layout in taken if layout.folder.exists()}
        me = Process.of(os.getpid())
        layout = Layout(
            name=name,
            tag=secrets.token_hex(2),
            index=next(index for index in range(SUBNETS) if index not in used),
            base=base,
            hosts=hosts,
            builder=builder,
            owner=(me.pid, me.started) if owned and me else None,
        )
        rubble.clear_unrecorded(layout.folder)
        layout.folder.mkdir(mode=0o711)
        layout.save()
    return layout


def _orphaned(layout: Layout) -> bool:
    return layout.owner is not None and not Process(*layout.owner).alive


@contextmanager
def _locked(base: Path) -> Iterator[None]:
    """Hold the lock of the folder of labs, which must belong to this user: names in /tmp can be taken by others."""
    base.mkdir(mode=0o711, parents=True, exist_ok=True)
    if base.lstat().st_uid != os.getuid() or base.is_symlink():
        raise LabError(f"{base} belongs to somebody else; set TIDEGATE_LAB_DIR to a folder of your own")
    with (base / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
