"""Deployments: created with all their rows, queued behind the lock of their project and environment."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, func, insert, select, text, update

from config.process import Process
from coordinator.domain.plan import Plan
from coordinator.domain.starting import first_rows
from coordinator.domain.states import DeploymentStatus
from coordinator.store import rows
from coordinator.store.tables import deployments, locks, projects, stage_needs, stages, tasks
from coordinator.store.upsert import insert_once

SERIAL_LOCK = 7_834_211_907  # any number that is nobody else's
ROWS_AT_ONCE = 500  # an INSERT's size, far below what either database takes
ACTIVE = (DeploymentStatus.QUEUED.value, DeploymentStatus.RUNNING.value, DeploymentStatus.CANCELLING.value)


def next_number(tx: Connection, project: str) -> int | None:
    """Count one more deployment of the project; holds its row until the transaction ends."""
    counted = update(projects).where(projects.c.name == project)
    tx.execute(counted.values(deployments_made=projects.c.deployments_made + 1))
    return tx.execute(select(projects.c.deployments_made).where(projects.c.name == project)).scalar()


def active_like(tx: Connection, project: str, environment: str, release: str) -> str | None:
    """Return a deployment of this release to this environment that has not ended."""
    same = (
        deployments.c.project == project,
        deployments.c.environment == environment,
        deployments.c.release == release,
        deployments.c.status.in_(ACTIVE),
    )
    return tx.execute(select(deployments.c.id).where(*same).limit(1)).scalar()


def add(tx: Connection, identity: str, plan: Plan, *, process: Process, by: str, now: datetime) -> None:
    """Store the deployment, its stages, its edges and its tasks, all waiting."""
    first = first_rows(identity, plan)
    if (
        tx.dialect.name == "postgresql"
    ):  # numbers are given out one at a time; SQLite's writers are alone anyway
        tx.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": SERIAL_LOCK})
    serial = (tx.execute(select(func.max(deployments.c.serial))).scalar() or 0) + 1
    tx.execute(
        insert(deployments).values(
            id=identity,
            serial=serial,
            project=plan.project,
            environment=plan.environment,
            release=plan.release,
            created_at=now,
            created_by=by,
            cancel_grace=process.deployment.cancel_grace.total_seconds(),
            retain=process.retain.releases,
            **rows.deployment_values(first.deployment),
        )
    )
    tx.execute(insert(stages), _stage_rows(identity, plan))
    if first.needs:
        edges = [{"deployment": identity, "needs": needed, "stage": by_} for needed, by_ in first.needs]
        tx.execute(insert(stage_needs), edges)
    all_tasks = _task_rows(identity, plan)
    for start in range(0, len(all_tasks), ROWS_AT_ONCE):
        tx.execute(insert(tasks), all_tasks[start : start + ROWS_AT_ONCE])


def _stage_rows(identity: str, plan: Plan) -> list[dict[str, Any]]:
    first = {stage.key: stage for stage in first_rows(identity, plan).stages}
    return [
        {
            "deployment": identity,
            "key": stage.key,
            "position": position,
            "step": stage.step,
            "uses": stage.uses,
            "kind": stage.kind.value,
            "total": stage.total,
            "window": stage.window,
            "tolerated": stage.tolerated,
            "on_failure": stage.on_failure,
            "retries": stage.limits.retries,
            "retry_delay": stage.limits.retry_delay.total_seconds(),
            "timeout": stage.limits.timeout.total_seconds(),
            "start_within": stage.limits.start_within.total_seconds(),
            "bake": stage.bake.total_seconds(),
            "gate": rows.gate_value(stage.gate),
            "images": stage.images,
            "notes": list(stage.notes),
            **rows.stage_values(first[stage.key]),
        }
        for position, stage in enumerate(plan.stages)
    ]


def _task_rows(identity: str, plan: Plan) -> list[dict[str, Any]]:
    return [
        {
            "deployment": identity,
            "key": task.key,
            "stage": task.stage,
            "position": task.position,
            "host": task.host,
            "parameters": task.parameters,
            "status": "waiting",
            "attempt": 0,
            "sends": 0,
        }
        for task in plan.tasks
    ]


def take_lock(tx: Connection, project: str, environment: str, now: datetime) -> tuple[str, int] | None:
    """Give the free lock to the oldest queued deployment; return its id and epoch, or None.

    An epoch is at least the minutes since 1970, so that it grows although the database came from a backup.
    The lock's row is held until the transaction ends, so that two coordinators cannot both give it.
    """
    insert_once(tx, locks, {"project": project, "environment": environment, "epoch": 0})
    mine = (locks.c.project == project, locks.c.environment == environment)
    lock = tx.execute(select(locks).where(*mine).with_for_update()).mappings().one()
    if lock["deployment"] is not None:
        return None
    queued = _oldest_queued(tx, project, environment)
    if queued is None:
        return None
    epoch = max(lock["epoch"] + 1, int(now.timestamp()) // 60)
    tx.execute(update(locks).where(*mine).values(deployment=queued, epoch=epoch, since=now))
    return queued, epoch


def _oldest_queued(tx: Connection, project: str, environment: str) -> str | None:
    """Return the queued deployment that is next, its row held: a cancel that comes now waits, one before us is seen."""
    waiting = (
        deployments.c.project == project,
        deployments.c.environment == environment,
        deployments.c.status == DeploymentStatus.QUEUED.value,
    )
    return tx.execute(
        select(deployments.c.id).where(*waiting).order_by(deployments.c.serial).limit(1).with_for_update()
    ).scalar()


def startable(tx: Connection, limit: int) -> list[tuple[str, str]]:
    """Return places (project, environment) whose lock is free while a deployment is queued."""
    free = (locks.c.project == deployments.c.project) & (locks.c.environment == deployments.c.environment)
    statement = (
        select(deployments.c.project, deployments.c.environment)
        .distinct()
        .outerjoin(locks, free)
        .where(deployments.c.status == DeploymentStatus.QUEUED.value, locks.c.deployment.is_(None))
        .limit(limit)
    )
    return [(row[0], row[1]) for row in tx.execute(statement)]


def cancel_grace(tx: Connection, deployment: str) -> timedelta:
    seconds = tx.execute(
        select(deployments.c.cancel_grace).where(deployments.c.id == deployment)
    ).scalar_one()
    return timedelta(seconds=seconds)
