"""What an order is built from: one attempt's task, stage, deployment and host."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, select

from coordinator.domain.events import TimerKind
from coordinator.domain.states import TaskStatus
from coordinator.store.tables import deployments, hosts, stages, tasks, timers


@dataclass(frozen=True, slots=True)
class OrderFacts:
    """Everything an order says, its secrets still as version ids."""

    project: str
    environment: str
    release: str
    plan_hash: str
    epoch: int
    retain: int
    step: str
    uses: str
    images: dict[str, str]
    timeout: float
    parameters: dict[str, Any]
    host: str
    seal_key: str | None  # None: the host has no worker any more
    clock_offset: float  # seconds the host's clock was ahead when it said hello
    start_by: datetime  # the order is void after it


def order_facts(tx: Connection, deployment: str, task: str, attempt: int) -> OrderFacts | None:
    """Return what to send, or None when this attempt no longer waits to be accepted."""
    start = and_(
        timers.c.deployment == tasks.c.deployment,
        timers.c.subject == tasks.c.key,
        timers.c.kind == TimerKind.START.value,
    )
    stage = and_(stages.c.deployment == tasks.c.deployment, stages.c.key == tasks.c.stage)
    own = (
        tasks.c.deployment == deployment,
        tasks.c.key == task,
        tasks.c.attempt == attempt,
        tasks.c.status == TaskStatus.SENT.value,
    )
    header = ("project", "environment", "release", "plan_hash", "epoch", "retain")
    statement = (
        select(
            *(deployments.c[name] for name in header),
            *(stages.c[name] for name in ("step", "uses", "images", "timeout")),
            tasks.c.parameters,
            tasks.c.host,
            hosts.c.seal_key,
            hosts.c.clock_offset,
            timers.c.due.label("start_by"),
        )
        .select_from(tasks)
        .join(stages, stage)
        .join(deployments, deployments.c.id == tasks.c.deployment)
        .join(hosts, hosts.c.name == tasks.c.host)
        .join(timers, start)
        .where(*own)
    )
    found = tx.execute(statement).mappings().first()
    return OrderFacts(**found) if found else None
