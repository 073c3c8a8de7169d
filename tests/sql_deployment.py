"""One deployment in the real store, driven like `MemoryStore`, so that both can be held to the same stories."""

from datetime import datetime

from sqlalchemy import insert, select, update

from config.process import Process, Step
from coordinator.conductor.events import carry_out
from coordinator.domain.events import Event, TimerKind
from coordinator.domain.plan import Plan
from coordinator.store import deployments, rows, timers
from coordinator.store.database import Store
from coordinator.store.slices import lock_deployment
from coordinator.store.tables import (
    continuations,
    hosts,
    interruptions,
    metadata,
    projects,
    releases,
    stages,
    tasks,
)
from coordinator.store.tables import timers as timer_rows
from tests.plans import NOON

PROCESS = Process(project="shop", environments=("production",), steps=(Step(id="web", uses="deploy_image"),))


def declare(store: Store, plan: Plan) -> None:
    """Store the project, release and joined hosts that the plan speaks of."""
    with store.write() as tx:
        tx.execute(
            insert(projects).values(
                name=plan.project,
                source="",
                revision=1,
                deployments_made=0,
                applied_at=NOON,
                applied_by="alice",
            )
        )
        snapshot = {"source": "", "images": {}, "secrets": {}, "created_at": NOON, "created_by": "alice"}
        tx.execute(insert(releases).values(project=plan.project, version=plan.release, **snapshot))
        declared = {"environments": ["production"], "roles": [], "labels": {}, "variables": {}}
        joined = [{"name": name, "added_at": NOON, "joined_at": NOON, **declared} for name in plan.hosts]
        if joined:
            tx.execute(insert(hosts), joined)


def empty(store: Store) -> None:
    """Remove every row, so that one database serves many stories."""
    with store.write() as tx:
        for table in reversed(metadata.sorted_tables):
            tx.execute(table.delete())


class SqlDeployment:
    """The same verbs and rows as tests.memory_store.MemoryStore."""

    def __init__(self, store: Store, identity: str, plan: Plan) -> None:
        self.store, self.identity = store, identity
        empty(store)
        declare(store, plan)
        with store.write() as tx:
            deployments.add(tx, identity, plan, process=PROCESS, by="alice", now=NOON)
            deployments.take_lock(tx, plan.project, plan.environment, NOON)

    def handle(self, event: Event, now: datetime) -> None:
        with self.store.write() as tx:
            carry_out(tx, self.identity, event, now)

    def occupy(self, host: str, by: int) -> None:
        with self.store.write() as tx:
            tx.execute(update(hosts).where(hosts.c.name == host).values(in_use=hosts.c.in_use + by))

    def drop_timer(self, kind: TimerKind, subject: str) -> None:
        with self.store.write() as tx:
            due = tx.execute(
                select(timer_rows.c.due).where(
                    timer_rows.c.kind == kind.value, timer_rows.c.subject == subject
                )
            )
            assert timers.take(tx, self.identity, kind, subject, due.scalar_one())

    def drop_continuation(self, stage: str) -> None:
        with self.store.write() as tx:
            assert timers.take_continuation(tx, self.identity, stage)

    def rows(self) -> dict[str, object]:
        """Everything a decision can read, as domain values."""
        with self.store.read() as tx:
            deadlines = tx.execute(select(timer_rows)).mappings()
            return {
                "deployment": lock_deployment(tx, self.identity),
                "stages": {r["key"]: rows.stage_of(r) for r in tx.execute(select(stages)).mappings()},
                "tasks": {r["key"]: rows.task_of(r) for r in tx.execute(select(tasks)).mappings()},
                "interruptions": {
                    r["id"]: rows.interruption_of(r) for r in tx.execute(select(interruptions)).mappings()
                },
                "timers": {(TimerKind(r["kind"]), r["subject"]): r["due"] for r in deadlines},
                "in_use": {r["name"]: r["in_use"] for r in tx.execute(select(hosts)).mappings()},
                "continuations": {r["stage"] for r in tx.execute(select(continuations)).mappings()},
            }
