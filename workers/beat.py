"""Signs of life: leases of running attempts every ten seconds, a hello at start and after each loss of the broker."""

import logging
import threading
from collections.abc import Callable
from importlib.metadata import version

from pydantic import JsonValue

from tasks import clock
from tasks.publishing import BrokerUnavailable
from tasks.reports import Hello, Lease
from workers.docker.port import Engine
from workers.journal import Journal
from workers.reporter import Post

LEASE_EVERY = 10.0  # seconds; the coordinator's lease lasts 45
IDLE_EVERY = 60.0  # seconds between two empty leases of an idle host: only to be seen
FORGET_EVERY = 3600.0
KEPT_FOR = 7 * 86400.0  # seconds that confirmed attempts stay in the journal, to answer repeated orders

log = logging.getLogger("tidegate.worker")


class Beat:
    """Tells the coordinator that this worker lives and what it runs."""

    def __init__(
        self,
        post: Post,
        journal: Journal,
        engine: Engine,
        running: Callable[[], tuple[str, ...]],
        *,
        lease_every: float = LEASE_EVERY,
    ) -> None:
        self._lease_every = lease_every
        self._post = post
        self._journal = journal
        self._engine = engine
        self._running = running
        self._incarnation = clock.new_id("inc")
        self._greet = threading.Event()
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=target, name=name, daemon=True)
            for name, target in (("lease", self._renew), ("hello", self._say_hello))
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._greet.set()

    def greet(self) -> None:
        """Say hello soon; returns at once."""
        self._greet.set()

    def hello(self) -> Hello:
        """Return what this worker says of itself now; asks the engine, which may take long when it hangs."""
        facts = self._engine.facts()
        engine: dict[str, JsonValue] = {"up": facts.up, "version": facts.version, **facts.details}
        if not facts.up:
            engine["error"] = facts.error
        return Hello(
            incarnation=self._incarnation,
            version=version("tidegate"),
            clock=clock.now().timestamp(),
            engine=engine,
            running=self._running(),
            unconfirmed=self._journal.unconfirmed_attempts(),
        )

    def _say_hello(self) -> None:
        while True:
            self._greet.wait()
            if self._stop.is_set():
                return
            self._greet.clear()
            try:
                self._post.send("hello", self.hello())
            except Exception as error:  # noqa: BLE001 - the broker or the disk: a hello is said until it is out
                log.warning("no hello yet: %s", error)
                self._stop.wait(self._lease_every / 2)
                self._greet.set()

    def _renew(self) -> None:
        last_sent = last_forgot = 0.0
        while not self._stop.wait(self._lease_every):
            now = clock.monotonic()
            try:
                if (running := self._running()) or now - last_sent >= IDLE_EVERY:
                    last_sent = now
                    self._post.send("lease", Lease(attempts=running))
                if now - last_forgot >= FORGET_EVERY:
                    last_forgot = now
                    self._journal.forget(clock.now().timestamp() - KEPT_FOR)
            except BrokerUnavailable as error:
                log.warning("%s", error)  # the clock of leases stands still at the coordinator too
            except Exception:  # a full disk, most likely: without leases all that runs would count as lost
                log.exception("a lease or the journal's clean-up failed and is tried again")
