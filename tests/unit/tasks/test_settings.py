"""The settings of every program's app."""

from types import SimpleNamespace

import pytest

from tasks import transport
from tasks.celery_app import address, coordinator_worker_options, host_worker_options, make_app
from tasks.consumer import HardenedConsumer
from tasks.transport import HardenedTransport, InHand, UnsupportedVersionError, check_pins

URL = "redis://:pa55word@broker:6380/2"


def test_hosts_acknowledge_early_and_take_nothing_ahead():
    """A host's worker acknowledges at start, takes nothing ahead, and has more slots than are ever dispatched."""
    app = make_app("web-1", URL, host_worker_options("web-1"))
    conf = app.conf
    assert (conf.task_acks_late, conf.worker_disable_prefetch, host_worker_options("web-1").slots) == (
        False,
        True,
        32,
    )


def test_the_coordinator_acknowledges_late_and_takes_ahead():
    """The coordinator acknowledges a report when it is stored, and takes sixteen ahead."""
    options = coordinator_worker_options()
    app = make_app("coordinator", URL, options)
    conf = app.conf
    assert (conf.task_acks_late, conf.worker_disable_prefetch, options.slots * options.prefetch) == (
        True,
        False,
        16,
    )


@pytest.mark.parametrize("scheme", ["redis", "rediss"])
def test_redis_urls_use_the_hardened_transport(scheme):
    """Plain and TLS URLs of Redis are spoken to through the hardened transport, with host, port and password kept."""
    app = make_app("x", URL.replace("redis", scheme, 1))
    connection = app.connection_for_read()
    found = (connection.get_transport_cls(), connection.hostname, connection.port, connection.virtual_host)
    assert found == (HardenedTransport, "broker", 6380, "2")
    assert (connection.password, address(app)) == ("pa55word", f"{scheme}://:**@broker:6380/2")


def test_only_json_travels():
    """No program accepts or sends anything but JSON, and none keeps results."""
    conf = make_app("x", URL).conf
    assert (conf.accept_content, conf.task_serializer, conf.event_serializer) == (["json"], "json", "json")
    assert (conf.result_backend, conf.worker_enable_remote_control) == (None, False)


def test_other_versions_are_refused(monkeypatch):
    """A Celery that the hardening was not tested with is refused with what to install."""
    monkeypatch.setattr(transport, "version", lambda _package: "5.8.0")
    with pytest.raises(UnsupportedVersionError, match=r"celery 5\.8\.0 is installed; expected 5\.7\.x"):
        check_pins()


def test_what_is_in_hand_is_never_overdue():
    """Only what nobody of this process works on or owes becomes overdue, a while after it was first seen."""
    hand = InHand()
    hand.held["tag"], hand.owed = b"held", {b"owed"}
    taken = [b"held", b"owed", b"strange"]
    seen = [hand.overdue(taken, 0.0, 60), hand.overdue(taken, 59.0, 60), hand.overdue(taken, 60.0, 60)]
    assert (seen, hand.overdue([], 61.0, 60), hand.overdue([b"strange"], 62.0, 60)) == (
        [[], [], [b"strange"]],
        [],
        [],
    )


def test_reconnecting_is_tried_at_most_every_five_seconds_for_ever():
    """The pauses between tries grow to five seconds and no further, and no number of tries is enough."""
    asked = {}

    class Connection:
        def ensure_connection(self, _failed, **wanted):
            asked.update(wanted)
            return self

    program = SimpleNamespace(leave_when_asked=print)
    connection = Connection()
    assert HardenedConsumer.ensure_connected(program, connection) is connection
    assert asked == {
        "max_retries": None,
        "interval_start": 1,
        "interval_step": 1,
        "interval_max": 5.0,
        "callback": print,
    }
