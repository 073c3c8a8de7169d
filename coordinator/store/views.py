"""What people are shown of deployments: plain dicts of JSON-ready values, read page by page."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, select

from coordinator.domain.states import CHOICES, DeploymentStatus, InterruptionKind
from coordinator.store.tables import attempts, deployments, interruptions, reports, stages, tasks

View = dict[str, Any]

HEADER = (
    "id",
    "serial",
    "project",
    "environment",
    "release",
    "plan_hash",
    "created_at",
    "created_by",
    "started_at",
    "ended_at",
    "reason",
)
STAGE = (
    "key",
    "step",
    "uses",
    "kind",
    "status",
    "total",
    "window",
    "alive",
    "succeeded",
    "failed",
    "images",
    "notes",
)
TASK = ("key", "stage", "position", "host", "status", "attempt", "error")
ATTEMPT = (
    "id",
    "number",
    "host",
    "sent_at",
    "accepted_at",
    "ended_at",
    "outcome",
    "error",
    "outputs",
    "progress",
    "facts",
)


def deployments_page(
    tx: Connection,
    *,
    project: str | None = None,
    environment: str | None = None,
    status: str | None = None,
    limit: int = 50,
    before_serial: int | None = None,
) -> list[View]:
    """Return deployments, newest first, those before `before_serial`."""
    statement = select(deployments).order_by(deployments.c.serial.desc()).limit(limit)
    for column, wanted in ((deployments.c.project, project), (deployments.c.environment, environment)):
        if wanted is not None:
            statement = statement.where(column == wanted)
    if before_serial is not None:
        statement = statement.where(deployments.c.serial < before_serial)
    if status is not None:
        statement = _with_status(statement, status)
    return [_header(row) for row in tx.execute(statement).mappings()]


def _with_status(statement: Select[Any], status: str) -> Select[Any]:
    running = deployments.c.status == DeploymentStatus.RUNNING.value
    match status:
        case "waiting":
            return statement.where(running, deployments.c.open_interruptions > 0)
        case "running":
            return statement.where(running, deployments.c.open_interruptions == 0)
        case _:
            return statement.where(deployments.c.status == status)


def deployment(tx: Connection, identity: str) -> View | None:
    """Return one deployment with its stages and its open interruptions."""
    row = tx.execute(select(deployments).where(deployments.c.id == identity)).mappings().first()
    if row is None:
        return None
    of_it = select(stages).where(stages.c.deployment == identity).order_by(stages.c.position)
    return _header(row) | {
        "stages": [_chosen(stage, STAGE) for stage in tx.execute(of_it).mappings()],
        "interruptions": interruptions_page(tx, deployment=identity),
    }


def shown_status(row: RowMapping) -> str:
    """Return the status people see: `waiting` while a running deployment waits for a person."""
    waits = row["status"] == DeploymentStatus.RUNNING.value and row["open_interruptions"] > 0
    return "waiting" if waits else str(row["status"])


def tasks_page(
    tx: Connection,
    identity: str,
    *,
    stage: str | None = None,
    status: str | None = None,
    after_position: int = -1,
    limit: int = 200,
) -> list[View]:
    """Return tasks in plan order, those after `after_position`."""
    statement = select(tasks).where(tasks.c.deployment == identity, tasks.c.position > after_position)
    if stage is not None:
        statement = statement.where(tasks.c.stage == stage)
    if status is not None:
        statement = statement.where(tasks.c.status == status)
    found = tx.execute(statement.order_by(tasks.c.position).limit(limit)).mappings().all()
    progress = _progress(tx, identity, [row["key"] for row in found])
    return [_chosen(row, TASK) | {"progress": progress.get((row["key"], row["attempt"]))} for row in found]


def _progress(tx: Connection, identity: str, keys: list[str]) -> dict[tuple[str, int], View | None]:
    columns = (attempts.c.task, attempts.c.number, attempts.c.progress)
    mine = (attempts.c.deployment == identity, attempts.c.task.in_(keys), attempts.c.ended_at.is_(None))
    return {(row[0], row[1]): row[2] for row in tx.execute(select(*columns).where(*mine))}


def task(tx: Connection, identity: str, key: str) -> View | None:
    """Return one task with its parameters (secrets as version ids) and every attempt."""
    own = (tasks.c.deployment == identity, tasks.c.key == key)
    row = tx.execute(select(tasks).where(*own)).mappings().first()
    if row is None:
        return None
    tried = select(attempts).where(attempts.c.deployment == identity, attempts.c.task == key)
    found = tx.execute(tried.order_by(attempts.c.number)).mappings()
    return _chosen(row, (*TASK, "parameters")) | {"attempts": [_chosen(item, ATTEMPT) for item in found]}


def interruptions_page(
    tx: Connection,
    *,
    deployment: str | None = None,
    status: str | None = "open",
    limit: int = 100,
    after: tuple[datetime, str] | None = None,
) -> list[View]:
    """Return interruptions, the oldest first; `after` is (opened_at, id) of the last one seen."""
    statement = select(interruptions).order_by(interruptions.c.opened_at, interruptions.c.id).limit(limit)
    if deployment is not None:
        statement = statement.where(interruptions.c.deployment == deployment)
    if status is not None:
        statement = statement.where(interruptions.c.status == status)
    if after is not None:
        same = (interruptions.c.opened_at == after[0]) & (interruptions.c.id > after[1])
        statement = statement.where((interruptions.c.opened_at > after[0]) | same)
    return [_asked(row) for row in tx.execute(statement).mappings()]


def interruption(tx: Connection, identity: str) -> View | None:
    row = tx.execute(select(interruptions).where(interruptions.c.id == identity)).mappings().first()
    return _asked(row) if row else None


def logs(
    tx: Connection, identity: str, *, task: str | None = None, after_serial: int = 0, limit: int = 500
) -> list[View]:
    """Return batches of log lines in the order they arrived, those after `after_serial`."""
    mine = (reports.c.deployment == identity, reports.c.kind == "log", reports.c.serial > after_serial)
    statement = (
        select(reports.c.serial, reports.c.attempt, reports.c.body, attempts.c.task, attempts.c.host)
        .join(attempts, attempts.c.id == reports.c.attempt)
        .where(*mine)
        .order_by(reports.c.serial)
        .limit(limit)
    )
    if task is not None:
        statement = statement.where(attempts.c.task == task)
    return [
        {
            "serial": row["serial"],
            "attempt": row["attempt"],
            "task": row["task"],
            "host": row["host"],
            "lines": row["body"].get("lines", []),
        }
        for row in tx.execute(statement).mappings()
    ]


def _header(row: RowMapping) -> View:
    return _chosen(row, HEADER) | {"status": shown_status(row)}


def _asked(row: RowMapping) -> View:
    return dict(row) | {"choices": list(CHOICES[InterruptionKind(row["kind"])])}


def _chosen(row: RowMapping, names: tuple[str, ...]) -> View:
    return {name: row[name] for name in names}
