"""A wide window is filled a bounded number of tasks at a time, and filled."""

from coordinator.domain.decision import CHUNK
from coordinator.domain.events import DeploymentStarted, StageDue
from tests.memory_store import MemoryStore
from tests.plans import NOON, hosts_stage, plan_of


def test_a_window_wider_than_one_transaction_goes_on_in_the_next():
    """Each transaction starts at most CHUNK tasks and leaves a row for the rest, until the window is full."""
    store = MemoryStore("shop-1-test", plan_of(hosts_stage("web", 60, window=40)))
    store.handle(DeploymentStarted(epoch=1), NOON)
    alive = [store.stages["web"].alive]
    while store.continuations:
        assert store.continuations == [StageDue("web")]
        store.handle(store.continuations.pop(), NOON)
        alive.append(store.stages["web"].alive)
    assert alive == [CHUNK, 2 * CHUNK, 40]
