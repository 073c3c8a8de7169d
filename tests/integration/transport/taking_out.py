"""Takes single hardenings out again, to show that the contract tests notice: TIDEGATE_TEST_WITHOUT=acks pytest ..."""

from celery.worker.consumer import Consumer
from kombu.transport import redis, virtual
from kombu.utils.encoding import bytes_to_str
from kombu.utils.json import loads

from tasks import clock, wire
from tasks.consumer import HardenedConsumer
from tasks.transport import HardenedChannel, HardenedQoS, InHand


def take_out(what, app):
    if what:
        PARTS[what](app)


def mute(program):
    """Break the consumer the way a stock one breaks: it believes that it waits for an answer, and asks no more."""
    channel = program._worker.consumer.connection.default_channel
    channel._brpop_start = lambda: None


def confuse(program):
    """Let the transport raise, once, what no list of connection errors foresees."""
    channel = program._worker.consumer.connection.default_channel

    def start(*_):
        raise ValueError("I/O operation on closed epoll object")

    channel._brpop_start = start


def _reading(_app):
    """Deliver what was read without judging it."""

    def take(self, item):
        self.connection._deliver(loads(bytes_to_str(item)) | {"item": item}, self.taken_from)

    HardenedChannel._take = take
    _reporting(_app)


def _judging(_app):
    """Read the shape of a message, but judge neither its fields nor its address."""
    for name in ("_check_address", "_check_headers", "_check_body"):
        setattr(wire, name, lambda *_: None)
    wire._headers = lambda found: found
    wire._properties = lambda found, *_: found


def _reporting(_app):
    """Log and survive what Celery itself logs and survives."""
    for name in (
        "on_decode_error",
        "on_unknown_message",
        "on_invalid_task",
        "on_unknown_task",
        "create_task_handler",
    ):
        setattr(HardenedConsumer, name, getattr(Consumer, name))


def _taking(_app):
    """Pop first and record afterwards, as stock does."""

    def start(self):
        self._in_poll = self.client.connection
        self._brpop_sent_at = clock.monotonic()
        self._in_poll.send_command("RPOP", self.taken_from)

    HardenedChannel._brpop_start = start


def _acks(_app):
    """Let an acknowledgement fail as stock does: the slot stays taken, and the error travels."""

    def ack(self, tag):
        with self.channel.conn_or_acquire() as client:
            client.lrem(self.channel.taken, 1, self.in_hand.held[tag])
        del self.in_hand.held[tag]
        virtual.QoS.ack(self, tag)

    HardenedQoS.ack = ack


def _owing(_app):
    """Forget an acknowledgement that failed."""
    settle = HardenedQoS.settle

    def once(self, items=()):
        settle(self, items)
        self.in_hand.owed.clear()

    HardenedQoS.settle = once


def _holding(_app):
    """Give back what this process still works on."""
    InHand.overdue = lambda _self, taken, *_: list(taken)


def _closing(_app):
    """Give everything back at each lost connection, as stock does."""
    HardenedChannel.close = redis.Channel.close
    HardenedConsumer.on_connection_error_after_connected = Consumer.on_connection_error_after_connected


def _reconnecting(_app):
    HardenedConsumer.ensure_connected = Consumer.ensure_connected


def _watching(_app):
    HardenedConsumer.watch = lambda _self: None


def _errors(_app):
    HardenedConsumer.connection_errors = property(
        lambda self: self.conninfo.connection_errors, lambda *_: None
    )


def _logs(_app):
    """Let Celery's debug lines through."""
    import tasks.running  # noqa: PLC0415 - only to take something out of it

    tasks.running.quiet_logs = lambda: None


def _transport(app):
    """Use kombu's own Redis transport."""
    app.conf.broker_transport = None


def _everything(app):
    """Stock Celery, but for the settings."""
    _transport(app)
    _reporting(app)
    _closing(app)
    _reconnecting(app)
    _errors(app)
    HardenedConsumer.watch = lambda _self: None


PARTS = {
    "reading": _reading,
    "reporting": _reporting,
    "judging": _judging,
    "taking": _taking,
    "acks": _acks,
    "owing": _owing,
    "holding": _holding,
    "closing": _closing,
    "reconnecting": _reconnecting,
    "watching": _watching,
    "errors": _errors,
    "logs": _logs,
    "transport": _transport,
    "everything": _everything,
}
