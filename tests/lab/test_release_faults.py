"""A release of real containers on real hosts, while its parts die: it still ends right, and nothing is made twice.

`docker events` of every host are recorded outside the product and counted.
"""

from __future__ import annotations

import signal
from contextlib import ExitStack, contextmanager, suppress

import pytest
from redis.exceptions import RedisError

from tests.lab import kill_process, shop, wait_until
from tests.lab.tidegate import GATED, SECRET, tidegate

pytestmark = pytest.mark.lab
HOSTS = ("web-1", "web-2", "web-3")


@pytest.fixture(scope="module")
def images(lab):
    """Digest of web by version; `bad` never becomes healthy."""
    good = {version: shop.build_and_push(lab, version).web_digest for version in ("1.0.0", "1.1.0")}
    return good | {"1.2.0": shop.build_and_push(lab, "1.2.0", broken="never-healthy").web_digest}


@pytest.fixture
def house(lab, images, tmp_path):  # noqa: ARG001 - the images must be in the registry
    with tidegate(lab, tmp_path / "tidegate", HOSTS) as one:
        yield one


@contextmanager
def recorded(lab):
    """Record what the engines do."""
    with ExitStack() as stack:
        yield {host: stack.enter_context(lab.engine(host).record()) for host in HOSTS}


def created(recorders):
    """How many web containers each engine made, by its own events."""
    return {host: events.count("create", tidegate__step="web") for host, events in recorders.items()}


def everywhere(digest):
    return dict.fromkeys(HOSTS, digest)


def test_a_worker_killed_in_mid_step_finishes_it_when_it_runs_again(house, lab, images):
    """Kill -9 while the new container proves its health: one container per host, the deployment succeeds."""
    house.declare(healthy="2s")
    house.release("1.0.0")
    with recorded(lab) as events:
        deployment = house.deploy("1.0.0")
        events["web-2"].wait_for("start", tidegate__step="web")
        house.kill_worker("web-2")
        house.start_worker("web-2")
        house.until(deployment, "succeeded")
        assert created(events) == everywhere(1)
    assert house.versions() == everywhere(images["1.0.0"])


def test_a_coordinator_killed_again_and_again_goes_on_where_it_was(house, lab, images):
    """Kill -9 after each report: every host still gets its one container, in order."""
    house.declare(rollout="{batch: 1}")
    house.release("1.0.0")
    with recorded(lab) as events:
        deployment = house.deploy("1.0.0")
        for host in HOSTS:
            events[host].wait_for("start", tidegate__step="web")
            house.kill_coordinator()
            house.start_coordinator()
        house.until(deployment, "succeeded")
        assert created(events) == everywhere(1)
    assert house.versions() == everywhere(images["1.0.0"])


def test_a_broker_that_dies_and_forgets_everything_costs_only_time(house, lab, images):
    """FLUSHALL, then kill -9, then FLUSHALL again during a deployment: nothing is lost and nothing is made twice."""
    house.declare(rollout="{batch: 1}", healthy="1s")
    house.release("1.0.0")
    with recorded(lab) as events:
        deployment = house.deploy("1.0.0")
        events["web-1"].wait_for("start", tidegate__step="web")
        with house.broker() as broker:
            broker.flushall()
            events["web-2"].wait_for("start", tidegate__step="web")
            kill_process(broker.info("server")["process_id"], signal.SIGKILL, 5)
            wait_until(lambda: answers(broker), "the broker to be back")
            broker.flushall()
        house.until(deployment, "succeeded")
        assert created(events) == everywhere(1)
    assert house.versions() == everywhere(images["1.0.0"])


def answers(broker):
    with suppress(RedisError, OSError):
        return broker.ping()
    return False


def test_the_remaining_hosts_run_the_old_version_while_the_gate_waits(house, images):
    """Only the canary has the new digest before somebody approves; a rejection leaves it so."""
    house.declare(rollout=GATED)
    house.release("1.0.0", "1.1.0")
    first = house.deploy("1.0.0")
    house.until(first, "waiting")
    house.answer(first, "approve")
    house.until(first, "succeeded")
    second = house.deploy("1.1.0")
    house.until(second, "waiting")
    assert house.versions() == everywhere(images["1.0.0"]) | {"web-1": images["1.1.0"]}
    house.answer(second, "reject", "order failed")
    assert house.until(second, "failed")["reason"] == "gate web/gate rejected by alice"
    assert house.versions() == everywhere(images["1.0.0"]) | {"web-1": images["1.1.0"]}


def test_a_canary_that_never_gets_healthy_leaves_the_old_version_serving_everywhere(house, images):
    """The failure is asked about, the other hosts were never touched, and the old one serves on the canary."""
    house.declare(rollout=GATED)
    house.release("1.0.0", "1.2.0")
    first = house.deploy("1.0.0")
    house.until(first, "waiting")
    house.answer(first, "approve")
    house.until(first, "succeeded")
    second = house.deploy("1.2.0")
    asked = house.until(second, "waiting")["interruptions"][0]
    assert (asked["kind"], asked["choices"]) == ("guidance", ["retry", "continue", "abort"])
    assert asked["instructions"].startswith("web@web-1 failed: ")
    assert house.versions() == everywhere(images["1.0.0"])
    house.answer(second, "abort")
    assert house.until(second, "failed")["reason"] == "aborted by alice"


def test_a_host_that_is_cut_off_is_seen_as_lost_and_its_late_word_counts(house, lab):
    """No report for a lease: `lost`, and a question; when the host is back, it goes on."""
    house.declare(rollout="{batch: 1}", healthy="2s")
    house.release("1.0.0")
    with recorded(lab) as events:
        deployment = house.deploy("1.0.0")
        house.until_task(deployment, "web@web-2", "running")
        lab.cut_off("web-2")
        try:
            asked = house.until(deployment, "waiting")["interruptions"][0]
            assert asked["instructions"].startswith("web@web-2 lost: web-2 accepted the order")
        finally:
            lab.bring_back("web-2")
        house.until(deployment, "succeeded")
        assert created(events) == everywhere(1)


def test_an_engine_that_is_dead_is_one_clear_sentence_and_a_retry_helps(house, lab, images):
    """The step fails with what to do; after the engine is back, `retry` runs that host again and no other."""
    house.declare(rollout="{batch: 1}")
    house.release("1.0.0")
    lab.engine("web-2").stop()
    try:
        with ExitStack() as stack:
            others = {h: stack.enter_context(lab.engine(h).record()) for h in ("web-1", "web-3")}
            deployment = house.deploy("1.0.0")
            asked = house.until(deployment, "waiting")["interruptions"][0]
            assert "engine" in asked["instructions"], asked["instructions"]
            lab.engine("web-2").start()
            house.answer(deployment, "retry")
            house.until(deployment, "succeeded")
            assert {h: e.count("create", tidegate__step="web") for h, e in others.items()} == {
                "web-1": 1,
                "web-3": 1,
            }
    finally:
        if not lab.engine("web-2").answers():
            lab.engine("web-2").start()
    assert house.versions() == everywhere(images["1.0.0"])


def test_a_cancel_in_mid_step_stops_the_host_and_the_old_version_serves(house, images):
    """Cancel while the new container proves its health: the host puts the old one back, the deployment is cancelled."""
    house.declare()
    house.release("1.0.0", "1.1.0")
    house.until(house.deploy("1.0.0"), "succeeded")
    house.declare(healthy="30s", rollout="{batch: 1}")
    house.admin.create_release(
        "shop", "1.1.0-slow", {"web": "1.1.0", "mailer": "1.1.0"}, idempotency_key="slow"
    )
    deployment = house.deploy("1.1.0-slow")
    house.until_task(deployment, "web@web-1", "running")
    wait_until(lambda: house.versions()["web-1"] == images["1.1.0"], "the new container to run")
    house.alice.cancel(deployment)
    house.until(deployment, "cancelled")
    wait_until(lambda: house.versions() == everywhere(images["1.0.0"]), "the old version to serve again")


def test_no_secret_is_readable_in_the_broker_the_database_the_logs_or_the_journals(house):
    """Searched byte by byte while a deployment runs and after it: only the container's own environment shows it."""
    house.declare(rollout=GATED)
    house.release("1.0.0")
    deployment = house.deploy("1.0.0")
    house.until(deployment, "waiting")
    assert SECRET.encode() not in everything_in(house)
    house.answer(deployment, "approve")
    house.until(deployment, "succeeded")
    assert SECRET.encode() not in everything_in(house)
    found = [
        str(path)
        for path in house.programs.ground.folder.rglob("*")
        if path.is_file() and SECRET.encode() in path.read_bytes()
    ]
    assert found == []


def everything_in(house):
    """Every key of the broker with its serialised value."""
    with house.broker() as broker:
        return b"".join(key + (broker.dump(key) or b"") for key in broker.scan_iter(count=1000))
