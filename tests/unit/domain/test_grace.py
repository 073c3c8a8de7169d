"""A cancel waits for hosts no longer than its grace period."""

from datetime import timedelta

from coordinator.domain.events import CancelRequested, DeploymentStarted, TimerFired, TimerKind
from coordinator.domain.states import DeploymentStatus, TaskStatus
from tests.memory_store import MemoryStore
from tests.plans import NOON, canary_plan


def test_a_host_that_does_not_stop_is_abandoned_when_the_grace_is_over():
    """The deadline is set with the cancel; when it passes, the deployment ends and says how many did not stop."""
    store = MemoryStore("shop-1-test", canary_plan())
    store.handle(DeploymentStarted(epoch=1), NOON)
    store.handle(CancelRequested("bob", timedelta(minutes=2)), NOON)
    assert store.timers[TimerKind.GRACE, ""] == NOON + timedelta(minutes=2)
    store.handle(TimerFired(TimerKind.GRACE, ""), NOON + timedelta(minutes=2))
    assert (store.deployment.status, store.deployment.reason) == (
        DeploymentStatus.CANCELLED,
        "cancelled by bob; 1 task(s) did not stop in time",
    )
    assert (store.tasks["backup@h1"].status, store.in_use["h1"]) == (TaskStatus.ABANDONED, 0)
