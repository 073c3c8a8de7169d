# mypy: disable-error-code="union-attr"
# celery-types calls the blueprint optional; it is built by the constructor.
"""Running a consumer inside a program of ours: in the main thread of a worker, or in a thread of the coordinator.

Not through the `celery` command, and not through Celery's own program class: no signal handlers, no logging set-up, no
banner; about 12 MB less memory. The caller owns the signals and calls `stop`.
"""

import threading
from collections.abc import Callable
from functools import partial
from typing import Any

from celery import Celery
from celery.worker import WorkController

from tasks.celery_app import NODE_PREFIX, ConsumerOptions, quiet_logs
from tasks.consumer import HardenedConsumer


def _nothing() -> None:
    """Be the default of a callback."""


class ConsumerProgram:
    """One consumer of one queue; `run` blocks until `stop`. One per process: Celery keeps its state in modules.

    `on_connected` is called in the consumer's thread at start and after each return of the broker: return quickly.
    `on_stopping` is called in that thread when stopping begins, before the wait for running handlers, which has no
    limit: set their cancel flags there.
    """

    def __init__(
        self,
        app: Celery,
        options: ConsumerOptions,
        *,
        on_connected: Callable[[], None] = _nothing,
        on_stopping: Callable[[], None] = _nothing,
    ) -> None:
        self.stopping = False
        self.ready = threading.Event()
        self._app = app
        self._options = options
        self._on_connected = on_connected
        self._on_stopping = on_stopping
        self._worker: _Worker | None = None

    def run(self) -> None:
        """Consume until `stop`; then let running handlers end, settle what is owed, and return."""
        quiet_logs()
        self._app.set_default()  # Celery looks tasks up through the default app in pool threads
        self._app.finalize()
        self._worker = _Worker(self, self._app, self._options)
        self._worker.start()

    def stop(self) -> None:
        """Ask `run` to end; returns at once. May be called from any thread and from a signal handler."""
        self.stopping = True  # a plain flag: taking a lock inside a signal handler could wait for ever
        waker = getattr(getattr(self._worker, "hub", None), "_waker", None)
        if waker is not None:
            waker.wake()  # else the loop would notice within a second

    def on_connected(self) -> None:
        self.ready.set()
        self._on_connected()

    def on_stopping(self) -> None:
        self._on_stopping()


class _Worker(WorkController):
    """Celery's bare worker with our consumer and a shutdown that leaves the process's sockets alone."""

    def __init__(self, program: ConsumerProgram, app: Celery, options: ConsumerOptions) -> None:
        self.program = program
        super().__init__(
            app,
            hostname=f"{NODE_PREFIX}{options.name}",
            pool_cls="threads",
            concurrency=options.slots,
            prefetch_multiplier=options.prefetch,
            queues=[options.queue],
            consumer_cls=partial(HardenedConsumer, program=program),
            task_events=options.events,
            without_gossip=True,  # its cost grows with the square of the workers
            without_mingle=True,  # a second at each start
            without_heartbeat=not options.events,
            heartbeat_interval=30 if options.events else None,
        )

    def _shutdown(self, warm: Any = True) -> None:  # noqa: ANN401, FBT002 - Celery's signature
        """Stop as stock does, but without a default timeout on every new socket of the process.

        The broker's sockets have timeouts of their own, and running steps still open sockets to the engine.
        """
        self.program.on_stopping()
        self.blueprint.stop(self, terminate=not warm)
        self.blueprint.join()
