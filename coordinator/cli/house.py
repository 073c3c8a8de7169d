"""The programs of `tidegate up` as child processes: the coordinator, and a worker for this machine's engine."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Self

import httpx

from coordinator.cli.calls import Calls
from coordinator.cli.client import Client
from coordinator.cli.endpoint import Endpoint
from coordinator.cli.errors import CliError
from coordinator.cli.files import write_private
from tasks import clock

STARTS_WITHIN = 60.0  # seconds
STOPS_WITHIN = 30.0  # seconds
LOOK_EVERY = 0.1  # seconds
LAST_LINES = 8
FIRST_HOST = {"environments": ["production"], "roles": ["web"]}  # until an inventory says otherwise


class House:
    """Starts programs and ends them, the worker first; a program that ends by itself ends the others too."""

    def __init__(self, state_dir: Path, bind: str, *, say: Callable[[str], None]) -> None:
        self._state_dir, self._bind, self._say = state_dir, bind, say
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        self._asked_to_end = threading.Event()

    def __enter__(self) -> Self:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: self._asked_to_end.set())
        return self

    def __exit__(self, *_error: object) -> None:
        for name, child in reversed(self._children.items()):
            child.terminate()
            try:
                child.wait(STOPS_WITHIN)
            except subprocess.TimeoutExpired:
                self._say(f"The {name} did not stop within {STOPS_WITHIN:.0f} s and is killed.")
                child.kill()
                child.wait()

    def start_coordinator(self) -> None:
        """Start it and wait until it answers. Raises CliError with the end of its log."""
        self._state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        settings = {"TIDEGATE_STATE_DIR": str(self._state_dir), "TIDEGATE_BIND": self._bind}
        self._start("coordinator", ["-m", "coordinator"], settings)
        self._until(self._answers, "coordinator")

    def start_worker(self, host: str, docker_host: str | None) -> None:
        """Let this machine join as `host`, once, and start its worker."""
        folder = self._state_dir / "worker"
        folder.mkdir(mode=0o700, exist_ok=True)
        join = folder / "join.json"
        if not (folder / "joined").exists():
            self._write_join_file(host, join)
        arguments = ["-m", "workers", "--state-dir", str(folder), "--join", str(join)]
        self._start("worker", [*arguments, *(["--docker-host", docker_host] if docker_host else [])], {})
        self._until(lambda: self._has_joined(host), "worker")
        (folder / "joined").touch()

    def tell_how_to_go_on(self) -> None:
        self._say(
            f"Tidegate is up: {self._url} (Ctrl-C stops it; state and logs are in {self._state_dir}).\n"
            f"In another terminal: export TIDEGATE_URL={self._url} TIDEGATE_KEY_FILE={self._key_file}"
        )

    def wait(self) -> None:
        """Return when asked to end. Raises CliError when a program ended by itself."""
        while not self._asked_to_end.wait(LOOK_EVERY):
            self._check()
        self._say("Stopping; what waits, waits on: the next start goes on from here.")

    @property
    def _url(self) -> str:
        return os.environ.get("TIDEGATE_PUBLIC_URL", f"http://{self._bind}")

    @property
    def _key_file(self) -> Path:
        return (self._state_dir / "admin.key").absolute()

    def _write_join_file(self, host: str, path: Path) -> None:
        path.unlink(missing_ok=True)
        with closing(self._client()) as client:
            known = {each["name"]: each for each in client.hosts()}
            declared = {"name": host} if host in known else {"name": host, **FIRST_HOST}
            rejoin = host in known and (known[host]["join_pending"] or known[host]["status"] == "joined")
            new = client.add_host(declared, rejoin=rejoin)
        write_private(path, lambda: json.dumps(new["join"]))

    def _has_joined(self, host: str) -> bool:
        with closing(self._client()) as client:
            return any(each["name"] == host and each["status"] == "joined" for each in client.hosts())

    def _client(self) -> Client:
        key = self._key_file.read_text(encoding="utf-8").strip()
        return Client(Calls(Endpoint(self._local_url, key), lambda _: None))

    def _answers(self) -> bool:
        try:
            return httpx.get(f"{self._local_url}/healthz", timeout=2).is_success and self._key_file.exists()
        except httpx.HTTPError:
            return False

    def _start(self, name: str, arguments: list[str], settings: dict[str, str]) -> None:
        # A session of its own: Ctrl-C reaches us alone, and we end them in their order.
        with self._log(name).open("ab") as log:
            self._children[name] = subprocess.Popen(  # noqa: S603 - our own interpreter and modules
                [sys.executable, "-P", *arguments],
                env={**os.environ, **settings},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def _until(self, condition: Callable[[], bool], name: str) -> None:
        end = clock.monotonic() + STARTS_WITHIN
        while not condition():
            self._check()
            if clock.monotonic() > end:
                raise CliError(
                    f"The {name} did not start within {STARTS_WITHIN:.0f} s.", hint=self._look(name)
                )
            if self._asked_to_end.wait(LOOK_EVERY):
                raise CliError("Stopped before everything was up.")

    def _check(self) -> None:
        for name, child in self._children.items():
            if child.poll() is not None:
                raise CliError(f"The {name} ended with exit code {child.returncode}.", hint=self._look(name))

    def _look(self, name: str) -> str:
        lines = self._log(name).read_text(encoding="utf-8", errors="replace").splitlines()[-LAST_LINES:]
        return "\n".join([f"Its log {self._log(name)} ends with:", *(f"  {line}" for line in lines)])

    def _log(self, name: str) -> Path:
        return self._state_dir / f"{name}.log"

    @property
    def _local_url(self) -> str:
        return f"http://{self._bind}"
