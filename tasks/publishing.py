# mypy: disable-error-code="attr-defined"
# celery-types lacks what kombu 5.7 added: batches and their error.
"""Sending orders and reports. Never from inside a database transaction: sending takes as long as the broker likes."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol

from celery import Celery
from kombu.exceptions import BatchPublishError, KombuError
from redis.exceptions import RedisError

from tasks import clock
from tasks.celery_app import address
from tasks.envelope import SignedArgs

BATCH = 200  # messages per round trip: 5,500 to 6,400 a second instead of 1,500 to 2,000
PING_TIMEOUT = 3.0
_AWAY = (KombuError, RedisError, BatchPublishError, OSError)


class BrokerUnavailable(ConnectionError):  # noqa: N818 - the name that callers read in their except clauses
    """The broker does not answer: nothing is known to be sent. Send again later under the same ids."""


@dataclass(frozen=True)
class Outgoing:
    """One message: `summary` is all that people see of its arguments, such as `shop 1.1.0 · web · web-1`.

    `task_id` is the attempt's id for orders; `shadow` is shown in place of the Celery name.
    """

    queue: str
    name: str
    args: SignedArgs
    task_id: str
    summary: str
    shadow: str | None = None


class Sender(Protocol):
    """The port through which orders and reports leave a program."""

    def send(
        self,
        queue: str,
        name: str,
        args: SignedArgs,
        *,
        task_id: str,
        summary: str,
        shadow: str | None = None,
    ) -> None:
        """Send one message; raises BrokerUnavailable."""

    def send_all(self, messages: Iterable[Outgoing]) -> None:
        """Send many at once; raises BrokerUnavailable, and then any part of them may have been sent."""

    def ping(self) -> float:
        """Return the seconds that the broker took to answer; raises BrokerUnavailable within about 3 s."""


class Publisher:
    """Sends through the app's pool of connections; may be shared by threads."""

    def __init__(self, app: Celery) -> None:
        self._app = app

    def send(
        self,
        queue: str,
        name: str,
        args: SignedArgs,
        *,
        task_id: str,
        summary: str,
        shadow: str | None = None,
    ) -> None:
        """Send one message, trying twice; raises BrokerUnavailable: at once, or within socket timeouts."""
        message = Outgoing(queue, name, args, task_id, summary, shadow)
        try:
            self._send(message)
        except _AWAY as error:
            raise self._unavailable(error) from error

    def send_all(self, messages: Iterable[Outgoing]) -> None:
        """Send many in few round trips; raises BrokerUnavailable, and then any part of them may have been sent."""
        try:
            with self._app.producer_pool.acquire(block=True) as producer, producer.batch(max_size=BATCH):
                for message in messages:
                    self._send(message, producer=producer, retry=False)
        except _AWAY as error:
            raise self._unavailable(error) from error

    def ping(self) -> float:
        """Return the seconds that a fresh connection and its first answer took; raises BrokerUnavailable."""
        began = clock.monotonic()
        limits = {"socket_timeout": PING_TIMEOUT, "socket_connect_timeout": PING_TIMEOUT}
        try:
            with self._app.connection_for_write(transport_options=limits) as connection:
                connection.ensure_connection(max_retries=0)
        except _AWAY as error:
            raise self._unavailable(error) from error
        return clock.monotonic() - began

    def close(self) -> None:
        """Close the pooled connections."""
        self._app.pool.force_close_all()

    def _send(self, message: Outgoing, **options: Any) -> None:  # noqa: ANN401 - handed through to Celery
        self._app.send_task(
            message.name,
            args=message.args,
            task_id=message.task_id,
            queue=message.queue,
            declare=[],  # the default exchange needs no declaration, and a thousand queues none either
            argsrepr=message.summary or "-",  # else Celery would show the arguments themselves
            kwargsrepr="{}",
            shadow=message.shadow,
            ignore_result=True,
            add_to_parent=False,
            **options,
        )

    def _unavailable(self, error: Exception) -> BrokerUnavailable:
        cause = type(error.__cause__ or error).__name__
        return BrokerUnavailable(
            f"no answer from the broker at {address(self._app)} ({cause}); send it again later"
        )
