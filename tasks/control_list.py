"""The control list on Redis: one list per host, read by the host alone. Messages are kept while the host is away.

At most once, like orders: who sends repeats until it sees the effect.
"""

import json
import logging
import threading
from typing import cast

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from tasks import clock
from tasks.envelope import MAX_BYTES, SignedArgs
from tasks.publishing import BrokerUnavailable
from tasks.queues import control_list

KEPT = 1000  # messages per host
KEPT_FOR = 24 * 3600  # seconds; later ones are worthless, their `exp` has passed
SOCKET_TIMEOUT = 10.0
CONNECT_TIMEOUT = 3.0
LONGEST_WAIT = 5.0  # seconds that one BRPOP may last: below the socket's timeout
PAUSE = 1.0  # seconds between two tries while the broker is away

log = logging.getLogger("tidegate.transport")


def _connect(url: str) -> Redis:
    return Redis.from_url(
        url,
        socket_timeout=SOCKET_TIMEOUT,
        socket_connect_timeout=CONNECT_TIMEOUT,
        socket_keepalive=True,
        health_check_interval=10,
        retry=Retry(NoBackoff(), 1),  # one more try for a connection that a restart left stale
    )


class RedisControlSender:
    """Leaves control messages for hosts; may be shared by threads."""

    def __init__(self, broker_url: str) -> None:
        self._redis = _connect(broker_url)

    def send(self, host: str, args: SignedArgs) -> None:
        """Leave one signed message for `host`; raises BrokerUnavailable. Sent twice is possible, never half."""
        key = control_list(host)
        try:
            with self._redis.pipeline(transaction=True) as pipe:
                pipe.lpush(key, json.dumps(args))
                pipe.ltrim(key, 0, KEPT - 1)
                pipe.expire(key, KEPT_FOR)
                pipe.execute()
        except (RedisError, OSError) as error:
            raise BrokerUnavailable(
                f"no control message to {host}: {type(error).__name__}; send it again"
            ) from error

    def close(self) -> None:
        self._redis.close()


class RedisControlReceiver:
    """Reads the control messages of one host, in one thread."""

    def __init__(self, broker_url: str, host: str) -> None:
        self._redis = _connect(broker_url)
        self._key = control_list(host)
        self._closed = threading.Event()

    def receive(self, timeout: float) -> SignedArgs | None:
        """Return the oldest message, or None after about `timeout` seconds, also while the broker is away."""
        deadline = clock.monotonic() + timeout
        while not self._closed.is_set() and (left := deadline - clock.monotonic()) > 0:
            try:
                found = self._redis.brpop([self._key], timeout=min(left, LONGEST_WAIT))
            except (
                RedisError,
                OSError,
                ValueError,
            ):  # ValueError: redis-py on a connection that `close` took away
                self._closed.wait(min(PAUSE, max(deadline - clock.monotonic(), 0)))
                continue
            if found is not None and (args := self._read(cast("bytes", found[1]))) is not None:
                return args
        return None

    def close(self) -> None:
        """Let go of the connection; a waiting `receive` returns None soon."""
        self._closed.set()
        self._redis.connection_pool.disconnect()

    def _read(self, item: bytes) -> SignedArgs | None:
        try:
            match json.loads(item) if len(item) <= 2 * MAX_BYTES else None:
                case [str(payload), str(signature), str(key_id)]:
                    return [payload, signature, key_id]
        except (ValueError, RecursionError):
            pass
        log.warning("dropped a message of %d bytes from list %s: it is not three texts", len(item), self._key)
        return None
