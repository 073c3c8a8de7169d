"""What somebody may push to a queue who wishes us ill."""

import json

import pytest

from tests.integration.transport.messages import BODY, item, malformed
from tests.integration.transport.waiting import wait_until

BOTH = pytest.mark.parametrize("host", ["web-1", None], ids=["host", "coordinator"])
SINGLE = range(21)


@BOTH
def test_malformed_messages_end_no_consumer_and_show_no_body(broker, start, send, host):
    """Twenty-one malformed messages are dropped, one log line each without a body, and the next good one is handled."""
    consumer = start(host)
    wrong = malformed(consumer.queue, consumer.name)
    for message in wrong:
        broker.client.lpush(consumer.queue, message)
    consumer.ended(send(consumer, "good"))
    assert (consumer.alive, consumer.log.count("dropped a message"), BODY in consumer.log) == (
        True,
        len(wrong),
        False,
    )
    wait_until(lambda: not broker.client.llen(f"taken.{consumer.queue}"), "nothing is left on the broker")
    assert dict(consumer.ids("begin")) == {"good": 1}


@pytest.mark.parametrize("number", SINGLE)
def test_each_malformed_message_alone_is_survived(broker, start, send, number):
    """No single malformed message ends a host's consumer or gets its body into the log."""
    consumer = start()
    broker.client.lpush(consumer.queue, malformed(consumer.queue, consumer.name)[number])
    consumer.ended(send(consumer, "good"))
    assert (consumer.alive, dict(consumer.ids("begin")), BODY in consumer.log) == (True, {"good": 1}, False)


CANVAS = {
    "callbacks": lambda call: {"callbacks": [call]},
    "errbacks": lambda call: {"errbacks": [call]},
    "chain": lambda call: {"chain": [call]},
    "chord": lambda call: {"chord": call},
}


@BOTH
@pytest.mark.parametrize("field", CANVAS)
def test_canvas_fields_are_refused(broker, start, send, host, field):
    """A message with callbacks, errbacks, a chain or a chord is not handled, and nothing is sent on in our name."""
    consumer = start(host)
    call = {
        "task": "tidegate.deploy_image",
        "args": ["x", "y", "z"],
        "kwargs": {},
        "options": {"queue": "host.b"},
    }
    body = [[BODY, "raise" if field == "errbacks" else "nothing", "k"], {}, CANVAS[field](call)]
    broker.client.lpush(consumer.queue, item(consumer.queue, consumer.name, "canvas", body=body))
    consumer.ended(send(consumer, "good"))
    assert (broker.client.llen("host.b"), dict(consumer.ids("begin"))) == (0, {"good": 1})


@pytest.mark.parametrize(
    "headers",
    [
        {"eta": "2999-01-01T00:00:00"},
        {"expires": "x"},
        {"timelimit": [1, "x"]},
        {"group": "g"},
        {"stamps": {"a": 1}},
    ],
    ids=lambda headers: next(iter(headers)),
)
def test_fields_that_we_never_use_are_refused(broker, start, send, headers):
    """A message that carries a delay, an expiry, a limit, a group or stamps is not handled."""
    consumer = start()
    broker.client.lpush(consumer.queue, item(consumer.queue, consumer.name, "odd", headers=headers))
    consumer.ended(send(consumer, "good"))
    assert (dict(consumer.ids("begin")), consumer.log.count("dropped a message")) == ({"good": 1}, 1)


@BOTH
@pytest.mark.parametrize(
    "address", [{"exchange": "", "routing_key": "host.b"}, {"exchange": "e", "routing_key": "b"}]
)
def test_a_message_that_names_another_queue_is_refused(broker, start, send, host, address):
    """A message whose delivery_info names another queue is not handled, and never forwarded there."""
    consumer = start(host)
    text = item(consumer.queue, consumer.name, "foreign", properties={"delivery_info": address})
    broker.client.lpush(consumer.queue, text)
    consumer.ended(send(consumer, "good"))
    assert (dict(consumer.ids("begin")), broker.client.llen("host.b")) == ({"good": 1}, 0)


def test_a_taken_message_that_names_another_queue_is_not_forwarded(broker, start, send):
    """What the sweep gives back goes to the queue that it came from, so a forged one is dropped, body unseen."""
    consumer = start(None, visibility=1)
    address = {"exchange": "", "routing_key": "host.b"}
    forged = [
        item("host.b", consumer.name, "forged", properties={"delivery_info": address}),
        BODY,
        json.dumps([BODY]),
    ]
    broker.client.lpush("taken.coordinator", *forged)
    wait_until(lambda: consumer.log.count("dropped a message") == len(forged), "the forged ones are dropped")
    consumer.ended(send(consumer, "good"))
    wait_until(lambda: not broker.client.llen("taken.coordinator"), "nothing is left")
    assert (broker.client.llen("host.b"), dict(consumer.ids("begin")), BODY in consumer.log) == (
        0,
        {"good": 1},
        False,
    )


def test_a_queue_key_of_another_type_stops_no_consumer(broker, start, send):
    """While somebody put a text in the queue's place the consumer tries on calmly, and works once it is gone."""
    consumer = start()
    broker.client.set(consumer.queue, BODY)
    consumer.wait(lambda: "the broker is lost" in consumer.log, "the consumer has met the text")
    broker.client.delete(consumer.queue)
    consumer.ended(send(consumer, "good"))
    assert (consumer.alive, dict(consumer.ids("begin")), BODY in consumer.log) == (True, {"good": 1}, False)
