# mypy: disable-error-code="attr-defined, union-attr, arg-type"
# celery-types describes the public surface of an older Celery; this module overrides the inside of the pinned one.
"""Celery's consumer, hardened: it comes back from every loss of the broker, within seconds, and says no body.

Beyond the transport (see tasks.transport): any error of the broker's side means reconnect, never exit; reconnecting is
tried at most every five seconds; a silent connection is noticed by a watchdog; stopping needs no process-wide flag, so
that a consumer may live in a thread of the coordinator.
"""

import logging
import time
from collections.abc import Callable
from typing import Any, Protocol

from celery.exceptions import WorkerShutdown
from celery.utils.threads import bound_open_broker_sockets
from celery.worker.consumer import Consumer
from celery.worker.loops import asynloop
from kombu.common import ignore_errors
from kombu.exceptions import KombuError
from redis.exceptions import RedisError
from vine import promise

from tasks import clock
from tasks.celery_app import address
from tasks.transport import HardenedChannel, InHand

RECONNECT_EVERY = 5.0  # seconds at most between two tries; stock waits up to 30
WATCH_EVERY = 5.0
SILENT_AFTER = 20.0  # seconds without an answer to BRPOP, which Redis gives every second
CLOSING_TIMEOUT = 3.0  # seconds that closing a broken connection may take
SHORT_LIFE = 2.0  # seconds; a connection that lasts less is followed by a pause
PAUSE = 1.0
LOGGED_EVERY = 12  # tries: about a minute

log = logging.getLogger("tidegate.transport")


class Program(Protocol):
    """What the consumer asks of the program around it."""

    stopping: bool

    def on_connected(self) -> None:
        """Be told that messages are consumed from now on: at start, and after each return of the broker."""


class HardenedConsumer(Consumer):
    """A consumer that ends only when its program says so."""

    def __init__(self, *args: Any, program: Program, **kwargs: Any) -> None:  # noqa: ANN401 - Celery has no types
        self.program = program
        self.in_hand = InHand()
        self.ready_at = clock.monotonic()
        super().__init__(*args, **kwargs)
        # What kombu and redis-py raise on half-closed connections is open-ended (ValueError of a closed poll object,
        # AttributeError of a closed channel, ...): all of it means reconnect.
        self.connection_errors = (Exception,)

    def loop(self, _consumer: object, *rest: Any) -> None:  # noqa: ANN401 - Celery's signature
        """Run the event loop until the connection breaks or the program stops."""
        self.hub.on_tick.add(self.leave_when_asked)
        self.ready_at = clock.monotonic()
        self.hub.call_repeatedly(WATCH_EVERY, self.watch)  # cancelled with the connection's other timers
        asynloop(self, *rest)

    def on_ready(self) -> None:
        super().on_ready()
        log.info("consuming from %s as %s", address(self.app), self.hostname)
        self.program.on_connected()

    def leave_when_asked(self) -> None:
        """Unwind to the worker, which shuts down warmly; raises WorkerShutdown."""
        if self.program.stopping:
            raise WorkerShutdown(0)

    def connect(self) -> Any:  # noqa: ANN401 - a kombu connection
        """Connect, and settle what is owed before the sweep could give it back."""
        self.hub.on_tick.clear()  # kombu adds one per connection and never takes it away
        connection = self.connection_for_read(heartbeat=self.amqheartbeat)
        channel = connection.default_channel
        if isinstance(channel, HardenedChannel):
            channel.in_hand = self.in_hand
            channel.qos.settle()
        connection.transport.register_with_event_loop(connection.connection, self.hub)
        return connection

    def ensure_connected(self, conn: Any) -> Any:  # noqa: ANN401 - a kombu connection
        tries = 0

        def failed(error: Exception, _interval: float) -> None:
            nonlocal tries
            if tries % LOGGED_EVERY == 0:
                log.error(
                    "no broker at %s (%s); trying until it is back", address(self.app), type(error).__name__
                )
            tries += 1

        connected = conn.ensure_connection(
            failed,
            max_retries=None,
            interval_start=1,
            interval_step=1,
            interval_max=RECONNECT_EVERY,
            callback=self.leave_when_asked,
        )
        self.first_connection_attempt = False
        return connected

    def watch(self) -> None:
        """Make up for acknowledgements, and break a connection that is silent though it should not be."""
        channel = self.connection.default_channel
        if not isinstance(channel, HardenedChannel):
            return
        channel.qos.settle()
        now = clock.monotonic()
        if not channel.qos.can_consume():
            self.ready_at = now
        silent = now - max(self.ready_at, channel.heard_at)
        if silent > SILENT_AFTER:
            log.error("the broker has not answered for %.0f s; connecting anew", silent)
            raise ConnectionError("the broker is silent")

    def on_connection_error_before_connected(self, exc: BaseException) -> None:
        log.error("the consumer could not start (%s); it starts over", type(exc).__name__)

    def on_connection_error_after_connected(self, exc: BaseException) -> None:
        """Let go of a broken connection; what it delivered stays in hand and is finished."""
        log.warning("the broker is lost (%s); connecting anew", type(exc).__name__, exc_info=_unexpected(exc))
        connection, self.connection = self.connection, None
        bound_open_broker_sockets(connection, CLOSING_TIMEOUT)
        for channel in connection.transport.channels:
            channel.qos.restore_at_shutdown = False
        ignore_errors(self, connection.collect, CLOSING_TIMEOUT)
        ignore_errors(self, connection.close)
        if (
            clock.monotonic() - self.ready_at < SHORT_LIFE
        ):  # such as a queue's key of another type: no busy loop
            time.sleep(PAUSE)

    def create_task_handler(self, promise: Any = promise) -> Callable[[Any], None]:  # noqa: ANN401 - Celery's signature
        stock = super().create_task_handler(promise)

        def on_task_received(message: Any) -> None:  # noqa: ANN401 - kombu has no types
            try:
                stock(message)
            except Exception as error:  # noqa: BLE001 - no message may end the consumer
                self.drop(message, type(error).__name__)

        return on_task_received

    def drop(self, message: Any, reason: str) -> None:  # noqa: ANN401 - kombu has no types
        """Take a message off the queue for good, with a log line that has no body."""
        log.warning("dropped a message from queue %s: %s", message.delivery_info.get("routing_key"), reason)
        message.ack_log_error(log, self.connection_errors)

    def on_decode_error(self, message: Any, exc: Exception) -> None:  # noqa: ANN401 - kombu has no types
        self.drop(message, type(exc).__name__)

    def on_unknown_message(self, _body: object, message: Any) -> None:  # noqa: ANN401 - kombu has no types
        self.drop(message, "it is no task message")

    def on_unknown_task(self, _body: object, message: Any, _exc: Exception) -> None:  # noqa: ANN401 - kombu has no types
        self.drop(message, f"no handler is registered for {message.headers['task']}")

    def on_invalid_task(self, _body: object, message: Any, exc: Exception) -> None:  # noqa: ANN401 - kombu has no types
        self.drop(message, type(exc).__name__)


def _unexpected(exc: BaseException) -> BaseException | None:
    """Return errors that a lost connection does not explain, so that their traceback is logged."""
    return None if isinstance(exc, OSError | RedisError | KombuError) else exc
