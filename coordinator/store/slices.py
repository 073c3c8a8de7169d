"""Loading the slice of rows that one event touches: a bounded number at any size of the plan."""

from collections.abc import Iterable
from dataclasses import replace

from sqlalchemy import Connection, RowMapping, Select, and_, exists, select

from coordinator.domain.decision import CHUNK, Slice
from coordinator.domain.events import (
    CancelRequested,
    DeploymentStarted,
    Event,
    InterruptionAnswered,
    SlotOffered,
    StageDue,
    TaskAccepted,
    TaskFinished,
    TimerFired,
    TimerKind,
)
from coordinator.domain.pace import DEFAULT_PACE, Pace
from coordinator.domain.states import Deployment, Interruption, Stage, StageStatus, Task, TaskStatus
from coordinator.store import rows
from coordinator.store.tables import deployments, hosts, interruptions, stage_needs, stages, tasks

TASKS_PER_HOST = 1


def lock_deployment(tx: Connection, deployment: str) -> Deployment | None:
    """Read the header and hold its row until the transaction ends (on SQLite the transaction itself does)."""
    statement = select(deployments).where(deployments.c.id == deployment)
    row = tx.execute(statement.with_for_update()).mappings().first()
    return rows.deployment_of(row) if row else None


def load_slice(tx: Connection, header: Deployment, event: Event, pace: Pace = DEFAULT_PACE) -> Slice:
    """Return what `advance` needs to handle `event`."""
    return replace(_load(tx, header, event), pace=pace)


def _load(tx: Connection, header: Deployment, event: Event) -> Slice:
    match event:
        case StageDue(stage=key):
            return _for_stage(tx, header, key)
        case SlotOffered(task=key) | TaskAccepted(task=key) | TaskFinished(task=key):
            return _for_task(tx, header, key)
        case TimerFired(kind=TimerKind.GRACE | TimerKind.GUIDANCE) | CancelRequested():
            return Slice(header, interruptions=_open_interruptions(tx, header))
        case TimerFired(subject=key):
            return _for_task(tx, header, key)
        case InterruptionAnswered(interruption=identity):
            return _for_answer(tx, header, identity)
        case DeploymentStarted():
            return Slice(header, open_stages=_stages(tx, header, StageStatus.WAITING, roots_only=True))


def _for_stage(tx: Connection, header: Deployment, key: str) -> Slice:
    stage = _stage(tx, header, key)
    if stage is None:
        return Slice(header)
    candidates = _candidates(tx, stage) if header.accepts_work and not stage.is_complete else ()
    return Slice(
        header,
        stage=stage,
        followers=_followers(tx, stage) if stage.is_complete else (),
        candidates=candidates,
        busy=_busy(tx, (task.host for task in candidates), queue=True),
        interruptions=_open_interruptions(tx, header),
    )


def _for_task(tx: Connection, header: Deployment, key: str) -> Slice:
    task = _task(tx, header, key)
    if task is None:
        return Slice(header)
    return Slice(
        header,
        task=task,
        stage=_stage(tx, header, task.stage),
        busy=_busy(tx, (task.host,), queue=False),
        interruptions=_open_interruptions(tx, header),
        open_stages=_stages(tx, header, StageStatus.OPEN) if header.held else (),
    )


def _for_answer(tx: Connection, header: Deployment, identity: str) -> Slice:
    asked = _open_interruptions(tx, header)
    named = next((item for item in asked if item.id == identity), None)
    task = _task(tx, header, named.task) if named else None
    return Slice(
        header,
        task=task,
        stage=_stage(tx, header, task.stage) if task else None,
        open_stages=_stages(tx, header, StageStatus.OPEN),
        interruptions=asked,
    )


def _stage(tx: Connection, header: Deployment, key: str) -> Stage | None:
    found = _first(tx, select(stages).where(stages.c.deployment == header.id, stages.c.key == key))
    return rows.stage_of(found) if found else None


def _stages(
    tx: Connection, header: Deployment, status: StageStatus, *, roots_only: bool = False
) -> tuple[Stage, ...]:
    statement = select(stages).where(stages.c.deployment == header.id, stages.c.status == status.value)
    if roots_only:
        statement = statement.where(stages.c.unmet == 0)
    found = tx.execute(statement.order_by(stages.c.position)).mappings()
    return tuple(rows.stage_of(row) for row in found)


def _followers(tx: Connection, stage: Stage) -> tuple[Stage, ...]:
    edge = and_(stages.c.deployment == stage_needs.c.deployment, stages.c.key == stage_needs.c.stage)
    statement = (
        select(stages)
        .join(stage_needs, edge)
        .where(stage_needs.c.deployment == stage.deployment, stage_needs.c.needs == stage.key)
        .order_by(stages.c.position)
    )
    return tuple(rows.stage_of(row) for row in tx.execute(statement).mappings())


def _task(tx: Connection, header: Deployment, key: str) -> Task | None:
    found = _first(tx, _tasks_of(header.id).where(tasks.c.key == key))
    return rows.task_of(found) if found else None


def _candidates(tx: Connection, stage: Stage) -> tuple[Task, ...]:
    room = min(CHUNK, stage.window - stage.alive)
    if room <= 0:
        return ()
    waiting = (tasks.c.stage == stage.key, tasks.c.status == TaskStatus.WAITING.value)
    statement = _tasks_of(stage.deployment).where(*waiting).order_by(tasks.c.position).limit(room)
    return tuple(rows.task_of(row) for row in tx.execute(statement).mappings())


def _tasks_of(deployment: str) -> Select[tuple[object, ...]]:
    columns = [column for column in tasks.c if column is not tasks.c.parameters]
    return select(*columns).where(tasks.c.deployment == deployment)


def _busy(tx: Connection, names: Iterable[str | None], *, queue: bool) -> frozenset[str]:
    """Return the hosts without a free place; with `queue`, also those that a READY task waits for already.

    The host rows are locked in name order, so that two deployments cannot take the same place.
    """
    wanted = sorted({name for name in names if name is not None})
    if not wanted:
        return frozenset()
    ready = (tasks.c.host == hosts.c.name, tasks.c.status == TaskStatus.READY.value)
    statement = select(hosts.c.name, hosts.c.in_use, exists().where(*ready).label("waited_for"))
    locked = statement.where(hosts.c.name.in_(wanted)).order_by(hosts.c.name).with_for_update(of=hosts)
    found = tx.execute(locked).mappings()
    return frozenset(
        row["name"] for row in found if row["in_use"] >= TASKS_PER_HOST or (queue and row["waited_for"])
    )


def _open_interruptions(tx: Connection, header: Deployment) -> tuple[Interruption, ...]:
    if not header.open_interruptions:
        return ()
    mine = (interruptions.c.deployment == header.id, interruptions.c.status == "open")
    found = tx.execute(select(interruptions).where(*mine).order_by(interruptions.c.opened_at)).mappings()
    return tuple(rows.interruption_of(row) for row in found)


def _first(tx: Connection, statement: Select[tuple[object, ...]]) -> RowMapping | None:
    return tx.execute(statement).mappings().first()
