"""The host's word about an attempt: accepted, finished; and what a failure calls for."""

from dataclasses import replace

from coordinator.domain import ending
from coordinator.domain.decision import FreeSlot, RecordAccepted, RecordEnd, TakeSlot
from coordinator.domain.draft import Draft
from coordinator.domain.events import Outcome, StageDue, TaskAccepted, TaskFinished, TimerKind
from coordinator.domain.states import (
    Interruption,
    InterruptionKind,
    InterruptionStatus,
    Stage,
    StageStatus,
    Task,
    TaskError,
    TaskStatus,
    Verdict,
)

STATUS_OF = {
    Outcome.SUCCEEDED: TaskStatus.SUCCEEDED,
    Outcome.FAILED: TaskStatus.FAILED,
    Outcome.CANCELLED: TaskStatus.CANCELLED,
    Outcome.REFUSED: TaskStatus.REFUSED,
}


def accept(draft: Draft, event: TaskAccepted) -> None:
    """The host runs it: from now on its lease must be renewed."""
    task, stage = draft.slice.task, draft.slice.stage
    if task is None or stage is None or task.attempt != event.attempt or draft.deployment.status.is_final:
        return
    if task.status.is_unheard:
        task, stage = revive(draft, task, stage)
    elif task.status is not TaskStatus.SENT:
        return  # also one that ran too long: a hung step renews its lease for ever
    draft.save(replace(task, status=TaskStatus.RUNNING, error=None))
    draft.do(RecordAccepted(task.key, task.attempt))
    draft.clear_timers(task.key)
    draft.timer(TimerKind.LEASE, task.key, draft.now + draft.slice.pace.lease)
    draft.timer(
        TimerKind.TIMEOUT, task.key, draft.now + stage.limits.timeout + draft.slice.pace.timeout_margin
    )


def revive(draft: Draft, task: Task, stage: Stage) -> tuple[Task, Stage]:
    """A failure was only presumed and the host speaks again: take the failure back."""
    revived = replace(stage, failed=stage.failed - 1, alive=stage.alive + 1)
    draft.save(revived)
    draft.count(failed=-1, in_flight=1)
    if task.host is not None:
        draft.do(TakeSlot(task.host))
    now_open = (revived if each.key == revived.key else each for each in draft.slice.open_stages)
    if draft.deployment.held and not any(each.is_over_limit for each in now_open):
        _withdraw_guidance(draft)
    return replace(task, status=TaskStatus.RUNNING), revived


def _withdraw_guidance(draft: Draft) -> None:
    """No stage has more failures than it tolerates: the question answers itself, and what was held goes on."""
    for interruption in draft.interruptions:
        if interruption.kind is InterruptionKind.GUIDANCE and interruption.status is InterruptionStatus.OPEN:
            draft.save(replace(interruption, status=InterruptionStatus.WITHDRAWN))
            draft.clear_timers(interruption.id)
            draft.count(open_interruptions=-1)
    draft.change(held=False)
    for stage in draft.slice.open_stages:
        draft.then(StageDue(stage.key))


def finish(draft: Draft, event: TaskFinished) -> None:
    """The host's final word about the newest attempt; a repeated or outdated one changes nothing."""
    task, stage = draft.slice.task, draft.slice.stage
    if task is None or stage is None or task.attempt != event.attempt or draft.deployment.status.is_final:
        return
    if _waits_to_be_retried(task) and event.outcome is Outcome.SUCCEEDED:
        task, stage = _recall(draft, task, stage)
    elif task.status.is_presumed:
        task, stage = revive(draft, task, stage)
    elif not task.status.is_in_flight:
        return
    draft.do(RecordEnd(task.key, task.attempt, event.outcome, event.error))
    if event.outcome is Outcome.SUCCEEDED:
        succeed(draft, stage, task)
    else:
        fail(draft, stage, task, STATUS_OF[event.outcome], event.error)


def _waits_to_be_retried(task: Task) -> bool:
    """Whether a person asked to run it again, and the next attempt has not begun."""
    return task.attempt > 0 and task.status in (TaskStatus.WAITING, TaskStatus.READY)


def _recall(draft: Draft, task: Task, stage: Stage) -> tuple[Task, Stage]:
    """The attempt that was given up had succeeded: it is not run again, as if it had been in flight all the time."""
    alive = stage.alive if task.status.is_alive else stage.alive + 1
    draft.count(in_flight=1)
    if task.host is not None:
        draft.do(TakeSlot(task.host))
    return replace(task, status=TaskStatus.RUNNING), replace(stage, alive=alive)


def _leave_host(draft: Draft, task: Task) -> None:
    draft.clear_timers(task.key)
    if task.host is not None:
        draft.count(in_flight=-1)
        draft.do(FreeSlot(task.host))


def succeed(draft: Draft, stage: Stage, task: Task) -> None:
    _leave_host(draft, task)
    draft.save(replace(task, status=TaskStatus.SUCCEEDED, error=None))
    draft.save(replace(stage, alive=stage.alive - 1, succeeded=stage.succeeded + 1))
    draft.then(StageDue(stage.key))
    ending.end_if_over(draft)


def fail(draft: Draft, stage: Stage, task: Task, status: TaskStatus, error: TaskError | None) -> None:
    """Retry if the step says so, else count the failure and let the stage's policy decide."""
    _leave_host(draft, task)
    ended = replace(task, status=status, error=error)
    if _may_retry(draft, stage, ended):
        draft.save(replace(ended, status=TaskStatus.DELAYED))
        draft.timer(TimerKind.RETRY, task.key, draft.now + stage.limits.retry_delay)
        return
    failed = replace(stage, alive=stage.alive - 1, failed=stage.failed + 1)
    if stage.on_failure == "continue":
        failed = replace(failed, accepted=max(failed.accepted, failed.failed))
    draft.save(ended)
    draft.save(failed)
    draft.count(failed=1)
    if failed.is_over_limit:
        _call_policy(draft, failed, ended)
    draft.then(StageDue(stage.key))
    ending.end_if_over(draft)


def _may_retry(draft: Draft, stage: Stage, task: Task) -> bool:
    """Only a failure the host reported, and called worth retrying, is repeated without a person.

    A lost task is not: what it left on its host is unknown, and `lost` never sends again by itself. Nor is one whose
    stage went on without it: what follows has begun already.
    """
    told = task.status is TaskStatus.FAILED and (task.error is None or task.error.retryable)
    reported = told and stage.status is StageStatus.OPEN
    return reported and draft.deployment.verdict is None and task.attempt <= stage.limits.retries


def _call_policy(draft: Draft, stage: Stage, task: Task) -> None:
    if draft.deployment.verdict is not None:
        return
    if stage.on_failure == "stop":
        ending.give_verdict(
            draft, Verdict.FAILED, f"{task.key} {task.status.value}: {stage.step} stops on failure"
        )
    elif not draft.deployment.held:
        _ask_for_guidance(draft, stage, task)


def _ask_for_guidance(draft: Draft, stage: Stage, task: Task) -> None:
    """Hold everything and ask a person; it expires as an abort, for nothing waits for ever."""
    number = draft.deployment.guidances + 1
    identity = f"{draft.deployment.id}.guidance.{number}"
    message = task.error.message if task.error else task.status.value
    expires = draft.now + draft.slice.pace.guidance_expiry
    draft.save(
        Interruption(
            id=identity,
            deployment=draft.deployment.id,
            kind=InterruptionKind.GUIDANCE,
            task=task.key,
            plan_hash=draft.deployment.plan_hash,
            instructions=f"{task.key} {task.status.value}: {message}",
            approvers=stage.gate.approvers if stage.gate else (),
            opened_at=draft.now,
            expires_at=expires,
        )
    )
    draft.change(held=True, guidances=number)
    draft.count(open_interruptions=1)
    draft.timer(TimerKind.GUIDANCE, identity, expires)
