"""Opening stages and filling their windows."""

from dataclasses import replace

from coordinator.domain import ending
from coordinator.domain.decision import CHUNK, Continue, SendOrder, TakeSlot
from coordinator.domain.draft import Draft
from coordinator.domain.events import DeploymentStarted, StageDue, TimerKind
from coordinator.domain.states import (
    DeploymentStatus,
    Interruption,
    InterruptionKind,
    Stage,
    StageKind,
    StageStatus,
    Task,
    TaskStatus,
)


def start(draft: Draft, event: DeploymentStarted) -> None:
    """Take up the plan: every stage that needs nothing opens."""
    if draft.deployment.status is not DeploymentStatus.QUEUED:
        return
    draft.change(status=DeploymentStatus.RUNNING, started_at=draft.now, epoch=event.epoch)
    for stage in draft.slice.open_stages:
        if stage.unmet == 0:
            open_stage(draft, stage)


def open_stage(draft: Draft, stage: Stage) -> None:
    draft.save(replace(stage, status=StageStatus.OPEN))
    draft.then(StageDue(stage.key))


def look_at_stage(draft: Draft) -> None:
    """Close the stage if it is complete, else start what its window has room for."""
    stage = draft.slice.stage
    if stage is None or stage.status is not StageStatus.OPEN or draft.deployment.status.is_final:
        return
    if stage.is_complete:
        _close(draft, stage)
    elif draft.deployment.accepts_work:
        _fill(draft, stage)


def _close(draft: Draft, stage: Stage) -> None:
    draft.save(replace(stage, status=StageStatus.DONE))
    draft.count(stages_left=-1)
    for follower in draft.slice.followers:
        if follower.unmet == 1:
            open_stage(draft, replace(follower, unmet=0))
        else:
            draft.save(replace(follower, unmet=follower.unmet - 1))
    ending.end_if_over(draft)


def _fill(draft: Draft, stage: Stage) -> None:
    """Admit the next tasks in plan order; never more than the window at once."""
    admitted = draft.slice.candidates[: min(CHUNK, max(0, stage.window - stage.alive))]
    if not admitted:
        return
    filled = replace(stage, alive=stage.alive + len(admitted))
    draft.save(filled)
    for task in admitted:
        _begin(draft, filled, task)
    waiting = filled.total - filled.alive - filled.succeeded - filled.failed
    if len(admitted) == CHUNK and filled.alive < filled.window and waiting > 0:
        draft.do(Continue(StageDue(stage.key)))


def _begin(draft: Draft, stage: Stage, task: Task) -> None:
    match stage.kind:
        case StageKind.HOSTS:
            begin_attempt(draft, stage, task)
        case StageKind.BAKE:
            draft.save(replace(task, status=TaskStatus.RUNNING))
            draft.timer(TimerKind.BAKE, task.key, draft.now + stage.bake)
        case StageKind.GATE:
            draft.save(replace(task, status=TaskStatus.RUNNING))
            _ask(draft, stage, task)


def begin_attempt(draft: Draft, stage: Stage, task: Task) -> None:
    """Send the next attempt of an admitted task to its host, or let it wait until the host is free."""
    if task.host is None or task.host in draft.slice.busy:
        draft.save(replace(task, status=TaskStatus.READY))
        return
    sent = replace(task, status=TaskStatus.SENT, attempt=task.attempt + 1, sends=1, error=None)
    draft.save(sent)
    draft.count(in_flight=1)
    draft.do(TakeSlot(task.host), SendOrder(task.key, sent.attempt, task.host))
    draft.timer(TimerKind.ACCEPT, task.key, draft.now + draft.slice.pace.resend_delay(sends=1))
    draft.timer(TimerKind.START, task.key, draft.now + stage.limits.start_within)


def offer_slot(draft: Draft) -> None:
    """Start a READY task whose host may have become free."""
    task, stage = draft.slice.task, draft.slice.stage
    if task is None or stage is None or task.status is not TaskStatus.READY:
        return
    if draft.deployment.accepts_work and task.host not in draft.slice.busy:
        begin_attempt(draft, stage, task)


def _ask(draft: Draft, stage: Stage, task: Task) -> None:
    """Open the gate's interruption; it expires and never approves itself."""
    terms = stage.gate
    if terms is None:
        raise ValueError(f"stage {stage.key} is a gate without terms: the planner must give it some")
    expires = draft.now + terms.timeout
    draft.save(
        Interruption(
            id=f"{draft.deployment.id}.{task.key}",
            deployment=draft.deployment.id,
            kind=InterruptionKind.GATE,
            task=task.key,
            plan_hash=draft.deployment.plan_hash,
            instructions=terms.instructions,
            approvers=terms.approvers,
            opened_at=draft.now,
            expires_at=expires,
        )
    )
    draft.count(open_interruptions=1)
    draft.timer(TimerKind.GATE, task.key, expires)
