"""run_container and check_http on a real engine: run once, whatever happens to the worker."""

from itertools import count

import pytest

from tests.lab import wait_until
from tests.unit.workers.post_office import post_office
from tests.unit.workers.shop_images import pushed_images

pytestmark = pytest.mark.lab
NUMBERS = count(1)
STEPS = "for n in 1 2 3 4 5 6; do echo line $n; sleep 0.3; done; echo bad >&2; exit 0"


@pytest.fixture
def office(lab, tmp_path):
    with post_office(lab, "web-3", tmp_path / "office") as one:
        yield one


def order(office, lab, script, **more):
    attempt = f"shop-{next(NUMBERS)}-aaaa.migrate@web-3.1"
    declared = {"image": "web", "command": ["sh", "-c", script]}
    office.desk.order(attempt, "run_container", declared, images=pushed_images(lab)["1.0.0"], **more)
    return attempt


def output(office, attempt):
    lines = [line for r in office.desk.of(attempt, "log") for line in r.body["lines"]]
    return sorted((line["stream"], line["text"]) for line in lines if line["stream"] != "tidegate")


WHOLE = sorted([("stderr", "bad"), *(("stdout", f"line {n}") for n in range(1, 7))])


@pytest.mark.parametrize(
    "point", [f"{w}:{c}" for c in ("create:1", "start:1", "remove:1") for w in ("before", "after")]
)
def test_killed_around_a_one_off(office, lab, point):
    """Wherever the worker dies, the container is created and started once, and its output is told once."""
    with lab.engine("web-3").record() as events:
        office.start_worker(crash_at=point)
        attempt = order(office, lab, STEPS)
        office.died()
        office.start_worker()
        assert office.final(attempt)["outputs"]["exit_code"] == 0
        counted = [events.count(action, tidegate__attempt=attempt) for action in ("create", "start")]
    assert counted == [1, 1]
    assert output(office, attempt) == WHOLE
    assert office.instances() == {}


def test_killed_while_it_runs(office, lab):
    """Killed in the middle of the output: the container ran on, and no line is missing or told twice."""
    office.start_worker()
    attempt = order(office, lab, STEPS)
    wait_until(lambda: "line 2" in office.desk.log(attempt), "the second line")
    office.kill_worker()
    office.start_worker()
    assert office.final(attempt)["outcome"] == "succeeded"
    assert output(office, attempt) == WHOLE


def test_another_exit_code_and_a_cancel(office, lab):
    """A migration that fails is a failure with its code; a cancelled one is stopped and removed."""
    office.start_worker()
    failed = office.final(order(office, lab, "exit 7"))
    assert failed["error"] == {
        "code": "exit_code",
        "message": "the container ended with exit code 7",
        "hint": "its output is the task's log",
        "retryable": False,
    }
    attempt = order(office, lab, "trap 'exit 0' TERM; echo ready; sleep 600 & wait")
    wait_until(lambda: "ready" in office.desk.log(attempt), "it to run")
    office.desk.control("cancel", attempt=attempt, reason="enough")
    assert office.final(attempt)["outcome"] == "cancelled"
    assert office.instances() == {}


def test_the_engine_dies_while_it_runs(office, lab):
    """An engine killed in the middle: the step ends with the truth, within the engine's return."""
    office.start_worker()
    attempt = order(office, lab, STEPS)
    wait_until(lambda: "line 2" in office.desk.log(attempt), "the second line")
    lab.engine("web-3").kill()
    lab.engine("web-3").start()
    done = office.final(attempt, 60)
    assert done["outcome"] in ("succeeded", "failed")
    assert done["outcome"] == "succeeded" or done["error"]["code"] == "exit_code"


def test_check_http(office, lab):
    """A page that answers as declared is found; one that does not is a failure with what it said last."""
    office.start_worker()
    office.client.containers.run(
        "busybox:stable",
        ["sh", "-c", "mkdir /w; echo tide is high > /w/up; exec httpd -f -p 8090 -h /w"],
        detach=True,
        name="page",
        init=True,
        ports={"8090/tcp": 8091},
    )
    try:
        here = f"http://{lab.address('web-3')}:8091"
        good, bad = "shop-80-aaaa.check@web-3.1", "shop-81-aaaa.check@web-3.1"
        office.desk.order(good, "check_http", {"url": f"{here}/up", "contains": "tide", "interval": "200ms"})
        office.desk.order(bad, "check_http", {"url": f"{here}/no", "interval": "200ms", "deadline": "1s"})
        assert office.final(good)["outputs"]["status"] == 200
        error = office.final(bad)["error"]
        assert (error["code"], "it answered 404, expected 200-399" in error["message"]) == (
            "check_failed",
            True,
        )
    finally:
        office.client.containers.get("page").remove(force=True)
