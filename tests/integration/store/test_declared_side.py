"""The declared side's rows where two ask at once: on both databases one of them is the first."""

import threading
from datetime import timedelta

import pytest

from coordinator.cipher import CipherError, open_cipher
from coordinator.conductor import idempotency
from coordinator.conductor.errors import Invalid
from coordinator.conductor.idempotency import Once, claim, forget, settle
from coordinator.conductor.keys import make_first_key
from coordinator.conductor.own_keys import coordinator_keys_of
from coordinator.conductor.services import Person
from coordinator.store.database import Store
from tasks.clock import now

ONCE = Once.of(Person("ci"), "releases.create", "run-1", {"project": "shop"})
OTHER = Once.of(Person("ci"), "releases.create", "run-1", {"project": "mailer"})


@pytest.fixture
def opened(database_url):
    """Two stores on one database, as two coordinators have."""
    stores = [Store(database_url), Store(database_url)]
    yield stores
    for store in stores:
        store.close()


def at_once(actions):
    """Run the actions in threads that start together; return what each returned, in order."""
    results, barrier = [None] * len(actions), threading.Barrier(len(actions))

    def run(at, action):
        barrier.wait(10)
        results[at] = action()

    threads = [threading.Thread(target=run, args=each) for each in enumerate(actions)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return results


def test_of_two_requests_with_one_key_one_is_carried_out(opened):
    """Who comes second waits for the first and is answered as it was."""

    def request(name, store):
        with store.write() as tx:
            earlier = claim(tx, ONCE, now())
            if earlier is not None:
                return earlier["by"]
            settle(tx, ONCE, {"by": name})
            return name

    answers = at_once([lambda: request("first", opened[0]), lambda: request("second", opened[1])])
    assert answers in (["first", "first"], ["second", "second"])


def test_a_request_that_failed_has_not_used_its_key(opened):
    """After a roll-back the key is free, and another request under a used key is refused."""
    store = opened[0]

    def fail():
        with store.write() as tx:
            claim(tx, ONCE, now())
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with store.write() as tx:
        assert claim(tx, ONCE, now()) is None
        settle(tx, ONCE, {"id": 1})
    with store.write() as tx, pytest.raises(Invalid, match="run-1 was used for another request"):
        claim(tx, OTHER, now())


def test_keys_are_forgotten_after_a_week(opened):
    """A key older than a week is free again, and the sweeper drops it."""
    store, later = opened[0], now() + idempotency.KEPT + timedelta(seconds=1)
    with store.write() as tx:
        claim(tx, ONCE, now())
        settle(tx, ONCE, {"id": 1})
    with store.write() as tx:
        assert [forget(tx, now()), claim(tx, OTHER, later)] == [0, None]
    with store.write() as tx:
        assert forget(tx, later + idempotency.KEPT + timedelta(seconds=1)) == 1


def test_coordinators_that_start_together_share_one_pair_of_keys(opened, tmp_path):
    """Two first starts at once make one pair of keys and one first API key."""
    cipher = open_cipher(None, tmp_path)
    pairs = at_once([lambda s=store: coordinator_keys_of(s, cipher, now()).key_id for store in opened])
    assert pairs[0] == pairs[1]
    paths = at_once([lambda s=store: make_first_key(s, tmp_path, now()) for store in opened])
    assert sorted(map(str, paths)) == sorted(["None", str(tmp_path / "admin.key")])


def test_the_wrong_master_key_stops_the_start(opened, tmp_path):
    """A coordinator with another master key says so at its start, and does not make itself new keys."""
    kept = coordinator_keys_of(opened[0], open_cipher(None, tmp_path), now()).key_id
    other = tmp_path / "other"
    other.mkdir()
    with pytest.raises(CipherError):
        coordinator_keys_of(opened[1], open_cipher(None, other), now())
    assert coordinator_keys_of(opened[1], open_cipher(None, tmp_path), now()).key_id == kept
