"""Carrying out a decision: changed rows and effects, in the transaction that the event is handled in."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, func, insert, literal, select, update

from coordinator.domain import decision as effects
from coordinator.domain.decision import Decision, Effect, Row
from coordinator.domain.events import StageDue
from coordinator.domain.states import (
    FAILURES,
    Deployment,
    Interruption,
    Stage,
    Task,
    TaskStatus,
    attempt_id,
)
from coordinator.store import rows
from coordinator.store.tables import (
    attempts,
    continuations,
    deployments,
    hosts,
    interruptions,
    locks,
    outbox,
    stages,
    tasks,
    timers,
)
from coordinator.store.upsert import upsert

IN_FLIGHT = (TaskStatus.SENT.value, TaskStatus.RUNNING.value)


def save(tx: Connection, deployment: str, decided: Decision, now: datetime) -> None:
    """Write the rows, then the effects in their order."""
    for row in decided.rows:
        _save_row(tx, row)
    for effect in decided.effects:
        _DO[type(effect)](tx, deployment, effect, now)


def _save_row(tx: Connection, row: Row) -> None:
    match row:
        case Deployment():
            tx.execute(
                update(deployments).where(deployments.c.id == row.id).values(rows.deployment_values(row))
            )
        case Stage():
            mine = (stages.c.deployment == row.deployment, stages.c.key == row.key)
            tx.execute(update(stages).where(*mine).values(rows.stage_values(row)))
        case Task():
            own = (tasks.c.deployment == row.deployment, tasks.c.key == row.key)
            tx.execute(update(tasks).where(*own).values(rows.task_values(row)))
        case Interruption():
            upsert(tx, interruptions, rows.interruption_values(row))


def _send_order(tx: Connection, deployment: str, effect: effects.SendOrder, now: datetime) -> None:
    identity = attempt_id(deployment, effect.task, effect.attempt)
    known = tx.execute(select(attempts.c.id).where(attempts.c.id == identity)).first()
    if known is None:
        values = {"id": identity, "deployment": deployment, "task": effect.task, "number": effect.attempt}
        tx.execute(insert(attempts).values(**values, host=effect.host, sent_at=now))
    _post(tx, "order", deployment, effect, "")


def _send_cancel(tx: Connection, deployment: str, effect: effects.SendCancel, _now: datetime) -> None:
    _post(tx, "cancel", deployment, effect, effect.reason)


def _post(
    tx: Connection, kind: str, deployment: str, effect: effects.SendOrder | effects.SendCancel, reason: str
) -> None:
    tx.execute(
        insert(outbox).values(
            kind=kind,
            deployment=deployment,
            task=effect.task,
            attempt=effect.attempt,
            host=effect.host,
            reason=reason,
        )
    )


def _cancel_in_flight(
    tx: Connection, deployment: str, effect: effects.CancelInFlight, _now: datetime
) -> None:
    running = select(
        literal("cancel"),
        tasks.c.deployment,
        tasks.c.key,
        tasks.c.attempt,
        tasks.c.host,
        literal(effect.reason),
    ).where(tasks.c.deployment == deployment, tasks.c.host.is_not(None), tasks.c.status.in_(IN_FLIGHT))
    columns = ["kind", "deployment", "task", "attempt", "host", "reason"]
    tx.execute(insert(outbox).from_select(columns, running))


def _abandon_in_flight(
    tx: Connection, deployment: str, _effect: effects.AbandonInFlight, now: datetime
) -> None:
    mine = (tasks.c.deployment == deployment, tasks.c.host.is_not(None), tasks.c.status.in_(IN_FLIGHT))
    held = (
        select(func.count()).select_from(tasks).where(*mine, tasks.c.host == hosts.c.name).scalar_subquery()
    )
    names = select(tasks.c.host).where(*mine)
    tx.execute(update(hosts).where(hosts.c.name.in_(names)).values(in_use=hosts.c.in_use - held))
    open_attempts = (attempts.c.deployment == deployment, attempts.c.ended_at.is_(None))
    tx.execute(update(attempts).where(*open_attempts).values(ended_at=now, outcome="abandoned"))
    tx.execute(update(tasks).where(*mine).values(status=TaskStatus.ABANDONED.value))


def _reset_failed(tx: Connection, deployment: str, effect: effects.ResetFailed, _now: datetime) -> None:
    failed = (
        tasks.c.deployment == deployment,
        tasks.c.stage == effect.stage,
        tasks.c.status.in_([status.value for status in FAILURES]),
    )
    tx.execute(update(tasks).where(*failed).values(status=TaskStatus.WAITING.value))


def _set_timer(tx: Connection, deployment: str, effect: effects.SetTimer, _now: datetime) -> None:
    key = {"deployment": deployment, "kind": effect.kind.value, "subject": effect.subject}
    upsert(tx, timers, {**key, "due": effect.due})


def _clear_timers(tx: Connection, deployment: str, effect: effects.ClearTimers, _now: datetime) -> None:
    statement = delete(timers).where(timers.c.deployment == deployment)
    if effect.subject is not None:
        statement = statement.where(timers.c.subject == effect.subject)
    tx.execute(statement)


def _take_slot(tx: Connection, _deployment: str, effect: effects.TakeSlot, _now: datetime) -> None:
    tx.execute(update(hosts).where(hosts.c.name == effect.host).values(in_use=hosts.c.in_use + 1))


def _free_slot(tx: Connection, _deployment: str, effect: effects.FreeSlot, _now: datetime) -> None:
    tx.execute(update(hosts).where(hosts.c.name == effect.host).values(in_use=hosts.c.in_use - 1))


def _record_accepted(tx: Connection, deployment: str, effect: effects.RecordAccepted, now: datetime) -> None:
    identity = attempt_id(deployment, effect.task, effect.attempt)
    first = attempts.c.accepted_at.is_(None)
    tx.execute(update(attempts).where(attempts.c.id == identity, first).values(accepted_at=now))
    tx.execute(update(attempts).where(attempts.c.id == identity).values(ended_at=None, outcome=None))


def _record_end(tx: Connection, deployment: str, effect: effects.RecordEnd, now: datetime) -> None:
    identity = attempt_id(deployment, effect.task, effect.attempt)
    ended = {"ended_at": now, "outcome": str(effect.outcome), "error": rows.error_value(effect.error)}
    tx.execute(update(attempts).where(attempts.c.id == identity).values(**ended))


def _stop_waiting(tx: Connection, deployment: str, _effect: effects.StopWaiting, _now: datetime) -> None:
    for before, after in ((TaskStatus.READY, TaskStatus.WAITING), (TaskStatus.DELAYED, TaskStatus.FAILED)):
        mine = (tasks.c.deployment == deployment, tasks.c.status == before.value)
        tx.execute(update(tasks).where(*mine).values(status=after.value))
    own = (
        tasks.c.deployment == deployment,
        tasks.c.host.is_(None),
        tasks.c.status == TaskStatus.RUNNING.value,
    )
    tx.execute(update(tasks).where(*own).values(status=TaskStatus.CANCELLED.value))


def _release_lock(tx: Connection, deployment: str, _effect: effects.ReleaseLock, _now: datetime) -> None:
    tx.execute(update(locks).where(locks.c.deployment == deployment).values(deployment=None, since=None))


def _continue(tx: Connection, deployment: str, effect: effects.Continue, _now: datetime) -> None:
    if not isinstance(effect.event, StageDue):
        raise TypeError(f"only a StageDue goes on in a transaction of its own, not {effect.event!r}")
    upsert(tx, continuations, {"deployment": deployment, "stage": effect.event.stage})


_DO: dict[type[Effect], Callable[[Connection, str, Any, datetime], None]] = {
    effects.SendOrder: _send_order,
    effects.SendCancel: _send_cancel,
    effects.CancelInFlight: _cancel_in_flight,
    effects.AbandonInFlight: _abandon_in_flight,
    effects.ResetFailed: _reset_failed,
    effects.SetTimer: _set_timer,
    effects.ClearTimers: _clear_timers,
    effects.TakeSlot: _take_slot,
    effects.FreeSlot: _free_slot,
    effects.RecordAccepted: _record_accepted,
    effects.RecordEnd: _record_end,
    effects.StopWaiting: _stop_waiting,
    effects.ReleaseLock: _release_lock,
    effects.Continue: _continue,
}
