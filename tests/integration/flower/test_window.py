"""Flower shows each host and its tasks, to whoever has the password, and lets nobody do anything."""

import re
import signal
import sys
from itertools import count
from pathlib import Path

import httpx
import pytest

from coordinator.flower.events import presentable
from tasks.celery_app import make_app
from tasks.shown import show_end
from tests.integration.flower.conftest import free_port
from tests.integration.transport.waiting import wait_until
from workers.errors import StepFailed

PAGES = ("/", "/workers?json=1", "/tasks", "/broker", "/api/workers?refresh=1", "/api/tasks", "/metrics",
         "/api/task/types", "/api/queues/length", "/task/shop-1.web@web-1.2", "/api/task/info/shop-1.web@web-1.2",
         "/worker/web-1")  # fmt: skip
ACTIONS = ("/api/worker/shutdown/web-1", "/api/worker/pool/restart/web-1", "/api/task/revoke/x",
           "/api/task/abort/x", "/api/task/timeout/tidegate.deploy_image",
           "/api/task/send-task/tidegate.deploy_image", "/api/task/async-apply/tidegate.deploy_image",
           "/api/worker/queue/add-consumer/web-1")  # fmt: skip


@pytest.mark.usefixtures("worker")
def test_what_a_person_sees(page, order, embedded):
    """The host by its name, its tasks by kind and summary with true states, and no secret on any page."""
    order("shop-1.web@web-1.1")
    order("shop-1.web@web-1.2", "raise")
    wanted = {"shop-1.web@web-1.1": "SUCCESS", "shop-1.web@web-1.2": "FAILURE"}
    wait_until(lambda: page.states() == wanted, "both tasks are shown")
    shown = {(task["name"], task["args"], task["worker"]) for task in page.tasks().values()}
    failed = page.tasks()["shop-1.web@web-1.2"]
    workers = page.person.get("/workers?json=1").json()["data"]
    assert shown == {("tidegate.deploy_image", "shop 1.1.0 · web · web-1", "web-1")}
    assert (failed["exception"], failed["traceback"]) == ("RuntimeError('the handler failed')", None)
    assert [(one["hostname"], one["status"], one["freq"]) for one in workers] == [("web-1", True, 30)]
    answers = {path: page.person.get(path, follow_redirects=True) for path in PAGES}
    everything = "".join(answer.text for answer in answers.values()) + page.log.read_text()
    refused = {path: answer.status_code for path, answer in answers.items() if not answer.is_success}
    assert refused == {}
    assert "host.web-1" in answers["/broker"].text
    broker_password = re.search(":([^:@]+)@", embedded.url)[1]
    assert [s for s in ("s3cr3t-body", broker_password, page.password, "Traceback") if s in everything] == []
    assert re.search("WARNING|ERROR", page.log.read_text()) is None


def test_nobody_without_the_password_and_nothing_to_press(page, worker):
    """401 for every page, 403 for every action; the password lies in a file of the owner alone, not in `ps`."""
    strangers = [None, ("tidegate", "wrong"), ("", ""), ("tidegate", "")]
    statuses = {httpx.get(page.url + path, auth=auth).status_code for path in PAGES for auth in strangers}
    assert statuses == {401}
    assert {httpx.post(page.url + path).status_code for path in ACTIONS} == {401}
    assert {page.person.post(path).status_code for path in ACTIONS} == {403}
    assert {page.person.request(how, "/tasks").status_code for how in ("PUT", "DELETE", "PATCH")} == {403}
    assert page.password_file.stat().st_mode & 0o777 == 0o600
    assert worker.alive
    if sys.platform == "linux":
        process = Path(f"/proc/{page.process.pid}")
        told = process.joinpath("cmdline").read_bytes() + process.joinpath("environ").read_bytes()
        assert page.password.encode() not in told


def test_a_broker_that_is_killed(page, worker, order, embedded):
    """What was seen stays; when the broker is back, what happens then is seen as well."""
    order("before")
    wait_until(lambda: page.states() == {"before": "SUCCESS"}, "the first task is shown")
    embedded._process.kill()
    wait_until(lambda: page.heard() == 2, "Flower listens again", 60)
    worker.wait(lambda: worker.lines.count("connected") == 2, "the worker consumes again", 60)
    numbers = count()

    def seen():
        """Events are told once, to whoever listens at that moment; a worker's heart beats every 30 s only."""
        order(f"after-{next(numbers)}")
        return "SUCCESS" in {state for identity, state in page.states().items() if identity != "before"}

    wait_until(seen, "what happens now is shown")
    assert page.states()["before"] == "SUCCESS"


def test_a_step_that_the_next_start_of_the_worker_ended(page, worker, order, embedded):
    """Its end is shown although no Celery task ends; without a broker nothing is shown and nothing breaks."""
    for identity in ("good", "bad"):
        order(identity, "sleep:60")
    wait_until(lambda: page.states() == {"good": "STARTED", "bad": "STARTED"}, "both have begun")
    worker.kill()
    told = {"name": "tidegate.deploy_image", "summary": "shop 1.1.0 · web · web-1", "runtime": 61.0}
    app = make_app("worker.web-1", embedded.url)
    show_end(app, "web-1", "good", **told, error=None)
    show_end(app, "web-1", "bad", **told, error=StepFailed("unhealthy", "it never became healthy"))
    show_end(app, "web-1", "forgotten", **told, error=None)
    show_end(make_app("away", f"redis://127.0.0.1:{free_port()}/0"), "web-1", "good", **told, error=None)
    wanted = {
        "good": ("SUCCESS", None),
        "bad": ("FAILURE", "StepFailed('unhealthy', 'it never became healthy')"),
        "forgotten": ("SUCCESS", None),
    }

    def shown():
        return {key: (task["state"], task["exception"]) for key, task in page.tasks().items()}

    wait_until(lambda: shown() == wanted, "the ends are shown")
    assert {task["args"] for task in page.tasks().values()} == {"shop 1.1.0 · web · web-1"}


def test_the_end(page):
    """It ends at once and cleanly when it is asked to."""
    page.process.send_signal(signal.SIGTERM)
    assert page.process.wait(10) == 0
    assert "Traceback" not in page.log.read_text()


@pytest.mark.parametrize(
    "event",
    [
        None,
        [],
        {},
        {"type": "task-started", "hostname": "celery@web-1", "uuid": "1"},
        {"type": "task-started", "hostname": "tidegate@web-1"},
        {"type": "task-started", "hostname": "tidegate@web-1", "uuid": ["1"]},
        {"type": 7, "hostname": "tidegate@web-1"},
    ],
)
def test_events_that_are_not_ours(event):
    """They are not shown."""
    assert presentable(event) is None


def test_an_event_of_a_host():
    """It is shown under the host's name, without what an older worker might tell of its code."""
    event = {
        "type": "task-failed",
        "hostname": "tidegate@web-1",
        "uuid": "1",
        "traceback": "x",
        "kwargs": "{}",
    }
    assert presentable(event) == {"type": "task-failed", "hostname": "web-1", "uuid": "1"}
