"""backup_database against a real PostgreSQL: a dump that is kept, measured and restored; and what can go wrong."""

import hashlib
import json
import shutil
from itertools import count
from pathlib import Path

import pytest

from tests.lab import shop, wait_until
from tests.unit.workers.post_office import post_office

pytestmark = pytest.mark.lab
PARAMETERS = {"engine": "postgres", "container": shop.DATABASE, "database": "shop", "user": "shop", "keep": 2}
NUMBERS = count(1)


@pytest.fixture(scope="module")
def database(lab):
    """The shop's database on db-1, with a thousand orders."""
    started = shop.start_database(lab)
    yield started
    lab.client("db-1").containers.get(started.container).remove(force=True, v=True)
    lab.client("db-1").volumes.get("shop-db").remove()


@pytest.fixture
def office(lab, tmp_path, database):  # noqa: ARG001 - it must run before
    with post_office(lab, "db-1", tmp_path / "office") as one:
        yield one


def order(office, **more):
    attempt = f"shop-{next(NUMBERS)}-aaaa.backup@db-1.1"
    office.desk.order(attempt, "backup_database", {**PARAMETERS, **more})
    return attempt


def files(office):
    folder = office.folder / "state" / "backups"
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def test_a_backup_is_a_verified_artifact(office):
    """Id, size, SHA-256 and duration are true, the dump was restored, only `keep` stay, nothing else is left."""
    office.start_worker()
    attempts, done = [], []
    for _ in range(3):  # one after the other: whose turn is next is not promised
        attempts.append(order(office))
        done.append(office.final(attempts[-1])["outputs"])
    kept = [attempt.replace("@", "-") for attempt in attempts[1:]]
    assert files(office) == sorted(f"{name}.{end}" for name in kept for end in ("dump", "json"))
    last = done[-1]
    dump = Path(last["file"]).read_bytes()
    assert (last["size"], last["sha256"]) == (len(dump), hashlib.sha256(dump).hexdigest())
    assert (last["restored"], last["tables"] > 0, last["seconds"] > 0) == (True, True, True)
    assert {
        key: json.loads(Path(last["file"]).with_suffix(".json").read_text())[key]
        for key in last
        if key != "file"
    } == {key: value for key, value in last.items() if key != "file"}
    assert office.instances() == {}


def test_what_can_go_wrong_has_a_sentence(office):
    """No such database, no such container: a code, and pg_dump's own words."""
    office.start_worker()
    unknown = office.final(order(office, database="shoes"))["error"]
    absent = office.final(order(office, container="nobody"))["error"]
    assert (unknown["code"], absent["code"]) == ("dump_failed", "container_unknown")
    assert 'database "shoes" does not exist' in unknown["message"]
    assert files(office) == []


@pytest.mark.parametrize(
    "point",
    [
        "before:stream:1",
        "after:stream:1",
        "after:create:1",
        "before:start:1",
        "after:put_file:1",
        "before:remove:2",
    ],
)
def test_killed_during_a_backup(office, point):
    """After kill -9 one whole, tested backup stands there; no part of one, no throw-away container, no pg_dump."""
    office.start_worker(crash_at=point)
    attempt = order(office)
    office.died()
    office.start_worker()
    done = office.final(attempt)
    assert (done["outcome"], done["outputs"]["restored"]) == ("succeeded", True), done
    assert files(office) == [f"{done['outputs']['id']}.dump", f"{done['outputs']['id']}.json"]
    assert office.instances() == {}
    processes = office.client.containers.get(shop.DATABASE).top()["Processes"]
    assert not any("pg_dump" in " ".join(line) for line in processes)


def _fill(file):
    """Write until there is no room."""
    with file.open("wb", buffering=0) as filler:
        while True:
            filler.write(bytes(1024))


def test_a_full_disk(office, lab):
    """Without room the step says so, keeps no part, and leaves earlier backups alone."""
    office.start_worker()
    assert office.final(order(office, test_restore=False))["outcome"] == "succeeded"
    before = files(office)
    office.kill_worker()
    folder = office.folder / "state" / "backups" / "shop" / "uat"
    small = lab.small_disk("db-1", "1m")
    for path in folder.iterdir():
        shutil.move(path, small / path.name)
    folder.rmdir()
    folder.symlink_to(small)
    with pytest.raises(OSError, match="No space"):
        _fill(small / "filler")
    office.start_worker()
    error = office.final(order(office))["error"]
    assert (error["code"], error["retryable"]) == ("no_space", True)
    assert (
        sorted(path.name for path in small.iterdir() if path.name not in ("filler", "lost+found")) == before
    )


def test_a_cancel_ends_the_dump(office):
    """Cancelled while pg_dump waits for a lock: pg_dump ends in the container, no part stays."""
    office.start_worker()
    container = office.client.containers.get(shop.DATABASE)
    lock = "BEGIN; LOCK TABLE orders IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(60);"
    container.exec_run(["psql", "-U", "shop", "-d", "shop", "-c", lock], detach=True)

    def dumping():
        return any("pg_dump" in " ".join(line) for line in container.top()["Processes"])

    attempt = order(office)
    wait_until(dumping, "pg_dump to run")
    office.desk.control("cancel", attempt=attempt, reason="stop")
    assert office.final(attempt)["outcome"] == "cancelled"
    wait_until(lambda: not dumping(), "pg_dump to end")
    assert files(office) == []
    kill = (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE query LIKE '%pg_sleep%' AND pid <> pg_backend_pid()"
    )
    container.exec_run(["psql", "-U", "shop", "-d", "shop", "-c", kill])
