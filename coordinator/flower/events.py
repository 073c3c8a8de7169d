# mypy: disable-error-code="misc, import-untyped"
# Flower publishes no types, so its classes are Any to us.
"""What Flower hears: the events of the hosts' workers, and nothing that it would have to ask for."""

import contextlib
import logging
import threading
from collections.abc import Callable
from typing import Any

from celery import Celery
from celery.events import EventReceiver
from flower.events import Events

from tasks.celery_app import NODE_PREFIX

QUIET_FOR = 120.0  # seconds; each worker's heart beats every 30, so the connection may be dead: connect anew
TRY_EVERY = 2.0  # seconds; stock doubles its pause without limit
HIDDEN = ("traceback", "kwargs")  # a page for operators, not for lines of our code

log = logging.getLogger(__name__)


class _Receiver(EventReceiver):
    """Asks nobody for a sign of life when it begins: that would be remote control."""

    def on_consume_ready(self, *_: object, **_options: object) -> None:
        log.info("listening to the workers")


class HostEvents(Events):
    """Listens on a connection of its own, and comes back soon after each loss of the broker."""

    def __init__(self, app: Celery, **options: Any) -> None:  # noqa: ANN401 - handed through to Flower
        super().__init__(app, enable_events=False, **options)
        self._pause = threading.Event()  # never set: the thread ends with the process

    def run(self) -> None:
        away = False
        while True:
            try:
                with self.capp.connection_for_read() as connection:
                    connection.connect()
                    away = False
                    self._listen(connection)
            except Exception as error:  # noqa: BLE001 - a window that stops looking is of no use, whatever happened
                if not away:
                    log.warning("the broker is away (%s); trying until it is back", type(error).__name__)
                away = True
                self._pause.wait(TRY_EVERY)

    def _listen(self, connection: Any) -> None:  # noqa: ANN401 - kombu has no types
        receiver = _Receiver(connection, handlers={"*": self.on_event}, app=self.capp)
        with contextlib.suppress(TimeoutError):
            receiver.capture(limit=None, timeout=QUIET_FOR, wakeup=False)

    def on_event(self, event: object) -> None:
        """Take in what a host's worker says, under the host's name."""
        shown = presentable(event)
        if shown is not None:
            self._in_loop(lambda: self.state.event(shown))

    def _in_loop(self, call: Callable[[], None]) -> None:
        def safely() -> None:
            try:
                call()
            except Exception as error:  # noqa: BLE001 - whoever reaches the broker can publish anything
                log.warning("dropped an event (%s)", type(error).__name__)

        self.io_loop.add_callback(safely)


def presentable(event: object) -> dict[str, Any] | None:
    """Return the event with the host's name for the worker's and without what nobody should see; None: not ours."""
    if not isinstance(event, dict):
        return None
    worker, kind = event.get("hostname"), event.get("type")
    if not isinstance(worker, str) or not worker.startswith(NODE_PREFIX) or not isinstance(kind, str):
        return None
    if kind.startswith("task-") and not isinstance(event.get("uuid"), str):
        return None
    kept = {name: value for name, value in event.items() if name not in HIDDEN}
    return kept | {"hostname": worker.removeprefix(NODE_PREFIX)}
