"""Sending to a real broker, and to the one in memory."""

import base64
import json
import os
import signal
import time

import pytest

from tasks.celery_app import make_app
from tasks.publishing import BrokerUnavailable, Outgoing, Publisher
from tests.fakes import MemorySender

SUMMARY = "shop 1.1.0 · web · web-1"
MESSAGES = [
    Outgoing("host.a", "tidegate.x", ["p", "s", "k"], f"shop-1-abcd.web@a.{n}", SUMMARY) for n in range(500)
]


def test_what_travels_shows_the_summary_and_no_arguments(broker, publisher):
    """The headers that Flower and logs show hold the task's id, its name and the human summary, nothing of the body."""
    publisher.send(
        "host.a", "tidegate.x", ["s3cr3t", "s", "k"], task_id="1", summary=SUMMARY, shadow="deploy"
    )
    found = json.loads(broker.client.rpop("host.a"))
    headers = {key: found["headers"][key] for key in ("id", "task", "shadow", "argsrepr", "kwargsrepr")}
    body = json.loads(base64.b64decode(found["body"]))
    assert headers == {
        "id": "1",
        "task": "tidegate.x",
        "shadow": "deploy",
        "argsrepr": SUMMARY,
        "kwargsrepr": "{}",
    }
    assert (body[:2], "s3cr3t" in json.dumps(found["headers"])) == ([["s3cr3t", "s", "k"], {}], False)


def test_batches_arrive_whole_and_in_order(broker, publisher):
    """Many messages sent at once lie in their queue in the order given."""
    publisher.send_all(MESSAGES)
    found = [json.loads(item)["headers"]["id"] for item in reversed(broker.client.lrange("host.a", 0, -1))]
    assert found == [message.task_id for message in MESSAGES]


@pytest.fixture(params=["real", "memory"])
def sender(request):
    if request.param == "memory":
        sender = MemorySender()
        return sender, lambda: setattr(sender, "away", True), lambda: setattr(sender, "away", False)
    broker, publisher = request.getfixturevalue("broker"), request.getfixturevalue("publisher")
    return publisher, broker.stop, broker.start


def test_a_broker_that_is_away_is_said_quickly_and_forgotten_on_return(sender):
    """While the broker is down, sending and pinging raise within two seconds; after its return they work."""
    publisher, leave, come_back = sender
    publisher.send_all(MESSAGES)
    leave()
    began = time.monotonic()
    for attempt in (lambda: publisher.send_all(MESSAGES[:2]), publisher.ping, lambda: _send(publisher)):
        with pytest.raises(BrokerUnavailable, match="send it again later"):
            attempt()
    waited = time.monotonic() - began
    come_back()
    publisher.send_all(MESSAGES[:2])
    _send(publisher)
    assert (waited < 2, publisher.ping() < 1) == (True, True)


def test_a_frozen_broker_is_noticed_by_the_ping(broker, publisher):
    """A broker that accepts connections but answers nothing fails the ping in about three seconds."""
    os.kill(broker._process.pid, signal.SIGSTOP)
    began = time.monotonic()
    try:
        with pytest.raises(BrokerUnavailable):
            publisher.ping()
    finally:
        os.kill(broker._process.pid, signal.SIGCONT)
    assert time.monotonic() - began < 5


def test_errors_do_not_show_the_password(broker):
    """The sentence about a broker that is away names it without its password."""
    broker.stop()
    publisher = Publisher(make_app("tests", broker.url.replace("//", "//:pa55word@")))
    with pytest.raises(BrokerUnavailable) as caught:
        publisher.ping()
    assert ("pa55word" in str(caught.value), "127.0.0.1" in str(caught.value)) == (False, True)


def _send(publisher):
    publisher.send("host.a", "tidegate.x", ["p", "s", "k"], task_id="1", summary=SUMMARY)
