"""What a host says after it was given up, and what is left of a deployment that ended early."""

from dataclasses import replace
from datetime import timedelta

from coordinator.domain.events import (
    CancelRequested,
    DeploymentStarted,
    InterruptionAnswered,
    Outcome,
    TaskAccepted,
    TaskFinished,
    TimerFired,
    TimerKind,
)
from coordinator.domain.states import DeploymentStatus, InterruptionStatus, TaskError, TaskStatus
from tests.memory_store import MemoryStore
from tests.plans import NOON, bake_stage, canary_plan, gate_stage, hosts_stage, plan_of

LATER = NOON + timedelta(minutes=1)
WORTH_A_RETRY = TaskError("exit_code", "the container ended with exit code 1")


def started(plan, *accepted):
    store = MemoryStore("shop-1-test", plan)
    store.handle(DeploymentStarted(epoch=1), NOON)
    for task in accepted:
        store.handle(TaskAccepted(task, 1), NOON)
    return store


def test_an_attempt_that_ran_too_long_is_not_taken_back_by_its_lease():
    """A hung step keeps renewing its lease; only its final word takes the timeout back, else it would run for ever."""
    store = started(plan_of(hosts_stage("web", 1)), "web@h1")
    store.handle(TimerFired(TimerKind.TIMEOUT, "web@h1"), LATER)
    store.handle(TaskAccepted("web@h1", 1), LATER)
    assert (store.tasks["web@h1"].status, store.deployment.held) == (TaskStatus.TIMED_OUT, True)
    store.handle(TaskFinished("web@h1", 1, Outcome.SUCCEEDED), LATER)
    assert store.deployment.status is DeploymentStatus.SUCCEEDED


def test_a_failure_told_after_its_stage_was_done_is_counted_and_not_retried():
    """A lost host was tolerated and its stage is done; its late failure leaves the deployment degraded, not green."""
    plan = plan_of(
        hosts_stage("web", 2, window=2, tolerated=1, retries=1),
        hosts_stage("mailer", 1, needs=("web",)),
        first_host={"mailer": 3},
    )
    store = started(plan, "web@h1", "web@h2")
    store.handle(TimerFired(TimerKind.LEASE, "web@h1"), LATER)
    store.handle(TaskFinished("web@h2", 1, Outcome.SUCCEEDED), LATER)
    store.handle(TaskFinished("web@h1", 1, Outcome.FAILED, WORTH_A_RETRY), LATER)
    assert store.tasks["web@h1"].status is TaskStatus.FAILED
    store.handle(TaskFinished("mailer@h3", 1, Outcome.SUCCEEDED), LATER)
    assert store.deployment.status is DeploymentStatus.DEGRADED


def test_a_question_is_withdrawn_when_what_is_left_is_tolerated():
    """One failure is tolerated, a lost host made it two; when that host is back nobody needs to answer."""
    plan = plan_of(hosts_stage("web", 3, window=3, tolerated=1))
    store = started(plan, "web@h1", "web@h2", "web@h3")
    store.handle(TaskFinished("web@h1", 1, Outcome.FAILED), LATER)
    store.handle(TimerFired(TimerKind.LEASE, "web@h2"), LATER)
    assert store.deployment.held
    store.handle(TaskAccepted("web@h2", 1), LATER)
    asked = [item.status for item in store.interruptions.values()]
    assert (store.deployment.held, asked) == (False, [InterruptionStatus.WITHDRAWN])


def test_nothing_stays_running_in_a_deployment_that_ended():
    """A gate and a bake that were open when somebody cancelled are shown as cancelled."""
    store = started(plan_of(gate_stage("web/gate"), bake_stage("db/bake")))
    store.handle(CancelRequested(by="bob"), LATER)
    assert store.deployment.status is DeploymentStatus.CANCELLED
    assert {task.status for task in store.tasks.values()} == {TaskStatus.CANCELLED}


def test_a_cancel_that_was_lost_is_repeated_with_the_order_and_at_the_end():
    """The broker may lose the first one: what is sent again is told again to stop, and so is what is given up."""
    store = started(canary_plan())
    store.handle(CancelRequested(by="bob"), LATER)
    del store.outbox[:]
    store.handle(TimerFired(TimerKind.ACCEPT, "backup@h1"), LATER)
    assert [type(effect).__name__ for effect in store.outbox] == ["SendCancel", "SendOrder"]
    del store.outbox[:]
    store.handle(TimerFired(TimerKind.GRACE, ""), LATER)
    assert [type(effect).__name__ for effect in store.outbox] == ["CancelInFlight"]
    assert store.deployment.status is DeploymentStatus.CANCELLED


def test_a_rejected_gate_keeps_its_status():
    """What was decided stays readable after the end."""
    store = started(plan_of(gate_stage("web/gate")))
    store.handle(InterruptionAnswered("shop-1-test.web/gate", "reject", "alice"), LATER)
    assert store.tasks["web/gate"].status is TaskStatus.REJECTED


def test_a_lost_attempt_that_had_succeeded_is_not_run_again_while_its_retry_waits():
    """A person asked for the retry, its host is busy, and the first attempt's success arrives: that is the end."""
    store = started(plan_of(hosts_stage("migrate", 1)), "migrate@h1")
    store.handle(TimerFired(TimerKind.LEASE, "migrate@h1"), LATER)
    store.in_use["h1"] += 1  # another deployment's task
    store.handle(InterruptionAnswered("shop-1-test.guidance.1", "retry", "alice"), LATER)
    assert store.tasks["migrate@h1"].status is TaskStatus.READY
    store.handle(TaskFinished("migrate@h1", 1, Outcome.SUCCEEDED), LATER)
    assert (store.tasks["migrate@h1"].status, store.in_use) == (TaskStatus.SUCCEEDED, {"h1": 1})
    assert store.deployment.status is DeploymentStatus.SUCCEEDED


def test_the_same_while_the_window_is_full():
    """Two lost hosts are to be retried one after the other; the second one says that it was done already."""
    store = started(plan_of(hosts_stage("web", 2, window=2)), "web@h1", "web@h2")
    for host in ("h1", "h2"):
        store.handle(TimerFired(TimerKind.LEASE, f"web@{host}"), LATER)
    store.stages["web"] = replace(store.stages["web"], window=1)
    store.handle(InterruptionAnswered("shop-1-test.guidance.1", "retry", "alice"), LATER)
    assert store.tasks["web@h2"].status is TaskStatus.WAITING
    store.handle(TaskFinished("web@h2", 1, Outcome.SUCCEEDED), LATER)
    store.handle(TaskFinished("web@h1", 2, Outcome.SUCCEEDED), LATER)
    assert store.deployment.status is DeploymentStatus.SUCCEEDED
