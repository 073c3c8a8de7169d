"""People's answers, and what happens when nobody answers. Each question is answered once."""

from dataclasses import replace

from coordinator.domain import ending
from coordinator.domain.decision import ResetFailed
from coordinator.domain.draft import Draft
from coordinator.domain.events import InterruptionAnswered, StageDue
from coordinator.domain.finishing import succeed
from coordinator.domain.states import (
    Interruption,
    InterruptionKind,
    InterruptionStatus,
    Stage,
    StageStatus,
    Task,
    TaskStatus,
    Verdict,
)


def answer(draft: Draft, event: InterruptionAnswered) -> None:
    """Carry out the answer to an open interruption; one already closed stays as it is."""
    asked = _open(draft, event.interruption)
    if asked is None or event.choice not in asked.choices or draft.deployment.status.is_final:
        return
    answered = replace(
        asked,
        status=InterruptionStatus.ANSWERED,
        choice=event.choice,
        answered_by=event.by,
        answered_at=draft.now,
        note=event.note,
    )
    _close(draft, answered)
    if asked.kind is InterruptionKind.GATE:
        _answer_gate(draft, event)
    else:
        _answer_guidance(draft, event)


def _open(draft: Draft, identity: str) -> Interruption | None:
    named = (item for item in draft.interruptions if item.id == identity)
    return next((item for item in named if item.status is InterruptionStatus.OPEN), None)


def _close(draft: Draft, interruption: Interruption) -> None:
    draft.save(interruption)
    draft.count(open_interruptions=-1)
    draft.clear_timers(interruption.id)


def _answer_gate(draft: Draft, event: InterruptionAnswered) -> None:
    task, stage = draft.slice.task, draft.slice.stage
    if task is None or stage is None:
        raise ValueError(f"{event.interruption} is a gate: its task and stage belong to the slice")
    if event.choice == "approve":
        succeed(draft, stage, task)
    else:
        _refuse_gate(draft, stage, task, TaskStatus.REJECTED, f"rejected by {event.by}")


def _refuse_gate(draft: Draft, stage: Stage, task: Task, status: TaskStatus, why: str) -> None:
    draft.clear_timers(task.key)
    draft.save(replace(task, status=status))
    draft.save(replace(stage, alive=stage.alive - 1, failed=stage.failed + 1))
    ending.give_verdict(draft, Verdict.FAILED, f"gate {task.key} {why}")


def expire_gate(draft: Draft, stage: Stage, task: Task) -> None:
    """A gate never approves itself: in the end it rejects."""
    asked = _open(draft, f"{draft.deployment.id}.{task.key}")
    if asked is not None:
        _close(draft, replace(asked, status=InterruptionStatus.EXPIRED, answered_at=draft.now))
    _refuse_gate(draft, stage, task, TaskStatus.EXPIRED, "expired without an answer")


def _answer_guidance(draft: Draft, event: InterruptionAnswered) -> None:
    draft.change(held=False)
    match event.choice:
        case "retry":
            _retry_failed(draft)
        case "continue":
            _accept_failures(draft)
        case "abort":
            ending.give_verdict(draft, Verdict.FAILED, f"aborted by {event.by}")


def _retry_failed(draft: Draft) -> None:
    """Run the failed tasks of the open stages again, and nothing else."""
    for stage in draft.slice.open_stages:
        if stage.status is StageStatus.OPEN and stage.failed:
            draft.do(ResetFailed(stage.key))
            draft.save(replace(stage, failed=0, accepted=0))
            draft.count(failed=-stage.failed)
        draft.then(StageDue(stage.key))


def _accept_failures(draft: Draft) -> None:
    """Finish the rest: the failures so far are known and no longer hold anything; the end is `degraded`."""
    for stage in draft.slice.open_stages:
        draft.save(replace(stage, accepted=max(stage.accepted, stage.failed)))
        draft.then(StageDue(stage.key))


def expire_guidance(draft: Draft, identity: str) -> None:
    asked = _open(draft, identity)
    if asked is not None:
        _close(draft, replace(asked, status=InterruptionStatus.EXPIRED, answered_at=draft.now))
        ending.give_verdict(draft, Verdict.FAILED, f"nobody answered {identity} in time")
