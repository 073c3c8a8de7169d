# mypy: disable-error-code="attr-defined, union-attr, arg-type, assignment, misc, no-any-return, unreachable"
# celery-types describes the public surface of an older kombu; this module overrides the inside of the pinned one.
"""kombu's Redis transport, hardened: a broker that goes and comes, or a message made to hurt, ends no consumer.

Pinned to the minor versions below, because it overrides parts that kombu does not promise to keep; the contract tests
in tests/integration/transport hold it. What is different from stock:

- Taking is atomic: BLMOVE to the list `taken.<queue>`, where a message stays until it is acknowledged. Stock pops it
  and records it afterwards; a broker that is shut down between the two loses it (measured: about one message in
  six restarts under load). One list also takes the place of two keys, a mutex and its scripts.
- A message that is not of our narrow shape is dropped where it is read, with a log line that shows no body.
- An acknowledgement that fails while Redis is away frees its prefetch slot all the same and is made up for later. In
  stock it is lost together with the slot, until the consumer waits for ever.
- What this process has in hand is never given back to the queue behind its own back.
- Closing survives a Redis that is away.
"""

import contextlib
import logging
from collections.abc import Iterable, Mapping
from importlib.metadata import version
from queue import Empty
from typing import Any, ClassVar

from kombu.exceptions import OperationalError
from kombu.transport import redis, virtual
from redis.exceptions import RedisError

from tasks import clock, wire

PINNED: Mapping[str, str] = {"celery": "5.7.", "kombu": "5.7."}
BROKER_AWAY = (RedisError, OSError, OperationalError, KeyError, AttributeError)
# KeyError and AttributeError: what kombu itself raises on the remains of a closed channel

log = logging.getLogger("tidegate.transport")


class UnsupportedVersionError(RuntimeError):
    """Another Celery or kombu is installed than the one that the hardening was tested with; install the pinned one."""


def check_pins() -> None:
    """Refuse to start on versions whose insides the hardening does not know; raises UnsupportedVersionError."""
    for package, expected in PINNED.items():
        found = version(package)
        if not found.startswith(expected):
            raise UnsupportedVersionError(
                f"{package} {found} is installed; expected {expected}x: install that version"
            )


def taken_key(queue: str) -> str:
    """Return the list that holds what was taken from `queue` and is not acknowledged."""
    return f"taken.{queue}"


class InHand:
    """What this process took from the broker, across all of its connections; one per consumer.

    `held` (by delivery tag) is being worked on; `owed` is done, but the broker does not know it yet. `strange` is what
    lies in the taken list without being ours, with the time when it was first seen there (monotonic seconds).
    """

    def __init__(self) -> None:
        self.held: dict[str, bytes] = {}
        self.owed: set[bytes] = set()
        self.strange: dict[bytes, float] = {}

    def overdue(self, taken: Iterable[bytes], now: float, visibility: float) -> list[bytes]:
        """Return what nobody has acknowledged for longer than `visibility` seconds, of what lies in the taken list."""
        ours = self.owed.union(self.held.values())
        self.strange = {item: self.strange.get(item, now) for item in taken if item not in ours}
        return [item for item, since in self.strange.items() if now - since >= visibility]


class HardenedQoS(virtual.QoS):
    """Acknowledgements that outlive a broker that is away. Used by the consumer's thread only, as the stock one."""

    restore_at_shutdown = True

    @property
    def in_hand(self) -> InHand:
        return self.channel.in_hand

    def append(self, message: Any, delivery_tag: str) -> None:  # noqa: ANN401 - kombu is untyped inside
        self.in_hand.held[delivery_tag] = message._raw["item"]  # noqa: SLF001 - put there by HardenedChannel
        super().append(message, delivery_tag)

    def ack(self, delivery_tag: str) -> None:
        super().ack(delivery_tag)  # first: the prefetch slot is free, whatever Redis says
        item = self.in_hand.held.pop(delivery_tag, None)
        if item is not None:
            self.settle([item])

    def reject(self, delivery_tag: str, requeue: bool = False) -> None:  # noqa: FBT001, FBT002 - kombu's signature
        if not requeue:
            self.ack(delivery_tag)
            return
        super().ack(delivery_tag)
        item = self.in_hand.held.pop(delivery_tag, None)
        if item is not None:
            with contextlib.suppress(*BROKER_AWAY):  # it stays in the taken list, and the sweep gives it back
                self.channel.give_back([item])

    def settle(self, items: Iterable[bytes] = ()) -> None:
        """Take these items, and what else is owed, off the taken list; what fails stays owed."""
        self.in_hand.owed.update(items)
        if not self.in_hand.owed or self.channel.closed:
            return
        settled = tuple(self.in_hand.owed)
        try:
            with self.channel.conn_or_acquire() as client, client.pipeline() as pipe:
                for item in settled:
                    pipe.lrem(self.channel.taken, 1, item)
                pipe.execute()
        except BROKER_AWAY as error:
            log.info(
                "%d acknowledgements wait until the broker is back (%s)", len(settled), type(error).__name__
            )
        else:
            self.in_hand.owed.difference_update(settled)

    def restore_visible(self, *_args: object, **_options: object) -> None:
        """Give back what a dead consumer of the same queue had taken, `visibility_timeout` after it was first seen."""
        with self.channel.conn_or_acquire() as client:
            taken = client.lrange(self.channel.taken, 0, -1)
        self.channel.give_back(
            self.in_hand.overdue(taken, clock.monotonic(), self.channel.visibility_timeout)
        )

    def restore_unacked(self) -> None:
        """Give back what was not begun, at the last close; when the broker is away, the next sweep does."""
        self._flush()
        items = [
            item for tag in list(self._delivered) if (item := self.in_hand.held.pop(tag, None)) is not None
        ]
        self._delivered.clear()
        try:
            self.channel.give_back(items)
        except BROKER_AWAY as error:
            log.info("%d messages not begun stay with the broker (%s)", len(items), type(error).__name__)


class HardenedChannel(redis.Channel):
    """Takes atomically, reads only what wire.read lets pass, and closes without complaint."""

    QoS = HardenedQoS
    taken_from: str | None = None
    from_transport_options: ClassVar[tuple[str, ...]] = (*redis.Channel.from_transport_options, "taken_from")

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - kombu is untyped inside
        self.in_hand = InHand()
        self.heard_at = clock.monotonic()
        super().__init__(*args, **kwargs)

    @property
    def taken(self) -> str:
        return taken_key(self.taken_from or "")

    def give_back(self, items: Iterable[bytes]) -> None:
        """Move items from the taken list to the end of the queue where the next are taken; each wholly or not at all.

        What another queue's name or anything else unfit was smuggled in is dropped when it is read again.
        """
        with self.conn_or_acquire() as client:
            for item in items:
                with client.pipeline(transaction=True) as pipe:
                    pipe.lrem(self.taken, 1, item)
                    pipe.rpush(self.taken_from, item)
                    pipe.execute()

    def _brpop_start(self, timeout: float | None = None) -> None:
        """Ask for the next message; as stock, but with BLMOVE. One queue per consumer."""
        if self.taken_from not in self.active_queues:
            return
        self._in_poll = self.client.connection
        self._brpop_sent_at = clock.monotonic()
        wait = self.brpop_timeout if timeout is None else timeout
        self._in_poll.send_command("BLMOVE", self.taken_from, self.taken, "RIGHT", "LEFT", wait)

    def _brpop_read(self, **options: Any) -> bool:  # noqa: ANN401 - kombu is untyped inside
        """Read the answer and deliver it; as stock, but for the check and the time of the last answer."""
        try:
            try:
                item = self.client.parse_response(self.client.connection, "BLMOVE", **options)
            except self.connection_errors:
                self.client.connection.disconnect()
                raise
            self.heard_at = clock.monotonic()
            if not item:
                raise Empty
            self._take(item)
            return True
        finally:
            self._in_poll = None
            self._flush_brpop_reauth()

    def _take(self, item: bytes) -> None:
        queue = self.taken_from or ""
        try:
            message = wire.read(item, queue)
        except wire.Unfit as reason:
            log.warning("dropped a message of %d bytes from queue %s: %s", len(item), queue, reason)
            self.qos.settle([item])
        else:
            self.connection._deliver(message | {"item": item}, queue)  # noqa: SLF001 - as the overridden method does

    def close(self) -> None:
        if self._in_poll:
            with contextlib.suppress(Empty, *BROKER_AWAY):
                self._brpop_read()
            self._in_poll = None
        with contextlib.suppress(*BROKER_AWAY):
            super().close()


class HardenedTransport(redis.Transport):
    """The transport of every Tidegate program on redis:// and rediss://."""

    Channel = HardenedChannel
