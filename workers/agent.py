"""The composition root of the worker: builds its parts, joins, recovers, consumes, and ends in good order."""

import logging
import signal
import threading
from collections.abc import Callable
from dataclasses import replace

from config.settings import WorkerSettings
from tasks.catalog import kinds, task_name
from tasks.celery_app import Delivery, Handle, host_worker_options, make_app, register
from tasks.control_list import RedisControlReceiver
from tasks.envelope import SignedArgs
from tasks.publishing import Publisher
from tasks.reports import Finished
from tasks.running import ConsumerProgram
from tasks.shown import show_end
from workers.beat import Beat
from workers.control import Control
from workers.docker.engine import DockerEngine
from workers.docker.port import Engine
from workers.errors import WorkerError
from workers.executor import Executor, TrustedCoordinator, shown
from workers.identity import identity, open_state, remember, remembered
from workers.joining import join
from workers.journal import Entry, Journal
from workers.recovery import recover
from workers.reporter import Post, Reporter
from workers.runner import Runner, Site

RECOVERY_LEAVES_WITHIN = 30.0  # seconds that recovering attempts get to notice a stop

log = logging.getLogger("tidegate.worker")


def run(
    settings: WorkerSettings, *, events: bool = False, connect: Callable[[str], Engine] = DockerEngine
) -> int:
    """Run the worker in the main thread until SIGTERM or SIGINT; returns the exit code. `events`: for Flower.

    Stopping takes no new orders and leaves running steps where they are: the next start finishes or undoes them.
    Raises CannotStart, JoinFileError and InvalidKeyError.
    """
    state = open_state(settings.state_dir)
    try:
        return _Agent(settings, connect(settings.docker_host), events=events).run()
    finally:
        state.close()


class _Agent:
    """The parts of one running worker."""

    def __init__(self, settings: WorkerSettings, engine: Engine, *, events: bool) -> None:
        self._folder = settings.state_dir
        self._identity = identity(self._folder)
        self._file, self._joined = remembered(self._folder, settings.join)
        host, coordinator = self._file.host, TrustedCoordinator(self._file.coordinator)
        consumer = replace(host_worker_options(host, events=events), slots=settings.slots)
        self._app = make_app(f"worker.{host}", self._file.broker_url, consumer)
        self._publisher = Publisher(self._app)
        self._post = Post(host, self._identity.keys, self._publisher)
        self._journal = Journal(self._folder / "journal.sqlite")
        self._reporter = Reporter(self._journal, self._post, settings.resend_every.total_seconds())
        site = Site(
            host=host,
            keys=self._identity.keys,
            fingerprint_key=self._identity.fingerprint_key,
            state_dir=self._folder,
            instance_prefix=settings.instance_prefix,
            engine=engine,
        )
        self._runner = Runner(site, self._journal, self._reporter)
        self._executor = Executor(
            host=host,
            coordinator=coordinator,
            journal=self._journal,
            reporter=self._reporter,
            post=self._post,
            runner=self._runner,
        )
        self._control = Control(
            host=host,
            coordinator=coordinator,
            receiver=RedisControlReceiver(self._file.broker_url, host),
            journal=self._journal,
            reporter=self._reporter,
            runner=self._runner,
        )
        self._beat = Beat(
            self._post,
            self._journal,
            engine,
            lambda: self._runner.running,
            lease_every=settings.renew_every.total_seconds(),
        )
        self._program = ConsumerProgram(
            self._app, consumer, on_connected=self._beat.greet, on_stopping=self._runner.stop
        )
        self._events = events
        self._stop = threading.Event()

    def run(self) -> int:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._stop_soon())
        for kind in kinds().values():
            if kind.runs_on == "host":
                register(self._app, task_name(kind.name), self._receiver(kind.name), expected=(WorkerError,))
        self._control.start()
        try:
            if self._joined or self._join():
                self._serve()
        finally:
            self._close()
        return 0

    def _receiver(self, kind: str) -> Handle:
        def receive(delivery: Delivery, args: SignedArgs) -> None:
            self._executor.receive(kind, delivery, args)

        return receive

    def _join(self) -> bool:
        welcomed = join(self._file, self._identity.keys, self._post, self._control.welcomed, self._stop)
        if welcomed:
            remember(self._folder, self._file)
            log.info("%s has joined", self._file.host)
        return welcomed

    def _serve(self) -> None:
        self._reporter.start()
        telling = {"ended": self._show} if self._events else {}
        recovering = recover(self._journal, self._runner, **telling)
        self._beat.start()
        if not self._stop.is_set():
            log.info("%s takes orders", self._file.host)
            self._program.run()
        self._runner.stop()
        for thread in recovering:
            thread.join(RECOVERY_LEAVES_WITHIN)
        self._reporter.stop()

    def _show(self, entry: Entry, finished: Finished) -> None:
        host, order = self._file.host, entry.order
        show_end(
            self._app,
            host,
            entry.attempt,
            name=task_name(entry.kind),
            summary=f"{entry.project} {order['release']} · {order['step']} · {host}",
            runtime=finished.duration,
            error=shown(finished),
        )

    def _stop_soon(self) -> None:
        """Runs in a signal handler: sets flags only."""
        self._stop.set()
        self._program.stop()

    def _close(self) -> None:
        self._beat.stop()
        self._control.stop()
        self._publisher.close()
        self._journal.close()
