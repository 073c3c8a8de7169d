"""What must not stop a coordinator or lose a lock: races, messages that cannot be built or stored, wrong clocks."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import insert, select, update
from sqlalchemy import text as sql
from sqlalchemy.exc import OperationalError

from config.inventory import Host
from config.settings import CoordinatorSettings
from coordinator.conductor import deployments, inventory
from coordinator.conductor.deployments import NewDeployment
from coordinator.conductor.events import handle_in
from coordinator.conductor.inbox import Inbox
from coordinator.conductor.inventory import InventoryFile
from coordinator.conductor.relay import Relay
from coordinator.conductor.services import Person, Services
from coordinator.conductor.sweeper import Sweeper
from coordinator.domain.events import CancelRequested, TimerKind
from coordinator.program import build_services
from coordinator.store import deployments as deployment_rows
from coordinator.store import hosts, timers, views
from coordinator.store.tables import hosts as host_rows
from coordinator.store.tables import locks, outbox, projects, releases, reports, tasks
from coordinator.store.tables import timers as timer_rows
from tasks import clock
from tasks.envelope import COORDINATOR, Payload, sign
from tasks.keys import HostKeys
from tests.fakes import MemoryControl, MemorySender
from tests.integration.conductor.conftest import ALICE, PROCESS
from tests.integration.transport.waiting import wait_until

HOST = HostKeys.generate()


class Desk:
    """One coordinator's parts without their threads, one joined host, one project with a release."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self.sender, self.controls = MemorySender(), MemoryControl()
        self.relay = Relay(services, self.sender, self.controls, threading.Event())
        self.sweeper = Sweeper(services, self.sender, threading.Event())
        self.inbox = Inbox(services, self.controls)
        self.declare()

    def declare(self):
        now, source = clock.now(), PROCESS.replace("ROLLOUT", "{}")
        public = HOST.public
        keys = {
            "key_id": public.key_id,
            "sign_key": public.sign,
            "seal_key": public.seal,
            "worker_version": "1",
        }
        with self.services.store.write() as tx:
            hosts.declare(tx, Host(name="web-1", environments=("production",), roles=("web",)), now)
            hosts.save_joined(tx, "web-1", keys, now)
            applied = {"revision": 1, "deployments_made": 0, "applied_at": now, "applied_by": "alice"}
            tx.execute(insert(projects).values(name="shop", source=source, **applied))
            made = {"images": {}, "secrets": {}, "created_at": now, "created_by": "alice"}
            tx.execute(insert(releases).values(project="shop", version="1.0.0", source=source, **made))

    def deploy(self):
        return deployments.create(self.services, NewDeployment("shop", "1.0.0", "production", ALICE))

    def say(self, deployment, kind, seq, body):
        """Let the host report about its first attempt."""
        now = clock.now().timestamp()
        attempt = f"{deployment}.check@web-1.1"
        said = Payload(
            from_="web-1",
            to=COORDINATOR,
            kind=kind,
            attempt=attempt,
            seq=seq,
            iat=now,
            exp=now + 60,
            body=body,
        )
        self.inbox.receive(kind, sign(said, HOST))

    def status(self, deployment):
        with self.services.store.read() as tx:
            return views.deployment(tx, deployment)["status"], views.tasks_page(tx, deployment)[0]["status"]

    def rows(self, *columns):
        with self.services.store.read() as tx:
            return [tuple(row) for row in tx.execute(select(*columns))]

    def confirmed(self):
        """Return what was confirmed since the last look: (through, final)."""
        receiver, found = self.controls.receiver("web-1"), []
        while (args := receiver.receive(0)) is not None:
            said = json.loads(args[0])
            assert said["kind"] == "confirm"
            found.append((said["body"]["through"], said["body"]["final"]))
        return found

    def orders(self):
        return [json.loads(message.args[0]) for message in self.sender.sent]


@pytest.fixture
def desk(store, tmp_path):
    settings = CoordinatorSettings.read({}).model_copy(update={"state_dir": tmp_path})
    return Desk(build_services(settings, store, lambda: None))


@pytest.mark.postgres
@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)  # writers of SQLite are alone
def test_a_deployment_cancelled_while_it_gets_the_lock_does_not_keep_it(desk):
    """One coordinator cancels the queued deployment in the moment in which another gives it the lock."""
    with desk.services.store.write() as tx:
        tx.execute(insert(locks).values(project="shop", environment="production", deployment="shop-0-zzzz"))
    first = desk.deploy()
    with desk.services.store.write() as tx:
        tx.execute(update(locks).values(deployment=None))
    with desk.services.store.write() as cancelling:
        handle_in(desk.services, cancelling, first, CancelRequested(by="bob"))
        starting = threading.Thread(target=deployments.start_next, args=(desk.services, "shop", "production"))
        starting.start()
        starting.join(0.5)
    starting.join()
    assert desk.status(first)[0] == "cancelled"
    assert desk.rows(locks.c.deployment) == [(None,)]


def test_epochs_grow_although_the_database_was_restored_from_a_backup(desk):
    """Hosts have seen epochs that a restored database does not know of; the next one is above them all the same."""
    desk.deploy()
    seen = desk.rows(locks.c.epoch)[0][0]
    with desk.services.store.write() as tx:
        tx.execute(update(locks).values(deployment=None, epoch=0))
        tx.execute(update(deployment_rows.deployments).values(status="queued"))
        later = clock.now() + timedelta(minutes=1)
        _, epoch = deployment_rows.take_lock(tx, "shop", "production", later)
    assert epoch > seen


def test_an_order_that_cannot_be_built_fails_its_task_and_stops_no_other(desk):
    """A secret of another master key, an order over 1 MiB: the task says so, and the relay goes on."""
    deployment = desk.deploy()
    with desk.services.store.write() as tx:
        tx.execute(update(tasks).values(parameters={"url": "x" * 2_000_000}))
    assert desk.relay.send_wave() == 1
    assert (desk.sender.sent, desk.rows(outbox.c.serial)) == ([], [])
    assert desk.status(deployment) == ("waiting", "refused")
    with desk.services.store.read() as tx:
        error = views.tasks_page(tx, deployment)[0]["error"]
    assert error["message"].startswith("the order cannot be built: a message of kind 'check_http' has 2000")


@pytest.mark.parametrize("part", ["relay", "sweeper"])
def test_a_database_that_is_away_for_a_while_ends_no_thread(desk, part, monkeypatch):
    """The relay and the sweeper go on when it is back; nobody else would send and sweep."""
    deployment, stop, broken = desk.deploy(), threading.Event(), threading.Event()
    original, failed = type(desk.services.store).read, threading.Event()

    def read(store):
        if broken.is_set() and threading.current_thread().name == part:
            failed.set()
            raise OperationalError("SELECT 1", {}, Exception("the server closed the connection"))
        return original(store)

    monkeypatch.setattr(type(desk.services.store), "read", read)
    broken.set()
    thread = threading.Thread(target=getattr(desk, part).run, args=(stop,), name=part)
    thread.start()
    assert failed.wait(5)
    broken.clear()
    with desk.services.store.write() as tx:
        timers.renew_leases(tx, deployment, [], clock.now())
        tx.execute(update(timer_rows).where(timer_rows.c.kind == "accept").values(due=clock.now()))
    try:
        if part == "relay":
            wait_until(lambda: desk.sender.sent, "the order is sent", 10)
        else:
            wait_until(lambda: desk.rows(tasks.c.sends) == [(2,)], "the order is sent again", 10)
    finally:
        stop.set()
        thread.join()


def test_what_a_host_says_can_always_be_stored(desk):
    """A program prints NUL bytes and the step fails with them in its message: the database keeps all of it."""
    deployment = desk.deploy()
    desk.say(deployment, "accepted", 1, {})
    line = {"at": clock.now().isoformat(), "stream": "stdout", "text": "a\0b"}
    desk.say(deployment, "log", 2, {"lines": [line]})
    error = {"code": "exit_code", "message": "it said \0"}
    desk.say(deployment, "finished", 3, {"outcome": "failed", "error": error})
    assert desk.status(deployment) == ("waiting", "failed")
    assert desk.confirmed() == [(3, True)]
    assert desk.rows(reports.c.body)[1][0]["lines"][0]["text"] == "a\ufffdb"


def test_a_report_that_does_not_fit_is_dropped_without_its_values(desk, caplog):
    """The log names the field, not what stood in it."""
    deployment = desk.deploy()
    desk.say(deployment, "finished", 1, {"outcome": "hunter22"})
    assert "does not fit at outcome" in caplog.text
    assert "hunter22" not in caplog.text


def test_a_long_log_is_confirmed_while_it_runs(desk):
    """Else the host would repeat its first hundreds of reports every half minute until the step ends."""
    deployment = desk.deploy()
    desk.say(deployment, "accepted", 1, {})
    for seq in range(2, 40):
        desk.say(deployment, "progress", seq, {"done": float(seq)})
    assert desk.confirmed() == [(16, False), (32, False)]


def test_an_order_is_told_in_the_time_of_a_host_whose_clock_is_fast(desk):
    """Ten minutes ahead, it would refuse every order as expired; a clock that seems slow changes nothing."""
    desk.deploy()
    ends = []
    for ahead in (0.0, 600.0, -600.0):
        with desk.services.store.write() as tx:
            tx.execute(update(host_rows).values(clock_offset=ahead))
            tx.execute(update(timer_rows).where(timer_rows.c.kind == "accept").values(due=clock.now()))
        desk.sweeper.sweep()
        desk.relay.send_wave()
        ends.append(round(desk.orders()[-1]["exp"] - desk.orders()[0]["exp"]))
    assert ends == [0, 600, 0]


def test_a_timeout_is_not_judged_before_the_host_could_speak(desk):
    """The broker, or the coordinator, was away when the step ended: its report comes first."""
    deployment = desk.deploy()
    desk.say(deployment, "accepted", 1, {})
    with desk.services.store.write() as tx:
        tx.execute(update(timer_rows).values(due=clock.now() - timedelta(hours=1)))
    with desk.services.store.read() as tx:
        assert timers.due(tx, clock.now(), 10, deaf=True) == []
        kinds = {kind for _, kind, _ in timers.due(tx, clock.now(), 10, deaf=False)}
    assert kinds == {TimerKind.LEASE, TimerKind.TIMEOUT}
    with desk.services.store.write() as tx:
        timers.postpone(tx, clock.now() + timedelta(seconds=45))
    desk.sweeper.sweep()
    assert desk.status(deployment) == ("running", "running")


@pytest.mark.postgres
@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)  # writers of SQLite are alone
def test_an_inventory_is_applied_although_reports_come_in(desk):
    """The database ends one of two transactions that wait for each other; who applies does not see it."""
    text = "hosts:\n  - {name: web-1, environments: [production], roles: [web, db]}\n"
    waiting = sql("SELECT count(*) FROM pg_locks WHERE NOT granted")
    with ThreadPoolExecutor(1) as person:
        with desk.services.store.write() as report:
            report.execute(select(host_rows).with_for_update())
            admin = Person("root", ("admins",))
            applied = person.submit(inventory.apply, desk.services, InventoryFile(text), admin)
            wait_until(lambda: desk_waits(desk, waiting), "the inventory waits for the report's host")
            report.execute(update(host_rows).values(seen_at=clock.now()))
        assert applied.result(20).changed == ("web-1",)


def desk_waits(desk, statement):
    with desk.services.store.read() as tx:
        return tx.execute(statement).scalar_one() > 0
