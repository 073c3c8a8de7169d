"""Deadlines that the sweeper fired."""

from dataclasses import replace

from coordinator.domain import deciding, ending
from coordinator.domain.decision import RecordEnd, SendCancel, SendOrder
from coordinator.domain.draft import Draft
from coordinator.domain.events import TimerFired, TimerKind
from coordinator.domain.filling import begin_attempt
from coordinator.domain.finishing import fail, succeed
from coordinator.domain.states import Stage, Task, TaskError, TaskStatus, Verdict


def fire(draft: Draft, event: TimerFired) -> None:
    """Do what the deadline was set for, if it still matters."""
    if draft.deployment.status.is_final or _is_void(draft, event.kind):
        return
    task, stage = draft.slice.task, draft.slice.stage
    if event.kind is TimerKind.GRACE:
        ending.abandon(draft)
    elif event.kind is TimerKind.GUIDANCE:
        deciding.expire_guidance(draft, event.subject)
    elif task is not None and stage is not None:
        _fire_for_task(draft, event.kind, stage, task)


def _is_void(draft: Draft, kind: TimerKind) -> bool:
    """Once a verdict is in, nothing new starts: only what runs on hosts still has deadlines."""
    return draft.deployment.verdict is not None and kind in (TimerKind.GATE, TimerKind.BAKE, TimerKind.RETRY)


def _fire_for_task(draft: Draft, kind: TimerKind, stage: Stage, task: Task) -> None:
    match kind, task.status:
        case TimerKind.ACCEPT, TaskStatus.SENT:
            _send_again(draft, task)
        case TimerKind.START, TaskStatus.SENT:
            _presume(draft, stage, task, TaskStatus.NOT_STARTED, _never_started(stage, task))
        case TimerKind.LEASE, TaskStatus.RUNNING:
            _presume(draft, stage, task, TaskStatus.LOST, _lost(task))
        case TimerKind.TIMEOUT, TaskStatus.RUNNING:
            _presume(draft, stage, task, TaskStatus.TIMED_OUT, _too_long(stage, task))
        case TimerKind.RETRY, TaskStatus.DELAYED:
            _retry(draft, stage, task)
        case TimerKind.BAKE, TaskStatus.RUNNING:
            succeed(draft, stage, task)
        case TimerKind.GATE, TaskStatus.RUNNING:
            deciding.expire_gate(draft, stage, task)
        case _:
            pass  # the deadline was met in the meantime


def _send_again(draft: Draft, task: Task) -> None:
    """The order may have been lost on its way: the same attempt, the same id.

    So may the cancel: once one is asked for, it goes before the order, which the host then refuses.
    """
    again = replace(task, sends=task.sends + 1)
    draft.save(again)
    if task.host is not None:
        if draft.deployment.verdict is Verdict.CANCELLED:
            draft.do(SendCancel(task.key, task.attempt, task.host, draft.deployment.reason))
        draft.do(SendOrder(task.key, task.attempt, task.host))
    draft.timer(TimerKind.ACCEPT, task.key, draft.now + draft.slice.pace.resend_delay(again.sends))


def _presume(draft: Draft, stage: Stage, task: Task, status: TaskStatus, error: TaskError) -> None:
    """Conclude a failure the host did not report.

    A host that never started, or runs too long, is asked to stop in case it hears us. A lost one is left to
    finish or undo what it began: its late word is still welcome.
    """
    if task.host is not None and status is not TaskStatus.LOST:
        draft.do(SendCancel(task.key, task.attempt, task.host, error.message))
    draft.do(RecordEnd(task.key, task.attempt, status.value, error))
    fail(draft, stage, task, status, error)


def _retry(draft: Draft, stage: Stage, task: Task) -> None:
    """The delay is over. While a person is asked, the task keeps its place and waits for its host's offer."""
    if draft.deployment.accepts_work:
        begin_attempt(draft, stage, task)
    else:
        draft.save(replace(task, status=TaskStatus.READY))


def _never_started(stage: Stage, task: Task) -> TaskError:
    seconds = int(stage.limits.start_within.total_seconds())
    return TaskError(
        code="never_started",
        message=f"{task.host} did not accept the order within {seconds} s ({task.sends} sends)",
        hint=f"See whether the worker on {task.host} runs and reaches the broker: tidegate hosts",
    )


def _lost(task: Task) -> TaskError:
    return TaskError(
        code="lost",
        message=f"{task.host} accepted the order and then stopped renewing its lease",
        hint=f"Look at {task.host}: its worker finishes or undoes the step when it runs again, and then reports it",
    )


def _too_long(stage: Stage, task: Task) -> TaskError:
    seconds = int(stage.limits.timeout.total_seconds())
    return TaskError(
        code="timed_out",
        message=f"{task.key} ran longer than its timeout of {seconds} s and did not stop by itself",
        hint="Look at the task's log; raise the step's timeout if the work needs longer",
    )
