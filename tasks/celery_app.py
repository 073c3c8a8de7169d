"""The Celery app of every program, with the settings that were measured and their reasons.

Nothing here starts anything: `make_app` builds, `register` adds handlers, tasks.running runs a consumer.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from celery import Celery
from kombu import Exchange, Queue
from kombu.utils.url import maybe_sanitize_url

from tasks.envelope import SignedArgs
from tasks.queues import COORDINATOR, host_queue
from tasks.transport import check_pins

NODE_PREFIX = "tidegate@"  # before the host's name, in what Celery calls a worker
VISIBILITY = 60  # seconds until what a dead consumer had taken is given back


@dataclass(frozen=True)
class ConsumerOptions:
    """How one program consumes its queue.

    `slots` are threads at most; `prefetch` messages are taken ahead per slot, none at all when `take_ahead` is False.
    `late` acknowledges after the handler returned, so that a message is repeated rather than lost.
    """

    name: str
    queue: str
    slots: int
    prefetch: int = 1
    take_ahead: bool = False
    late: bool = False
    events: bool = False


@dataclass(frozen=True)
class Delivery:
    """What a handler may know about the message that it got."""

    id: str
    name: str
    queue: str


Handle = Callable[[Delivery, SignedArgs], None]


def host_worker_options(host: str, *, events: bool = False) -> ConsumerOptions:
    """Return how a host's worker consumes.

    Early acknowledgement and no prefetch: a step must not run again because its worker was slow to answer or died, so
    an order is at most once, and is sent again when it is not accepted. Threads, with more slots than are ever
    dispatched (the coordinator limits parallelism): when all are busy, the next start is 0.6 s late. They are made
    on demand.
    """
    return ConsumerOptions(name=host, queue=host_queue(host), slots=32, events=events)


def coordinator_worker_options(*, name: str = COORDINATOR, events: bool = False) -> ConsumerOptions:
    """Return how the coordinator consumes reports: small and stored idempotently, so repeated rather than lost."""
    return ConsumerOptions(
        name=name, queue=COORDINATOR, slots=4, prefetch=4, take_ahead=True, late=True, events=events
    )


def make_app(name: str, broker_url: str, consumer: ConsumerOptions | None = None) -> Celery:
    """Return the app of one program; without `consumer` it only sends. Connects to nothing yet.

    Raises UnsupportedVersionError when another Celery or kombu is installed than the hardening was tested with.
    """
    check_pins()
    app = Celery(name, broker=broker_url, set_as_current=False, fixups=[])
    app.conf.update(_settings())
    app.conf.broker_transport_options = _transport_options(consumer.queue if consumer else None)
    if broker_url.startswith(("redis://", "rediss://")):
        app.conf.broker_transport = "tasks.transport:HardenedTransport"
    if consumer:
        app.conf.update(_consumer_settings(consumer))
    return app


def register(app: Celery, name: str, function: Handle, *, expected: tuple[type[Exception], ...] = ()) -> None:
    """Let `function(delivery, args)` handle the messages of the Celery name `name`.

    What it raises ends in Flower as a failed task, in the log with its traceback unless it is `expected`, and is not
    tried again; celery.exceptions.Ignore shows neither success nor failure. Its texts must hold no secret.
    """

    def handle(task: Any, *args: str) -> None:  # noqa: ANN401 - Celery builds the task's class
        queue = task.request.delivery_info["routing_key"]
        function(Delivery(task.request.id, name, queue), list(args))

    app.task(
        name=name,
        bind=True,
        ignore_result=True,
        typing=False,
        throws=expected,
        Request="tasks.shown:ShownRequest",
    )(handle)


def _settings() -> dict[str, Any]:
    return {
        "task_serializer": "json",
        "accept_content": ["json"],  # no pickle: a pickle body runs code
        "event_serializer": "json",
        "result_backend": None,  # results come as our own reports; a backend would hold what Flower must not show
        "task_ignore_result": True,
        "task_acks_late": False,
        "task_store_errors_even_if_ignored": False,
        "task_default_delivery_mode": 2,
        "broker_connection_retry": True,
        "broker_connection_retry_on_startup": True,  # the broker may come up after us
        "broker_connection_max_retries": None,  # with 100, the stock worker exits after 46 minutes
        "broker_channel_error_retry": True,  # NOPERM, OOM or LOADING today may be right tomorrow
        "worker_enable_remote_control": False,  # fewer connections, simpler ACL; ctl.<host> is ours
        "worker_cancel_long_running_tasks_on_connection_loss": False,  # a step outlives the broker
        "worker_enable_prefetch_count_reduction": False,
        "worker_hijack_root_logger": False,
        "worker_redirect_stdouts": False,
        "task_publish_retry": True,
        # One more try for a stale pooled connection; the relay and the reporter try for longer, on their own terms.
        "task_publish_retry_policy": {"max_retries": 1, "interval_start": 0.1, "interval_max": 0.1},
    }


def _transport_options(queue: str | None) -> dict[str, Any]:
    return {
        "priority_steps": [0],  # one key per queue
        "taken_from": queue,  # own keys per queue: no host may see or give back what another took
        "visibility_timeout": VISIBILITY,
        "unacked_restore_interval": 5,  # with the throttle of 10 (default) a sweep comes only every 100 s
        "unacked_restore_throttle": 1,
        "socket_timeout": 10,  # without it, a publish to a broker that vanished hangs for ever
        "socket_connect_timeout": 3,
        "socket_keepalive": True,
        "health_check_interval": 10,
    }


def _consumer_settings(consumer: ConsumerOptions) -> dict[str, Any]:
    # Senders push straight to the queue's list, so no exchange is declared, and FLUSHALL takes no binding away.
    queue = Queue(
        consumer.queue, exchange=Exchange("", "direct"), routing_key=consumer.queue, no_declare=True
    )
    return {
        "task_queues": [queue],
        "task_default_queue": consumer.queue,
        "task_acks_late": consumer.late,
        "worker_disable_prefetch": not consumer.take_ahead,
        "worker_send_task_events": consumer.events,
    }


def quiet_logs() -> None:
    """Keep out of every log what Celery would say of each message: at debug its arguments, at info two lines more."""
    for name in (
        "celery.pool",
        "celery.worker.strategy",
        "celery.worker.consumer.connection",
        "celery.app.trace",
    ):
        logging.getLogger(name).setLevel(logging.WARNING)


def address(app: Celery) -> str:
    """Return the broker's URL for people, without its password."""
    return str(maybe_sanitize_url(app.conf.broker_url))
