"""The control list: one contract for the list on Redis and for the one in memory."""

import threading
import time

import pytest

from tasks.control_list import RedisControlReceiver, RedisControlSender
from tasks.publishing import BrokerUnavailable
from tests.fakes import MemoryControl

MESSAGE = ["payload", "signature", "key"]


class OnRedis:
    def __init__(self, broker):
        self.broker = broker
        self.sender = RedisControlSender(broker.url)

    def receiver(self, host):
        return RedisControlReceiver(self.broker.url, host)

    def leave(self):
        self.broker.stop()

    def come_back(self):
        self.broker.start()


class InMemory:
    def __init__(self):
        self.sender = MemoryControl()
        self.receiver = self.sender.receiver

    def leave(self):
        self.sender.away = True

    def come_back(self):
        self.sender.away = False
        self.sender.wake()


@pytest.fixture(params=["redis", "memory"])
def control(request):
    if request.param == "memory":
        return InMemory()
    return OnRedis(request.getfixturevalue("broker"))


def test_messages_arrive_in_order_at_their_host_alone(control):
    """Each host receives its own messages, oldest first, each once."""
    for number in range(3):
        control.sender.send("a", [str(number), "s", "k"])
    control.sender.send("b", MESSAGE)
    a, b = control.receiver("a"), control.receiver("b")
    received = [a.receive(1) for _ in range(3)]
    assert (received, b.receive(1), a.receive(0.1)) == ([[str(n), "s", "k"] for n in range(3)], MESSAGE, None)


def test_messages_wait_for_an_absent_host(control):
    """A message sent before the host listens is kept for it."""
    control.sender.send("a", MESSAGE)
    assert control.receiver("a").receive(1) == MESSAGE


def test_receiving_wakes_up_at_once(control):
    """A waiting receiver gets a message when it is sent, not when its time is over."""
    receiver = control.receiver("a")
    sending = threading.Timer(0.3, control.sender.send, ("a", MESSAGE))
    sending.start()
    began = time.monotonic()
    received = receiver.receive(10)
    waited = time.monotonic() - began
    sending.join()
    assert (received, waited < 3) == (MESSAGE, True)


def test_an_outage_is_silence_for_the_receiver_and_an_error_for_the_sender(control):
    """While the broker is away `receive` returns None in bounded time and `send` raises; afterwards both work again."""
    receiver = control.receiver("a")
    assert receiver.receive(0.1) is None
    control.leave()
    began = time.monotonic()
    assert (receiver.receive(0.5), time.monotonic() - began < 5) == (None, True)
    with pytest.raises(BrokerUnavailable, match="send it again"):
        control.sender.send("a", MESSAGE)
    control.come_back()
    control.sender.send("a", MESSAGE)
    assert receiver.receive(5) == MESSAGE


def test_a_receiver_survives_an_outage_while_it_waits(control):
    """A receiver that waits through an outage gets what is sent after it."""
    receiver = control.receiver("a")
    received = []
    thread = threading.Thread(target=lambda: received.append(receiver.receive(15)))
    thread.start()
    control.leave()
    control.come_back()
    control.sender.send("a", MESSAGE)
    thread.join(15)
    assert received == [MESSAGE]


def test_closing_ends_a_waiting_receive(control):
    """A receiver closed by another thread returns None soon."""
    receiver = control.receiver("a")
    threading.Timer(0.3, receiver.close).start()
    began = time.monotonic()
    assert (receiver.receive(30), time.monotonic() - began < 8) == (None, True)


@pytest.mark.parametrize(
    "item", [b"s3cr3t", b"[" * 100_000, b'["a", 1, "b"]', b"\xff", b'{"a": 1}', b"9" * 3_000_000]
)
def test_malformed_messages_are_dropped_without_their_body(broker, caplog, item):
    """What is not three texts is skipped with a log line that shows nothing of it."""
    control = OnRedis(broker)
    broker.client.lpush("ctl.a", item)
    control.sender.send("a", MESSAGE)
    assert control.receiver("a").receive(2) == MESSAGE
    assert [record.getMessage() for record in caplog.records] == [
        f"dropped a message of {len(item)} bytes from list ctl.a: it is not three texts"
    ]


def test_an_absent_hosts_list_does_not_grow_for_ever(broker):
    """A host that stays away costs at most a thousand messages, and none after a day."""
    control = OnRedis(broker)
    for _ in range(1005):
        control.sender.send("a", MESSAGE)
    assert (broker.client.llen("ctl.a"), broker.client.ttl("ctl.a") > 86_000) == (1000, True)
