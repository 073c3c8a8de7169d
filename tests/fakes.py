"""Hand-written stand-ins for the broker's ports, without a broker: for tests and simulated hosts.

Held to the same contract tests as the real ones (tests/integration/transport).
"""

import threading
from collections import defaultdict, deque
from collections.abc import Iterable

from tasks.envelope import SignedArgs
from tasks.publishing import BrokerUnavailable, Outgoing


class MemoryControl:
    """The control lists of all hosts in one process; `away` makes it behave like a broker that is down."""

    def __init__(self) -> None:
        self.away = False
        self._lists: defaultdict[str, deque[SignedArgs]] = defaultdict(deque)
        self._changed = threading.Condition()

    def send(self, host: str, args: SignedArgs) -> None:
        if self.away:
            raise BrokerUnavailable("the broker in memory is away; send it again later")
        with self._changed:
            self._lists[host].append(list(args))
            self._changed.notify_all()

    def receiver(self, host: str) -> "MemoryControlReceiver":
        return MemoryControlReceiver(self, host)

    def take(self, host: str, timeout: float, closed: threading.Event) -> SignedArgs | None:
        with self._changed:
            self._changed.wait_for(lambda: closed.is_set() or (self._lists[host] and not self.away), timeout)
            if closed.is_set() or self.away or not self._lists[host]:
                return None
            return self._lists[host].popleft()

    def wake(self) -> None:
        with self._changed:
            self._changed.notify_all()


class MemoryControlReceiver:
    """Reads the control messages of one host."""

    def __init__(self, control: MemoryControl, host: str) -> None:
        self._control = control
        self._host = host
        self._closed = threading.Event()

    def receive(self, timeout: float) -> SignedArgs | None:
        return self._control.take(self._host, timeout, self._closed)

    def close(self) -> None:
        self._closed.set()
        self._control.wake()


class MemorySender:
    """Keeps what is sent in `sent`; `away` makes it behave like a broker that is down."""

    def __init__(self) -> None:
        self.away = False
        self.sent: list[Outgoing] = []

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
        self.send_all([Outgoing(queue, name, list(args), task_id, summary, shadow)])

    def send_all(self, messages: Iterable[Outgoing]) -> None:
        self.ping()
        self.sent.extend(messages)

    def ping(self) -> float:
        if self.away:
            raise BrokerUnavailable("the broker in memory is away; send it again later")
        return 0.0
