"""How consumers start, stop, and what they leave in logs and on the broker."""

import base64
import json

import pytest

from tests.integration.transport.waiting import wait_until

BOTH = pytest.mark.parametrize("host", ["web-1", None], ids=["host", "coordinator"])


@BOTH
@pytest.mark.parametrize("in_thread", [False, True], ids=["main", "thread"])
def test_stopping_waits_for_what_runs(start, send, host, in_thread):
    """SIGTERM lets the running step end, tells the program before it waits, and exits with 0; from any thread."""
    consumer = start(host, in_thread=in_thread)
    send(consumer, "running", "sleep:2")
    consumer.wait(lambda: consumer.ids("begin"), "the step runs")
    code = consumer.terminate()
    assert (code, consumer.lines) == (0, ["connected", "begin running", "stopping", "end running", "left"])


def test_stopping_while_the_broker_is_away(broker, start):
    """A consumer that looks for its broker in vain still stops when asked."""
    consumer = start()
    broker.stop()
    consumer.wait(lambda: "no broker at" in consumer.log, "the consumer looks for its broker")
    assert (consumer.terminate(), consumer.lines[-1]) == (0, "left")


def test_stopping_gives_back_what_was_not_begun(start, send):
    """Reports taken ahead but not begun go back to the queue at a stop, and the next consumer handles each once."""
    first = start(None)
    ids = [send(first, f"report-{number}", "sleep:1") for number in range(12)]
    first.wait(lambda: len(first.ids("begin")) >= 4, "four are handled")
    first.terminate()
    second = start(None)
    second.ended(*ids)
    assert dict(second.ids("begin")) == dict.fromkeys(ids, 1)


def test_what_a_killed_consumer_had_taken_comes_back(broker, start, send):
    """Reports that a killed coordinator had in hand are handled by the next one, after the visibility timeout."""
    first = start(None)
    ids = [send(first, f"report-{number}", "sleep:1") for number in range(8)]
    first.wait(lambda: len(first.ids("begin")) >= 4, "four are handled")
    first.kill()
    second = start(None, visibility=2)
    second.ended(*ids)
    wait_until(lambda: not broker.client.llen("taken.coordinator"), "nothing is left unacknowledged")
    assert set(second.ids("end")) == set(ids)


@BOTH
def test_a_handler_that_raises_ends_nothing(start, send, host):
    """An error of a handler is logged without the message's body, and the next message is handled."""
    consumer = start(host)
    send(consumer, "bad", "raise")
    consumer.ended(send(consumer, "good"))
    consumer.wait(lambda: "the handler failed" in consumer.log, "the error is logged")
    assert (consumer.alive, "s3cr3t-body" in consumer.log) == (True, False)


@BOTH
def test_debug_logs_and_events_show_no_body(broker, start, send, host):
    """Neither the log at debug level nor the events for Flower hold a body; the events hold the summary."""
    shown = broker.client.pubsub(ignore_subscribe_messages=True)
    shown.psubscribe("*")
    consumer = start(host, events=True)
    consumer.ended(send(consumer, "good"))
    seen = []
    wait_until(lambda: _read_events(shown, seen) or "task-succeeded" in "".join(seen), "events arrive", 5)
    shown.close()
    texts = (consumer.log, "".join(seen))
    assert [("s3cr3t-body" in text, "shop 1.1.0 · web" in text) for text in texts] == [
        (False, False),
        (False, True),
    ]


def _read_events(shown, seen):
    """Append what the events say to `seen`, decoded."""
    if message := shown.get_message(timeout=0.1):
        body = base64.b64decode(json.loads(message["data"])["body"]).decode()
        seen.append(json.dumps(json.loads(body), ensure_ascii=False))


def test_a_host_leaves_no_keys_behind(broker, start, send):
    """An idle consumer and its senders hold no exchange, binding or mutex on the broker."""
    consumer = start()
    consumer.ended(send(consumer, "good"))
    wait_until(lambda: not broker.client.keys("*"), "no key is left")
