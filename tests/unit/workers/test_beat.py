"""Signs of life, whatever happens to the journal and the broker."""

import json
import sqlite3

import pytest

from tasks.keys import HostKeys
from tests.fakes import MemorySender
from tests.lab import wait_until
from workers.beat import Beat
from workers.docker.engine import DockerEngine
from workers.journal import Journal
from workers.reporter import Post

RUNNING = "shop-1-aaaa.web@web-1.1"


class FullDisk(Journal):
    """A journal that cannot be written."""

    def forget(self, before):  # noqa: ARG002 - the journal's signature
        raise sqlite3.OperationalError("database or disk is full")


@pytest.fixture
def sender():
    return MemorySender()


@pytest.fixture(autouse=True)
def _beat(tmp_path, sender):
    journal, engine = FullDisk(tmp_path / "journal.sqlite"), DockerEngine(f"unix://{tmp_path}/nobody.sock")
    post = Post("web-1", HostKeys.generate(), sender)
    one = Beat(post, journal, engine, lambda: (RUNNING,), lease_every=0.02)
    one.start()
    yield
    one.stop()
    journal.close()


def leases(sender):
    bodies = [json.loads(message.args[0]) for message in sender.sent]
    return [said["body"]["attempts"] for said in bodies if said["kind"] == "lease"]


def test_leases_are_renewed_although_the_disk_is_full(sender):
    """The journal cannot forget what is old; the attempts that run are not lost for that."""
    wait_until(lambda: len(leases(sender)) >= 3, "three leases")
    assert leases(sender)[0] == [RUNNING]


def test_leases_are_renewed_after_any_failure_of_the_sending(sender):
    """What kombu raises on a broken connection is open-ended; the thread lives on."""
    original, failed = sender.send_all, []

    def broken(messages):
        if not failed:
            failed.append(True)
            raise AttributeError("a closed channel")
        original(messages)

    sender.send_all = broken
    wait_until(lambda: failed and len(leases(sender)) >= 2, "leases after the failure")
