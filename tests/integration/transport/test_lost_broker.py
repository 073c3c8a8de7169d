"""What a broker that goes and comes does to the consumers: nothing that lasts.

TIDEGATE_TEST_OUTAGE (seconds, default 6) is how long the outage lasts; the visibility timeout is a third of it.
"""

import contextlib
import os
import threading
import time

import pytest

from tasks.publishing import BrokerUnavailable
from tests.integration.transport.waiting import wait_until

BOTH = pytest.mark.parametrize("host", ["web-1", None], ids=["host", "coordinator"])
OUTAGE = float(os.environ.get("TIDEGATE_TEST_OUTAGE", "6"))
RESTARTS = 6
REPORTS = 2000
RECONNECTED = 5 + 2  # seconds: the longest pause between two tries, and the try itself


def once(*ids):
    return dict.fromkeys(ids, 1)


@BOTH
def test_six_restarts_in_a_row_with_steps_running(broker, start, send, host):
    """Through six restarts of the broker in a row each message is handled once, also the one that ran throughout."""
    consumer = start(host, in_thread=host is None)
    ids = [send(consumer, "long", "sleep:8")]
    consumer.wait(lambda: consumer.ids("begin"), "the long one runs")
    for number in range(RESTARTS):
        seen = consumer.lines.count("connected")
        broker.stop()
        broker.start()
        consumer.wait(lambda seen=seen: consumer.lines.count("connected") > seen, "the consumer is back")
        ids.append(send(consumer, f"short-{number}", "sleep:1"))
    consumer.ended(*ids)
    assert (consumer.alive, dict(consumer.ids("begin")), dict(consumer.ids("end"))) == (
        True,
        once(*ids),
        once(*ids),
    )


@BOTH
def test_an_outage_with_steps_running(broker, start, send, host):
    """Steps that end during an outage, and after it, are handled once; the consumer is back within seconds."""
    consumer = start(host, visibility=OUTAGE / 3)
    ids = [
        send(consumer, "ends-within", f"sleep:{OUTAGE / 2}"),
        send(consumer, "ends-after", f"sleep:{OUTAGE + 2}"),
    ]
    consumer.wait(lambda: len(consumer.ids("begin")) == len(ids), "both run")
    seen = consumer.lines.count("connected")
    broker.stop()
    time.sleep(OUTAGE)  # an outage is a length of time
    broker.start()
    back = time.monotonic()
    consumer.wait(lambda: consumer.lines.count("connected") > seen, "the consumer is back", OUTAGE + 30)
    back = time.monotonic() - back
    consumer.ended(*ids, send(consumer, "next"))
    time.sleep(OUTAGE / 3 + 2)  # longer than the visibility timeout: what would be given back would run again
    assert (consumer.alive, dict(consumer.ids("begin")), back < RECONNECTED) == (
        True,
        once(*ids, "next"),
        True,
    )
    assert (broker.client.llen(f"taken.{consumer.queue}"), broker.client.llen(consumer.queue)) == (0, 0)


@BOTH
def test_killed_connections(broker, start, send, host):
    """Connections cut while steps run, five times, repeat and lose nothing."""
    consumer = start(host)
    ids = []
    for number in range(5):
        ids.append(send(consumer, f"step-{number}", "sleep:0.5"))
        consumer.wait(lambda: len(consumer.ids("begin")) == len(ids), "the step runs")
        seen = consumer.lines.count("connected")
        broker.drop_connections()
        consumer.wait(lambda seen=seen: consumer.lines.count("connected") > seen, "the consumer is back")
    consumer.ended(*ids)
    wait_until(lambda: not broker.client.llen(f"taken.{consumer.queue}"), "everything is acknowledged")
    assert (consumer.alive, dict(consumer.ids("begin"))) == (True, once(*ids))


@BOTH
def test_flushall(broker, start, send, host):
    """A broker that loses everything in mid-step costs nothing that runs, and the next message is handled."""
    consumer = start(host)
    ids = [send(consumer, "running", "sleep:2")]
    consumer.wait(lambda: consumer.ids("begin"), "the step runs")
    broker.client.flushall()
    ids.append(send(consumer, "after"))
    consumer.ended(*ids)
    assert (consumer.alive, dict(consumer.ids("begin"))) == (True, once(*ids))


@pytest.mark.parametrize("way", ["stop", "kill"])
def test_no_report_is_lost_over_six_restarts_under_load(broker, start, publisher, way):
    """Of 2,000 reports streamed through six restarts none is lost, since they are acknowledged late."""
    consumer = start(None, in_thread=True, level="INFO", visibility=2)
    ids = [f"report-{number}" for number in range(REPORTS)]
    stream = threading.Thread(target=_stream, args=(publisher, ids))
    stream.start()
    for number in range(RESTARTS):
        share = REPORTS * (number + 1) // (RESTARTS + 2)
        consumer.wait(lambda share=share: len(consumer.ids("end")) > share, "the stream flows", 60)
        getattr(broker, way)()
        broker.start()
    stream.join(60)
    with contextlib.suppress(AssertionError):  # what is missing says more than that something is
        consumer.ended(*ids, deadline=30)
        wait_until(lambda: not broker.client.llen("taken.coordinator"), "the last is acknowledged", 5)
    missing = set(ids) - set(consumer.ids("end"))
    # For each missing one, how often the broker wrote it down: 0 would mean that the broker lost what it had accepted.
    lost = {identity: broker.written(f'"id": "{identity}"') for identity in missing}
    waiting = (broker.client.llen("coordinator"), broker.client.llen("taken.coordinator"))
    assert (lost, waiting, stream.is_alive(), consumer.alive) == ({}, (0, 0), False, True)


def _stream(publisher, ids):
    """Send each report until the broker took it, as the reporter of a host does."""
    for identity in ids:
        while True:
            try:
                publisher.send(
                    "coordinator",
                    "tidegate.report.log",
                    ["x", "nothing", "k"],
                    task_id=identity,
                    summary="log",
                )
                break
            except BrokerUnavailable:
                time.sleep(0.05)


def test_a_silent_connection_is_noticed(start, send):
    """A consumer that believes to wait for an answer, while it asks no more, connects anew by itself."""
    consumer = start(silent_after=3.0)
    seen = consumer.lines.count("connected")
    consumer.mute()
    consumer.wait(lambda: consumer.lines.count("connected") > seen, "the watchdog bit", 15)
    consumer.ended(send(consumer, "good"))
    assert dict(consumer.ids("begin")) == {"good": 1}


def test_an_error_that_nobody_foresaw_means_to_connect_anew(start, send):
    """A consumer whose transport raises something odd says so with a traceback, and works on."""
    consumer = start()
    seen = consumer.lines.count("connected")
    consumer.confuse()
    consumer.wait(lambda: consumer.lines.count("connected") > seen, "the consumer is back")
    consumer.ended(send(consumer, "good"))
    assert ("closed epoll object" in consumer.log, dict(consumer.ids("begin"))) == (True, {"good": 1})


def test_the_broker_may_start_after_the_consumer(broker, start, send):
    """A consumer that finds no broker at its start waits for it."""
    broker.stop()
    threading.Timer(2, broker.start).start()
    consumer = start()
    consumer.ended(send(consumer, "good"))
    assert (consumer.alive, dict(consumer.ids("begin"))) == (True, {"good": 1})
