"""The programs of `tidegate up`: the coordinator, a worker for this machine's engine, and Flower as a window."""

import json
import os
import signal
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Self

import httpx

from coordinator.cli.calls import Calls
from coordinator.cli.children import Children
from coordinator.cli.client import Client
from coordinator.cli.endpoint import Endpoint
from coordinator.cli.errors import CliError
from coordinator.cli.files import write_private
from tasks import clock

STARTS_WITHIN = 60.0  # seconds
FLOWER_ANSWERS_WITHIN = 30.0  # seconds; nobody has to wait longer for a window
LOOK_EVERY = 0.1  # seconds
FLOWER = "flower"  # the one program that the others can do without
FIRST_HOST = {"environments": ["production"], "roles": ["web"]}  # until an inventory says otherwise


class House:
    """Starts programs and ends them, the coordinator last; one that ends by itself ends the others too, but Flower."""

    def __init__(self, state_dir: Path, bind: str, *, say: Callable[[str], None]) -> None:
        self._state_dir, self._bind, self._say = state_dir, bind, say
        self._children = Children(state_dir, say)
        self._flower: str | None = None  # where it is, while it runs
        self._asked_to_end = threading.Event()

    def __enter__(self) -> Self:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: self._asked_to_end.set())
        return self

    def __exit__(self, *_error: object) -> None:
        self._children.end_all()

    def start_coordinator(self) -> None:
        """Start it and wait until it answers. Raises CliError with the end of its log."""
        self._state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        settings = {"TIDEGATE_STATE_DIR": str(self._state_dir), "TIDEGATE_BIND": self._bind}
        self._children.start("coordinator", ["-m", "coordinator"], settings)
        self._until(self._answers, "coordinator")

    def start_worker(self, host: str, docker_host: str | None) -> None:
        """Let this machine join as `host`, once, and start its worker."""
        folder = self._state_dir / "worker"
        folder.mkdir(mode=0o700, exist_ok=True)
        join = folder / "join.json"
        if not (folder / "joined").exists():
            self._write_join_file(host, join)
        arguments = ["-m", "workers", "--state-dir", str(folder), "--join", str(join)]
        if docker_host:
            arguments += ["--docker-host", docker_host]
        self._children.start("worker", arguments, {})
        self._until(lambda: self._has_joined(host), "worker")
        (folder / "joined").touch()

    def start_flower(self, bind: str) -> None:
        """Begin to start it; `tell_how_to_go_on` waits until it answers."""
        self._flower = bind
        settings = {"TIDEGATE_STATE_DIR": str(self._state_dir)}
        self._children.start(FLOWER, ["-m", "coordinator.flower", "--bind", bind], settings)

    def tell_how_to_go_on(self) -> None:
        patience = clock.monotonic() + FLOWER_ANSWERS_WITHIN
        self._until(lambda: self._flower_answers() or clock.monotonic() > patience, FLOWER)
        self._say(
            f"Tidegate is up: {self._url} (Ctrl-C stops it; state and logs are in {self._state_dir}).\n"
            f"In another terminal: export TIDEGATE_URL={self._url} TIDEGATE_KEY_FILE={self._key_file}"
        )
        if self._flower is not None:
            password = (self._state_dir / "flower.password").absolute()
            self._say(
                f"Flower shows the hosts' tasks: http://{self._flower} (user tidegate, password in {password})."
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

    def _flower_answers(self) -> bool:
        """Our own one, or none is wanted any more; another program may have taken the address."""
        if self._flower is None:
            return True
        try:
            answer = httpx.get(f"http://{self._flower}/", timeout=2)
        except httpx.HTTPError:
            return False
        return "Tidegate" in answer.headers.get("WWW-Authenticate", "")

    def _until(self, condition: Callable[[], bool], name: str) -> None:
        end = clock.monotonic() + STARTS_WITHIN
        while not condition():
            self._check()
            if clock.monotonic() > end:
                raise CliError(
                    f"The {name} did not start within {STARTS_WITHIN:.0f} s.",
                    hint=self._children.last_words(name),
                )
            if self._asked_to_end.wait(LOOK_EVERY):
                raise CliError("Stopped before everything was up.")

    def _check(self) -> None:
        for name, code in self._children.ended().items():
            if name != FLOWER:
                raise CliError(
                    f"The {name} ended with exit code {code}.", hint=self._children.last_words(name)
                )
            self._flower = None
            self._say(
                f"Flower ended with exit code {code}; everything else goes on without it (--no-flower leaves it out,"
                f" --flower-bind names another address). {self._children.last_words(name)}"
            )
            self._children.forget(name)

    @property
    def _local_url(self) -> str:
        return f"http://{self._bind}"
