"""Deadlines and other work that waits in rows for the sweeper."""

from datetime import datetime

from sqlalchemy import Connection, and_, delete, exists, select, update

from coordinator.domain.events import TimerKind
from coordinator.domain.states import DeploymentStatus, TaskStatus
from coordinator.store.slices import TASKS_PER_HOST
from coordinator.store.tables import continuations, deployments, hosts, tasks, timers

UNTIL_HEARD = (TimerKind.START.value, TimerKind.LEASE.value, TimerKind.TIMEOUT.value)
FROM_HOSTS = (TimerKind.ACCEPT.value, *UNTIL_HEARD)


def due(tx: Connection, now: datetime, limit: int, *, deaf: bool) -> list[tuple[str, TimerKind, str]]:
    """Return the oldest timers that are due: (deployment, kind, subject); when deaf, none that a host's word stops."""
    statement = select(timers).where(timers.c.due <= now)
    if deaf:
        statement = statement.where(timers.c.kind.not_in(FROM_HOSTS))
    found = tx.execute(statement.order_by(timers.c.due).limit(limit)).mappings()
    return [(row["deployment"], TimerKind(row["kind"]), row["subject"]) for row in found]


def take(tx: Connection, deployment: str, kind: TimerKind, subject: str, now: datetime) -> bool:
    """Remove the timer if it is (still) due; call it with the deployment's row held."""
    own = (timers.c.deployment == deployment, timers.c.kind == kind.value, timers.c.subject == subject)
    return tx.execute(delete(timers).where(*own, timers.c.due <= now)).rowcount == 1


def renew_leases(tx: Connection, deployment: str, subjects: list[str], until: datetime) -> None:
    """Move the leases of these tasks; those without one (lost, ended) stay as they are."""
    mine = (timers.c.deployment == deployment, timers.c.kind == TimerKind.LEASE.value)
    tx.execute(update(timers).where(*mine, timers.c.subject.in_(subjects)).values(due=until))


def postpone(tx: Connection, earliest: datetime) -> None:
    """Give hosts time to speak: no start, lease or timeout is judged before `earliest`."""
    early = (timers.c.kind.in_(UNTIL_HEARD), timers.c.due < earliest)
    tx.execute(update(timers).where(*early).values(due=earliest))


def continuing(tx: Connection, limit: int) -> list[tuple[str, str]]:
    """Return stages (deployment, stage) that go on in a transaction of their own."""
    found = tx.execute(select(continuations.c.deployment, continuations.c.stage).limit(limit))
    return [(row[0], row[1]) for row in found]


def take_continuation(tx: Connection, deployment: str, stage: str) -> bool:
    own = (continuations.c.deployment == deployment, continuations.c.stage == stage)
    return tx.execute(delete(continuations).where(*own)).rowcount == 1


def offers(tx: Connection, limit: int) -> list[tuple[str, str]]:
    """Return READY tasks (deployment, task) of deployments that accept work, whose host has a free place.

    Oldest deployment first, then plan order; one per host is enough, since it takes the place.
    """
    accepting = and_(
        deployments.c.id == tasks.c.deployment,
        deployments.c.status == DeploymentStatus.RUNNING.value,
        deployments.c.held.is_(False),
        deployments.c.verdict.is_(None),
    )
    free = exists().where(hosts.c.name == tasks.c.host, hosts.c.in_use < TASKS_PER_HOST)
    statement = (
        select(tasks.c.deployment, tasks.c.key)
        .join(deployments, accepting)
        .where(tasks.c.status == TaskStatus.READY.value, free)
        .order_by(deployments.c.serial, tasks.c.position)
        .limit(limit)
    )
    return [(row[0], row[1]) for row in tx.execute(statement)]
