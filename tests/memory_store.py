"""The running side's rows in memory: what the store does, without SQL.

A fake, written by hand for the pure core's tests. The contract test in tests/integration/store drives it and the
real store through the same stories and compares every row.
"""

from dataclasses import replace
from datetime import datetime

from coordinator.domain import decision as effects
from coordinator.domain.advance import advance
from coordinator.domain.decision import CHUNK, Decision, Effect, Slice
from coordinator.domain.events import (
    CancelRequested,
    DeploymentStarted,
    Event,
    InterruptionAnswered,
    StageDue,
    TimerFired,
    TimerKind,
)
from coordinator.domain.plan import Plan
from coordinator.domain.starting import first_rows
from coordinator.domain.states import (
    FAILURES,
    Deployment,
    Interruption,
    InterruptionStatus,
    Stage,
    StageStatus,
    Task,
    TaskStatus,
)


class MemoryStore:
    """One deployment's rows, its hosts' places, timers, outbox and continuations."""

    def __init__(self, identity: str, plan: Plan) -> None:
        first = first_rows(identity, plan)
        self.deployment: Deployment = first.deployment
        self.stages: dict[str, Stage] = {stage.key: stage for stage in first.stages}
        self.needs: tuple[tuple[str, str], ...] = first.needs  # (needed, by)
        self.tasks: dict[str, Task] = {task.key: task for task in first.tasks}
        self.interruptions: dict[str, Interruption] = {}
        self.in_use: dict[str, int] = dict.fromkeys(plan.hosts, 0)
        self.timers: dict[tuple[TimerKind, str], datetime] = {}
        self.outbox: list[Effect] = []
        self.continuations: list[StageDue] = []
        self.lock_held = True
        self.started_after_end: list[str] = []

    def handle(self, event: Event, now: datetime) -> None:
        """Handle one event and all that follow from it in the same transaction."""
        pending: list[Event] = [event]
        while pending:
            current = pending.pop(0)
            decided = advance(self.slice(current), current, now)
            self.save(decided)
            pending.extend(decided.follow_ups)

    # -- what the loader does -------------------------------------------------------------------------------

    def slice(self, event: Event) -> Slice:
        match event:
            case StageDue(stage=key):
                return self._for_stage(self.stages[key])
            case DeploymentStarted():
                roots = tuple(stage for stage in self._in(StageStatus.WAITING) if stage.unmet == 0)
                return Slice(self.deployment, open_stages=roots)
            case InterruptionAnswered(interruption=identity):
                return self._for_answer(identity)
            case CancelRequested() | TimerFired(kind=TimerKind.GRACE | TimerKind.GUIDANCE):
                return Slice(self.deployment, interruptions=self._open())
            case TimerFired(subject=key):
                return self._for_task(self.tasks[key])
            case _:
                return self._for_task(self.tasks[event.task])

    def _for_stage(self, stage: Stage) -> Slice:
        candidates: tuple[Task, ...] = ()
        if self.deployment.accepts_work and not stage.is_complete:
            room = max(0, min(CHUNK, stage.window - stage.alive))
            waiting = [t for t in self._ordered() if t.stage == stage.key and t.status is TaskStatus.WAITING]
            candidates = tuple(waiting[:room])
        followers = tuple(self.stages[by] for needed, by in self.needs if needed == stage.key)
        return Slice(
            self.deployment,
            stage=stage,
            followers=followers if stage.is_complete else (),
            candidates=candidates,
            busy=self._busy(candidates, queue=True),
            interruptions=self._open(),
        )

    def _for_task(self, task: Task) -> Slice:
        return Slice(
            self.deployment,
            task=task,
            stage=self.stages[task.stage],
            busy=self._busy((task,), queue=False),
            interruptions=self._open(),
            open_stages=self._in(StageStatus.OPEN) if self.deployment.held else (),
        )

    def _for_answer(self, identity: str) -> Slice:
        named = next((item for item in self._open() if item.id == identity), None)
        task = self.tasks[named.task] if named else None
        return Slice(
            self.deployment,
            task=task,
            stage=self.stages[task.stage] if task else None,
            open_stages=self._in(StageStatus.OPEN),
            interruptions=self._open(),
        )

    def _ordered(self) -> list[Task]:
        return sorted(self.tasks.values(), key=lambda task: task.position)

    def _in(self, status: StageStatus) -> tuple[Stage, ...]:
        return tuple(stage for stage in self.stages.values() if stage.status is status)

    def _open(self) -> tuple[Interruption, ...]:
        return tuple(i for i in self.interruptions.values() if i.status is InterruptionStatus.OPEN)

    def _busy(self, candidates: tuple[Task, ...], *, queue: bool) -> frozenset[str]:
        waited_for = {task.host for task in self.tasks.values() if task.status is TaskStatus.READY}
        return frozenset(
            task.host
            for task in candidates
            if task.host is not None and (self.in_use[task.host] >= 1 or (queue and task.host in waited_for))
        )

    # -- what saving does -----------------------------------------------------------------------------------

    def save(self, decided: Decision) -> None:
        for row in decided.rows:
            match row:
                case Deployment():
                    self.deployment = row
                case Stage():
                    self.stages[row.key] = row
                case Task():
                    self.tasks[row.key] = row
                case Interruption():
                    self.interruptions[row.id] = row
        for effect in decided.effects:
            self._do(effect)

    def _do(self, effect: Effect) -> None:  # noqa: C901, PLR0912 - one case for each effect, each of a line or two
        match effect:
            case effects.SendOrder():
                if self.deployment.status.is_final:
                    self.started_after_end.append(effect.task)
                self.outbox.append(effect)
            case effects.SendCancel() | effects.CancelInFlight():
                self.outbox.append(effect)
            case effects.AbandonInFlight():
                for task in [t for t in self.tasks.values() if t.host and t.status.is_in_flight]:
                    self.in_use[task.host] -= 1
                    self.tasks[task.key] = replace(task, status=TaskStatus.ABANDONED)
            case effects.ResetFailed(stage=stage):
                for task in [t for t in self.tasks.values() if t.stage == stage and t.status in FAILURES]:
                    self.tasks[task.key] = replace(task, status=TaskStatus.WAITING)
            case effects.SetTimer(kind=kind, subject=subject, due=due):
                self.timers[kind, subject] = due
            case effects.ClearTimers(subject=subject):
                for key in [key for key in self.timers if subject is None or key[1] == subject]:
                    del self.timers[key]
            case effects.TakeSlot(host=host):
                self.in_use[host] += 1
            case effects.FreeSlot(host=host):
                self.in_use[host] -= 1
            case effects.StopWaiting():
                after = {TaskStatus.READY: TaskStatus.WAITING, TaskStatus.DELAYED: TaskStatus.FAILED}
                for task in [t for t in self.tasks.values() if t.status in after]:
                    self.tasks[task.key] = replace(task, status=after[task.status])
                for task in [t for t in self.tasks.values() if not t.host and t.status is TaskStatus.RUNNING]:
                    self.tasks[task.key] = replace(task, status=TaskStatus.CANCELLED)
            case effects.ReleaseLock():
                self.lock_held = False
            case effects.Continue(event=event):
                self.continuations.append(event)
            case effects.RecordAccepted() | effects.RecordEnd():
                pass  # the attempts' history, which no decision reads

    # -- what the sweeper does ------------------------------------------------------------------------------

    def ready(self) -> list[Task]:
        """READY tasks that a sweep would offer their host's place to."""
        return [task for task in self._ordered() if task.status is TaskStatus.READY]
