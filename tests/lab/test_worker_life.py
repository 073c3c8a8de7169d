"""A worker process on a lab host: joins, runs, refuses, reports, and survives what happens around it."""

import json
import signal
import sqlite3
from pathlib import Path

import pytest

from tasks import envelope
from tasks.keys import HostKeys
from tests.lab import wait_until
from tests.unit.workers.post_office import post_office
from tests.unit.workers.shop_images import parameters, pushed_images

pytestmark = pytest.mark.lab
LIVE = "shop.uat.web"
SLOW = {"path": "/up", "min_healthy_time": "60s", "interval": "100ms", "deadline": "90s"}


@pytest.fixture
def images(lab):
    return pushed_images(lab)


@pytest.fixture
def bare(lab, tmp_path):
    """A host without a running worker."""
    with post_office(lab, "web-1", tmp_path / "office") as one:
        yield one


@pytest.fixture
def office(bare):
    """A host whose worker has joined."""
    bare.start_worker()
    wait_until(lambda: _hello(bare), "hello")
    return bare


def _hello(office):
    return [r.body for r in office.desk.reports if r.kind == "hello"]


def order(office, number, images, version="1.0.0", **more):
    """Order a deployment of the shop's web; returns its attempt."""
    attempt = f"shop-{number}-aaaa.web@web-1.1"
    declared = parameters(**more.pop("declared", {}))
    office.desk.order(attempt, "deploy_image", declared, images=images[version], release=version, **more)
    return attempt


def says(office, attempt, text, seconds=30.0):
    wait_until(
        lambda: any(text in line for line in office.desk.log(attempt)), f"{attempt} to say {text!r}", seconds
    )


def test_joins_runs_and_reports(office, images):
    """A fresh worker joins, runs an order, and its reports tell the whole story; the same again changes nothing."""
    assert _hello(office)[0]["engine"]["up"] is True
    first = order(office, 1, images)
    done = office.final(first)
    assert (done["outcome"], done["outputs"]["changed"]) == ("succeeded", True), done
    assert done["facts"]["digest"] == images["1.0.0"]["web"].split("@")[1]
    assert office.instances() == {LIVE: ("running", "1.0.0")}
    kinds = [r.kind for r in office.desk.of(first)]
    assert (kinds[0], kinds[-1]) == ("accepted", "finished")
    assert set(kinds) <= {"accepted", "log", "progress", "finished"}
    assert office.final(order(office, 2, images))["outputs"]["changed"] is False


def test_a_bad_release_leaves_the_old_one_serving(office, images):
    """Never healthy, ends at once, port taken: one clear error each, and the old one serves again."""
    assert office.final(order(office, 1, images))["outcome"] == "succeeded"
    holder = office.client.containers.run(
        "busybox:stable", ["sleep", "600"], detach=True, init=True, ports={"1/tcp": 8099}
    )
    try:
        never = office.final(order(office, 2, images, "1.2.0"))
        exits = office.final(order(office, 3, images, "1.3.0"))
        taken = office.final(order(office, 4, images, "1.1.0", declared={"publish": ["8099:8080"]}))
    finally:
        holder.remove(force=True)
    codes = [each["error"]["code"] for each in (never, exits, taken)]
    assert codes == ["unhealthy", "exited", "port_taken"]
    assert all(
        "the old one (release 1.0.0) serves again" in e["error"]["message"] for e in (never, exits, taken)
    )
    assert "answered 404" in never["error"]["message"]
    assert all(each["facts"]["release"] == "1.0.0" for each in (never, exits, taken))
    assert office.instances()[LIVE] == ("running", "1.0.0")


def test_images_that_cannot_be_had(office, images, lab):
    """An unknown digest and a registry that is away are told apart, and nothing is touched."""
    assert office.final(order(office, 1, images))["outcome"] == "succeeded"
    nobody = {"web": f"{lab.registry.address}/shop/web@sha256:{'0' * 64}"}
    away = {"web": f"{lab.address()}:5999/shop/web@sha256:{'0' * 64}"}
    found = [office.final(order(office, n, {"x": i}, "x")) for n, i in ((2, nobody), (3, away))]
    assert [(f["error"]["code"], f["error"]["retryable"]) for f in found] == [
        ("image_unknown", False),
        ("registry_unreachable", True),
    ]
    assert office.instances() == {LIVE: ("running", "1.0.0")}


def test_a_dead_engine(bare, images, tmp_path):
    """The worker joins without an engine, says so in its hello, and a step fails with one clear sentence."""
    bare.start_worker(docker_host=f"unix://{tmp_path}/nobody.sock")
    wait_until(lambda: _hello(bare), "hello")
    assert _hello(bare)[0]["engine"]["up"] is False
    failed = bare.final(order(bare, 1, images))
    assert (failed["error"]["code"], failed["error"]["retryable"]) == ("engine_unreachable", True)
    assert "systemctl start docker" in failed["error"]["hint"]


def test_an_order_that_comes_twice_runs_once(office, images):
    """A repeated order is answered from the journal: no second run, its reports come again."""
    with office.lab.engine("web-1").record() as events:
        attempt = "shop-1-aaaa.web@web-1.1"
        args = office.desk.order(attempt, "deploy_image", parameters(), images=images["1.0.0"])
        office.desk.send(attempt, "deploy_image", args)
        office.final(attempt)
        before = len([r for r in office.desk.reports if r.kind == "finished"])
        office.desk.send(attempt, "deploy_image", args)
        wait_until(lambda: len([r for r in office.desk.reports if r.kind == "finished"]) > before, "it again")
        assert events.count("create", tidegate__attempt=attempt) == 1


def test_orders_that_must_not_run(office, images):
    """Late, of an older epoch, for another host, cancelled before: refused and told; forged: not even answered."""
    office.desk.epoch = 5
    assert office.final(order(office, 1, images))["outcome"] == "succeeded"
    old = order(office, 2, images, epoch=4)
    late = order(office, 3, images, exp=1.0)
    office.desk.control("cancel", attempt="shop-4-aaaa.web@web-1.1", reason="changed my mind")
    wait_until(lambda: _journal_has(office, "shop-4-aaaa.web@web-1.1"), "the cancel")
    cancelled = order(office, 4, images)
    other = order(office, 5, images, to="web-9")
    forged = "shop-6-aaaa.web@web-1.1"
    payload = office.desk.payload(forged, "deploy_image", parameters(), images=images["1.0.0"])
    office.desk.send(forged, "deploy_image", envelope.sign(payload, HostKeys.generate()))
    wanted = {old: "old_epoch", late: "expired", cancelled: "cancelled", other: "wrong_receiver"}

    def refusals():
        return {r.attempt: r.body["code"] for r in office.desk.reports if r.kind == "refused"}

    wait_until(lambda: refusals() == wanted, f"refusals {refusals()}")
    wait_until(lambda: "bad_signature" in office.log or "unknown_sender" in office.log, "the forged one")
    assert office.desk.of(forged) == []


def _journal_has(office, attempt):
    return attempt.encode() in b"".join(p.read_bytes() for p in (office.folder / "state").glob("journal*"))


def test_a_cancel_during_the_health_wait_restores_the_old_one(office, images):
    """Cancelled half-way: the new one goes, the old one serves, the report says so."""
    office.final(order(office, 1, images))
    attempt = order(office, 2, images, "1.1.0", declared={"health": SLOW})
    says(office, attempt, f"starting {LIVE}")
    office.desk.control("cancel", attempt=attempt, reason="alice pressed stop")
    done = office.final(attempt)
    assert done["outcome"] == "cancelled"
    assert done["error"]["message"] == "alice pressed stop; the old one (release 1.0.0) serves again"
    assert office.instances()[LIVE] == ("running", "1.0.0")


def test_a_cancel_ends_a_pull(office, lab):
    """A pull from an address that does not answer ends within seconds of the cancel."""
    silent = {"web": f"{lab.address('web-3')}:5000/shop/web@sha256:{'0' * 64}"}
    lab.run("web-3", ["iptables", "-A", "INPUT", "-p", "tcp", "--dport", "5000", "-j", "DROP"])
    try:
        attempt = order(office, 1, {"x": silent}, "x")
        says(office, attempt, "pulling")
        office.desk.control("cancel", attempt=attempt, reason="stop")
        assert office.final(attempt, seconds=5)["outcome"] == "cancelled"
    finally:
        lab.run("web-3", ["iptables", "-D", "INPUT", "-p", "tcp", "--dport", "5000", "-j", "DROP"])


def test_the_workers_own_timeout(office, images):
    """A step past its timeout ends by itself, and the old one serves."""
    office.final(order(office, 1, images))
    done = office.final(order(office, 2, images, "1.1.0", timeout=3.0, declared={"health": SLOW}))
    assert (done["outcome"], done["error"]["code"]) == ("failed", "timed_out")
    assert office.instances()[LIVE] == ("running", "1.0.0")


def test_the_broker_dies_during_a_step(office, images):
    """Reports wait in the journal while the broker is away, even empty it comes back; nothing is lost."""
    slow = {**SLOW, "min_healthy_time": "3s"}
    attempt = order(office, 1, images, declared={"health": slow})
    says(office, attempt, f"starting {LIVE}")
    hellos = len(_hello(office))
    office.kill_broker()
    wait_until(lambda: "finished" in _journal_kinds(office), "the step to end without a broker", 30)
    office.start_broker()  # without its data: as after FLUSHALL
    assert office.final(attempt, 60)["outcome"] == "succeeded"
    wait_until(lambda: len(_hello(office)) > hellos, "a new hello", 30)
    numbers = [r.seq for r in office.desk.of(attempt)]
    assert numbers == list(range(1, len(numbers) + 1))


def _journal_kinds(office):
    with sqlite3.connect(office.folder / "state" / "journal.sqlite") as db:
        return {row[0] for row in db.execute("SELECT kind FROM reports")}


def test_the_engine_dies_during_the_switch(office, images, lab):
    """An engine killed while the new one is on trial: the worker waits for it, and the old one serves again."""
    declared = {"publish": []}  # a killed engine leaves its port proxies behind, which hold the port
    office.final(order(office, 1, images, declared=declared))
    attempt = order(office, 2, images, "1.1.0", declared={**declared, "health": SLOW})
    wait_until(lambda: office.instances().get(LIVE) == ("running", "1.1.0"), "the new one to run")
    lab.engine("web-1").kill()
    says(office, attempt, "waiting for it")
    lab.engine("web-1").start()
    done = office.final(attempt, 90)
    assert (done["outcome"], done["error"]["code"], done["facts"]["release"]) == ("failed", "exited", "1.0.0")
    assert office.instances()[LIVE] == ("running", "1.0.0")


def test_sigterm_leaves_the_step_to_the_next_start(office, images):
    """Stopped in good order in the middle of a step: the worker ends at once, the next start finishes the step."""
    slow = {**SLOW, "min_healthy_time": "3s"}
    attempt = order(office, 1, images, declared={"health": slow})
    says(office, attempt, f"starting {LIVE}")
    office.worker.send_signal(signal.SIGTERM)
    assert office.worker.wait(10) == 0
    assert office.desk.final(attempt) is None
    office.start_worker()
    assert office.final(attempt)["outcome"] == "succeeded"
    assert office.instances() == {LIVE: ("running", "1.0.0")}


def test_secrets_stay_secret(office, images):
    """A secret is in the container's environment and nowhere else: not in journal, log, labels, messages."""
    secret = "hunter22-and-more"
    marker = {"$secret": [{"name": "PASSWORD", "version": "sv_1"}]}
    attempt = "shop-1-aaaa.say@web-1.1"
    declared = {
        "image": "web",
        "command": ["sh", "-c", "echo it is $PASSWORD; exit 3"],
        "env": {"PASSWORD": marker},
    }
    office.desk.order(attempt, "run_container", declared, secrets={"sv_1": secret}, images=images["1.0.0"])
    assert office.final(attempt)["error"]["code"] == "exit_code"
    assert "it is [REDACTED]" in office.desk.log(attempt)
    web = "shop-2-aaaa.web@web-1.1"
    declared = parameters(env={"PASSWORD": marker}, command=["no-such-program"])
    office.desk.order(web, "deploy_image", declared, secrets={"sv_1": secret}, images=images["1.0.0"])
    assert office.final(web)["error"]["code"] == "container_unstartable"
    web = "shop-3-aaaa.web@web-1.1"
    office.desk.order(
        web,
        "deploy_image",
        parameters(env={"PASSWORD": marker}),
        secrets={"sv_1": secret},
        images=images["1.0.0"],
    )
    assert office.final(web)["outcome"] == "succeeded"
    live = office.client.containers.get(LIVE)
    assert f"PASSWORD={secret}" in live.attrs["Config"]["Env"]
    state = [path for path in (office.folder / "state").rglob("*") if path.is_file()]
    leaks = [path.name for path in state if secret.encode() in path.read_bytes()]
    assert leaks == []
    assert secret not in office.log + "".join(office.desk.raw) + json.dumps(live.labels)


def test_an_idle_worker_is_small(office):
    """Idle, it takes less than 64 MB (PSS)."""
    rollup = Path(f"/proc/{office.worker.pid}/smaps_rollup").read_text()
    pss = next(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:"))
    print(f"idle worker: {pss / 1024:.1f} MB PSS\n{rollup}")
    assert pss < 64 * 1024
