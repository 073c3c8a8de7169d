"""Orders at the door, with the broker in memory and an engine that is away."""

import json
import sqlite3

import pytest
from celery.exceptions import Ignore

from tasks import clock, envelope
from tasks.celery_app import Delivery
from tasks.envelope import Payload
from tasks.keys import HostKeys
from tests.fakes import MemorySender
from workers import runner
from workers.docker.engine import DockerEngine
from workers.errors import Cancelled, StepFailed
from workers.executor import Executor, TrustedCoordinator
from workers.journal import Journal
from workers.recovery import recover
from workers.reporter import Post, Reporter
from workers.runner import Runner, Site

BOSS = HostKeys.generate()
HOST = HostKeys.generate()
KIND = "check_http"
ATTEMPT = "shop-1-aaaa.check@web-1.1"


class Door:
    """A worker without its threads."""

    def __init__(self, folder):
        self.sender = MemorySender()
        self.journal = Journal(folder / "journal.sqlite")
        post = Post("web-1", HOST, self.sender)
        self.reporter = Reporter(self.journal, post)
        site = Site("web-1", HOST, b"k", folder, "", DockerEngine(f"unix://{folder}/nobody.sock"))
        self.runner = Runner(site, self.journal, self.reporter)
        self.executor = Executor(
            host="web-1",
            coordinator=TrustedCoordinator(BOSS.public),
            journal=self.journal,
            reporter=self.reporter,
            post=post,
            runner=self.runner,
        )

    def receive(self, kind=KIND, keys=BOSS, **more):
        args = envelope.sign(payload(**more), keys)
        self.executor.receive(kind, Delivery(id=ATTEMPT, name=f"tidegate.{kind}", queue="host.web-1"), args)

    def refusals(self):
        return [json.loads(message.args[0])["body"]["code"] for message in self.sender.sent]

    def kinds(self, attempt=ATTEMPT):
        return [report.kind for report in self.journal.reports(attempt)]

    def final(self, attempt=ATTEMPT):
        return self.journal.reports(attempt)[-1].body


def payload(parameters=None, **more):
    now = clock.now().timestamp()
    body = {
        "project": "shop", "environment": "uat", "release": "1", "plan_hash": "p", "step": "check",
        "uses": KIND, "host": "web-1", "timeout": 5.0,
        "parameters": parameters or {"url": "http://127.0.0.1:9/up", "deadline": "0s"},
    }  # fmt: skip
    fields = {
        "from_": "coordinator", "to": "web-1", "kind": KIND, "deployment": "shop-1-aaaa", "task": "check@web-1",
        "attempt": ATTEMPT, "epoch": 2, "iat": now, "exp": now + 60, "body": body,
    }  # fmt: skip
    return Payload(**{**fields, **more})


@pytest.fixture
def door(tmp_path):
    one = Door(tmp_path)
    yield one
    one.journal.close()


def test_a_step_that_fails_shows_in_flower_as_failed(door):
    """The Celery task raises one clean error, and the final report says the same."""
    with pytest.raises(StepFailed, match="check_failed"):
        door.receive()
    assert (door.kinds()[0], door.kinds()[-1], door.final()["error"]["code"]) == (
        "accepted",
        "finished",
        "check_failed",
    )


def test_the_same_order_again(door):
    """It is answered from the journal, also when it is late or of an old epoch by now, and not run."""
    with pytest.raises(StepFailed):
        door.receive()
    before = door.kinds()
    for more in ({}, {"exp": 1.0}, {"epoch": 1}):
        with pytest.raises(Ignore):
            door.receive(**more)
    assert (door.kinds(), door.refusals()) == (before, [])


@pytest.mark.parametrize(
    ("more", "codes"),
    [
        ({"exp": 1.0}, ["expired"]),
        ({"to": "web-2"}, ["wrong_receiver"]),
        ({"epoch": 1}, ["old_epoch"]),
        ({"kind": "run_container"}, ["wrong_kind"]),
        ({"body": {"project": "shop"}}, ["malformed"]),
        ({"attempt": None}, ["malformed"]),
        ({"keys": HostKeys.generate()}, []),
        ({"from_": "web-2"}, []),
    ],
)
def test_orders_that_must_not_run(door, more, codes):
    """Each is refused before anything is written; only what the coordinator signed gets an answer."""
    with pytest.raises(StepFailed):
        door.receive(attempt="shop-1-aaaa.first@web-1.1", body=payload().body)
    with pytest.raises(StepFailed, match="the order"):
        door.receive(**more)
    assert (door.refusals(), door.kinds()) == (codes, [])


def test_a_cancel_that_comes_before_its_order(door):
    """The order is refused as cancelled."""
    door.journal.cancel(ATTEMPT, "changed my mind", 1.0)
    with pytest.raises(StepFailed, match="changed my mind"):
        door.receive()
    assert (door.refusals(), door.kinds()) == (["cancelled"], [])


def test_parameters_that_do_not_fit(door):
    """An error names the place and never the value."""
    with pytest.raises(StepFailed, match="parameters_unfit"):
        door.receive(body={**payload().body, "parameters": {"url": "no-address-hunter22"}})
    assert "url" in door.final()["error"]["message"]
    assert "hunter22" not in json.dumps(door.final())


def test_a_stop_leaves_the_step_and_the_next_start_ends_it(door, tmp_path):
    """No final report at the stop; recovery writes it, once."""
    door.runner.stop()
    with pytest.raises(Ignore):
        door.receive()
    assert door.kinds() == ["accepted"]
    again = Door(tmp_path)
    told = []
    for thread in recover(
        again.journal, again.runner, lambda entry, end: told.append((entry.attempt, end.outcome))
    ):
        thread.join(30)
    assert (again.kinds().count("finished"), told) == (1, [(ATTEMPT, "failed")])
    assert recover(again.journal, again.runner) == ()
    again.journal.close()


def test_an_order_that_was_left_before_it_changed_anything_is_not_begun_a_day_late(door, tmp_path):
    """The host was down past the order's timeout: the attempt ends as timed out; stale work never runs."""
    door.runner.stop()
    with pytest.raises(Ignore):
        door.receive()
    with sqlite3.connect(tmp_path / "journal.sqlite") as db:
        db.execute("UPDATE attempts SET created = created - 86400")
    again = Door(tmp_path)
    for thread in recover(again.journal, again.runner):
        thread.join(30)
    assert again.final()["error"]["code"] == "timed_out"
    again.journal.close()


def test_outputs_that_no_report_can_carry(door, monkeypatch):
    """A kind of a third party returns megabytes: the step ends all the same, without them, and other reports go out."""

    class Chatty:
        def run(self, _parameters, _context):
            return {"dump": "x" * 2_000_000}

    monkeypatch.setattr(runner, "handler", lambda _kind: Chatty())
    door.receive()
    assert (door.final()["outcome"], door.final()["outputs"]) == ("succeeded", {"left_out": "2000084 bytes"})


def test_a_cancel_while_it_runs(door):
    """A cancel that is in the journal when the step begins ends it as cancelled."""
    accept = door.journal.accept

    def accept_then_cancel(entry):
        taken = accept(entry)
        door.journal.cancel(entry.attempt, "stop", 1.0)
        return taken

    door.journal.accept = accept_then_cancel
    with pytest.raises(Cancelled):
        door.receive()
    assert door.final()["outcome"] == "cancelled"
