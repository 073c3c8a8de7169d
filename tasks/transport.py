# mypy: disable-error-code="attr-defined, union-attr, no-any-return, unreachable"
# celery-types describes the public surface of an older kombu; this module overrides the inside of the pinned one.
"""kombu's Redis transport, hardened: a broker that goes and comes, or a message made to hurt, ends no consumer.

Pinned to the minor versions below, because it overrides parts that kombu does not promise to keep; the contract tests
in tests/integration/transport hold it. What is different from stock:

- a message that is not of our narrow shape is dropped where it is read, with a log line that shows no body;
- an acknowledgement that fails while Redis is away is remembered and made up for later, instead of being lost
  together with its prefetch slot (which is how a stock consumer gets stuck);
- what this process has in hand is never given back to the queue behind its own back;
- giving back at close survives a Redis that is away: the unacked record stays, and the sweep restores it later;
- restoring needs no mutex (each host has its own keys), so a host's broker user needs no scripts.
"""

import contextlib
import logging
from collections.abc import Iterable
from importlib.metadata import version
from queue import Empty
from typing import Any

from kombu.exceptions import OperationalError
from kombu.transport import redis, virtual
from kombu.utils.encoding import bytes_to_str
from kombu.utils.json import dumps
from redis.exceptions import RedisError

from tasks import clock, wire

PINNED = {"celery": "5.7.", "kombu": "5.7."}
BROKER_AWAY = (RedisError, OSError, OperationalError, KeyError, AttributeError)
# KeyError and AttributeError: what kombu itself raises on the remains of a closed channel
SWEPT_AT_ONCE = 100

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


class InHand:
    """The delivery tags that this process took from the broker, across all of its connections.

    `held` are being worked on; `owed` are done, but the broker does not know it yet. One per consumer.
    """

    def __init__(self) -> None:
        self.held: set[str] = set()
        self.owed: set[str] = set()

    def __contains__(self, tag: str) -> bool:
        return tag in self.held or tag in self.owed


class HardenedQoS(redis.QoS):
    """Acknowledgements that outlive a broker that is away. Used by the consumer's thread only, as the stock one."""

    @property
    def in_hand(self) -> InHand:
        return self.channel.in_hand

    def append(self, message: Any, delivery_tag: str) -> None:  # noqa: ANN401 - kombu is untyped inside
        """Record a message as unacked; when Redis just went away, work on it all the same: it is popped already."""
        self.in_hand.held.add(delivery_tag)
        try:
            super().append(message, delivery_tag)
        except BROKER_AWAY as error:
            log.warning("a message is not recorded as unacked (%s); it is worked on", type(error).__name__)
            virtual.QoS.append(self, message, delivery_tag)

    def ack(self, delivery_tag: str) -> None:
        virtual.QoS.ack(self, delivery_tag)  # first: the prefetch slot is free, whatever Redis says
        self.in_hand.owed.add(delivery_tag)
        self.in_hand.held.discard(delivery_tag)
        self.settle([delivery_tag])

    def reject(self, delivery_tag: str, requeue: bool = False) -> None:  # noqa: FBT001, FBT002 - kombu's signature
        if not requeue:
            self.ack(delivery_tag)
            return
        self.in_hand.held.discard(delivery_tag)
        virtual.QoS.ack(self, delivery_tag)
        with contextlib.suppress(*BROKER_AWAY):  # the unacked record stays, and the sweep restores it
            self.restore_by_tag(delivery_tag, leftmost=True)

    def settle(self, tags: Iterable[str]) -> None:
        """Remove unacked records from Redis; what fails stays owed."""
        tags = list(tags)
        if not tags or self.channel.closed:
            return
        try:
            with self.channel.conn_or_acquire() as client, client.pipeline() as pipe:
                pipe.zrem(self.unacked_index_key, *tags).hdel(self.unacked_key, *tags).execute()
        except BROKER_AWAY as error:
            log.info(
                "%d acknowledgements wait until the broker is back (%s)", len(tags), type(error).__name__
            )
        else:
            self.in_hand.owed.difference_update(tags)

    def restore_visible(self, start: int = 0, num: int | None = None, interval: int = 1) -> None:  # noqa: ARG002 - kombu's signature
        """Give back what a dead consumer of the same queue had taken longer than `visibility_timeout` ago."""
        limit = clock.now().timestamp() - self.visibility_timeout
        with self.channel.conn_or_acquire() as client:
            overdue = client.zrange(
                self.unacked_index_key, 0, limit, byscore=True, offset=0, num=SWEPT_AT_ONCE
            )
            for tag in map(bytes_to_str, overdue):
                if tag not in self.in_hand:
                    self.restore_by_tag(tag, client)

    def restore_by_tag(self, tag: str, client: Any = None, leftmost: bool = False) -> None:  # noqa: ANN401, FBT001, FBT002 - kombu's signature
        try:
            super().restore_by_tag(tag, client=client, leftmost=leftmost)
        except (ValueError, TypeError):  # a record that somebody else wrote
            log.warning("dropped an unacked record that does not read")
            self.settle([tag])

    def restore_unacked(self, client: Any = None) -> None:  # noqa: ANN401 - kombu is untyped inside
        """Give back what was not begun, at the last close; a broker that is away keeps the records for the sweep."""
        for tag in list(self._delivered or ()):
            self.in_hand.held.discard(tag)
            try:
                self.restore_by_tag(tag, client=client)
            except BROKER_AWAY as error:
                log.info("messages not begun stay with the broker (%s)", type(error).__name__)
                break
        self._delivered.clear()


class HardenedChannel(redis.Channel):
    """Reads only what wire.read lets pass, and closes without complaint."""

    QoS = HardenedQoS

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - kombu is untyped inside
        self.in_hand = InHand()
        self.heard_at = clock.monotonic()
        super().__init__(*args, **kwargs)

    def _brpop_read(self, **options: Any) -> bool:  # noqa: ANN401 - kombu is untyped inside
        """Read the answer to BRPOP and deliver it; as stock, but for the check and the time of the last answer."""
        try:
            try:
                found = self.client.parse_response(self.client.connection, "BRPOP", **options)
            except self.connection_errors:
                self.client.connection.disconnect()
                raise
            self.heard_at = clock.monotonic()
            if not found:
                raise Empty
            self._take(bytes_to_str(found[0]).rsplit(self.sep, 1)[0], found[1])
            return True
        finally:
            self._in_poll = None
            self._flush_brpop_reauth()

    def _take(self, queue: str, item: bytes) -> None:
        self._queue_cycle.rotate(queue)
        try:
            message = wire.read(item, queue)
        except wire.Unfit as reason:
            log.warning("dropped a message of %d bytes from queue %s: %s", len(item), queue, reason)
        else:
            self.connection._deliver(message, queue)  # noqa: SLF001 - as the overridden method does

    def _do_restore_message(
        self,
        payload: Any,  # noqa: ANN401 - kombu is untyped inside
        exchange: str,  # noqa: ARG002 - kombu's signature
        routing_key: str,
        pipe: Any,  # noqa: ANN401 - kombu is untyped inside
        leftmost: bool = False,  # noqa: FBT001, FBT002 - kombu's signature
    ) -> None:
        """Put one message back, to the queue that it came from and to no other (stock would look up an exchange)."""
        text = dumps(payload)
        try:
            wire.read(text.encode(), routing_key)
        except wire.Unfit as reason:
            log.warning("dropped an unacked message: %s", reason)
            return
        payload["properties"]["delivery_info"]["redelivered"] = True
        (pipe.lpush if leftmost else pipe.rpush)(routing_key, dumps(payload))

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
