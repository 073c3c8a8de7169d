"""The store keeps exactly the rows that the pure core decided: SQLite and PostgreSQL against the store in memory."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from coordinator.domain.events import (
    CancelRequested,
    DeploymentStarted,
    InterruptionAnswered,
    Outcome,
    SlotOffered,
    TaskAccepted,
    TaskFinished,
    TimerFired,
)
from coordinator.domain.states import TaskError
from tests.memory_store import MemoryStore
from tests.plans import NOON, canary_plan
from tests.properties.test_advance import plans
from tests.sql_deployment import SqlDeployment

IDENTITY = "shop-1-test"


def memory_rows(memory: MemoryStore) -> dict[str, object]:
    return {
        "deployment": memory.deployment,
        "stages": memory.stages,
        "tasks": memory.tasks,
        "interruptions": memory.interruptions,
        "timers": memory.timers,
        "in_use": memory.in_use,
        "continuations": {event.stage for event in memory.continuations},
    }


def moves(memory: MemoryStore) -> list[tuple[str, object]]:
    """Everything that could happen next."""
    sent = [task for task in memory.tasks.values() if task.host and task.attempt]
    fine = [("event", TaskAccepted(task.key, task.attempt)) for task in sent]
    done = [("event", TaskFinished(task.key, task.attempt, Outcome.SUCCEEDED)) for task in sent]
    error = TaskError("unhealthy", "never became healthy")
    bad = [("event", TaskFinished(task.key, task.attempt, Outcome.FAILED, error)) for task in sent]
    asked = [
        ("event", InterruptionAnswered(item.id, choice, "alice", "looks good"))
        for item in memory.interruptions.values()
        for choice in item.choices
    ]
    timers = [("timer", key) for key in sorted(memory.timers)]
    ready = [("event", SlotOffered(task.key)) for task in memory.ready()]
    going_on = [("continuation", event) for event in memory.continuations]
    hosts = [("host", host) for host in sorted(memory.in_use)]
    return [
        ("event", CancelRequested("bob")),
        *fine,
        *done,
        *done,
        *bad,
        *asked,
        *timers,
        *ready,
        *going_on,
        *hosts,
    ]


def make(move: tuple[str, object], memory: MemoryStore, sql: SqlDeployment, now) -> None:
    kind, what = move
    event = what
    if kind == "host":
        memory.in_use[what] += 1
        sql.occupy(what, +1)
        return
    if kind == "timer":
        del memory.timers[what]
        sql.drop_timer(*what)
        event = TimerFired(*what)
    elif kind == "continuation":
        memory.continuations.remove(what)
        sql.drop_continuation(what.stage)
    memory.handle(event, now)
    memory.continuations = list(dict.fromkeys(memory.continuations))
    sql.handle(event, now)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(plan=plans(), data=st.data())
def test_every_story_leaves_the_same_rows_in_the_database_as_in_memory(store, plan, data):
    """Whatever happens in whatever order, both databases hold what the state machine decided."""
    memory, sql = MemoryStore(IDENTITY, plan), SqlDeployment(store, IDENTITY, plan)
    now = NOON
    for driven in (memory, sql):
        driven.handle(DeploymentStarted(epoch=1), now)
    assert sql.rows() == memory_rows(memory)
    for _ in range(data.draw(st.integers(0, 25))):
        now += timedelta(seconds=1)
        make(data.draw(st.sampled_from(moves(memory))), memory, sql, now)
        assert sql.rows() == memory_rows(memory)


def test_the_main_job_runs_to_its_end_in_the_database(store):
    """Backup, canary, gate, the rest, mailer: each opens when what it needs is done, and the lock is free after it."""
    sql = SqlDeployment(store, IDENTITY, canary_plan(hosts=4))
    sql.handle(DeploymentStarted(epoch=1), NOON)
    order = []
    for _ in range(30):
        found = sql.rows()
        if found["deployment"].status.is_final:
            break
        sent = [task for task in found["tasks"].values() if task.status.value == "sent"]
        order.append(sorted(task.key for task in sent) or sorted(found["interruptions"]))
        for task in sent:
            sql.handle(TaskFinished(task.key, 1, Outcome.SUCCEEDED), NOON)
        if not sent:
            sql.handle(InterruptionAnswered(f"{IDENTITY}.web/gate", "approve", "alice"), NOON)
    assert order == [
        ["backup@h1"],
        ["web/canary@h1"],
        [f"{IDENTITY}.web/gate"],
        ["web@h2", "web@h3"],
        ["web@h4"],
        ["mailer@h1"],
    ]
    assert (found["deployment"].status.value, found["timers"]) == ("succeeded", {})


@pytest.mark.parametrize("hosts", [100])
def test_rows_read_and_written_per_event_do_not_grow_with_the_plan(store, hosts, count_rows):
    """An event costs the same at 100 and at 10,000 hosts: statements and rows are counted at the database."""
    costs = {}
    for size in (hosts, hosts * 100):
        sql = SqlDeployment(store, IDENTITY, canary_plan(hosts=size, window=50))
        costs[size] = count_rows(store, lambda sql=sql: main_job_with(sql, tasks_in_the_fan_out=30))
    assert costs[hosts * 100] == costs[hosts]


def main_job_with(sql: SqlDeployment, *, tasks_in_the_fan_out: int) -> None:
    sql.handle(DeploymentStarted(epoch=1), NOON)
    for task in ("backup@h1", "web/canary@h1"):
        sql.handle(TaskAccepted(task, 1), NOON)
        sql.handle(TaskFinished(task, 1, Outcome.SUCCEEDED), NOON)
    sql.handle(InterruptionAnswered(f"{IDENTITY}.web/gate", "approve", "alice"), NOON)
    for number in range(2, 2 + tasks_in_the_fan_out):
        sql.handle(TaskAccepted(f"web@h{number}", 1), NOON)
        sql.handle(TaskFinished(f"web@h{number}", 1, Outcome.SUCCEEDED), NOON)
