"""The rows of a running deployment as frozen values: what `advance` reads and what it returns.

No row grows with the plan. The plan's size is the number of `Task` rows; a `Stage` counts its tasks
and a `Deployment` counts its stages, so that one event touches a handful of rows at any size.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class DeploymentStatus(StrEnum):
    """Where a deployment stands. The last four are final."""

    QUEUED = "queued"
    RUNNING = "running"
    CANCELLING = "cancelling"
    SUCCEEDED = "succeeded"
    DEGRADED = "degraded"  # ended, but not well on every host: failures were tolerated or accepted
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_final(self) -> bool:
        return self in _FINAL_DEPLOYMENT


_FINAL_DEPLOYMENT = frozenset(
    {
        DeploymentStatus.SUCCEEDED,
        DeploymentStatus.DEGRADED,
        DeploymentStatus.FAILED,
        DeploymentStatus.CANCELLED,
    }
)


class StageKind(StrEnum):
    HOSTS = "hosts"  # one task for each host, at most `window` alive at once
    BAKE = "bake"  # one task of the coordinator's own: time passes while people and probes watch
    GATE = "gate"  # one task of the coordinator's own: a person decides


class StageStatus(StrEnum):
    WAITING = "waiting"  # a stage it needs has not ended well
    OPEN = "open"
    DONE = "done"


class TaskStatus(StrEnum):
    """Where a task stands; the newest attempt is meant."""

    WAITING = "waiting"  # not admitted: its stage is closed, or the window is full
    READY = "ready"  # admitted; waits for its host to be free
    SENT = "sent"  # the order is committed; the host has not accepted it yet
    RUNNING = "running"  # accepted by the host (a gate: open; a bake: time passes)
    DELAYED = "delayed"  # failed, and waits for its retry
    SUCCEEDED = "succeeded"
    FAILED = "failed"  # the host said so
    REFUSED = "refused"  # the host would not run the order: too old, superseded, not readable
    NOT_STARTED = "not_started"  # never accepted within `start_within`
    LOST = "lost"  # accepted, and then the host stopped renewing its lease
    TIMED_OUT = "timed_out"  # ran longer than `timeout`
    REJECTED = "rejected"  # a person said no at the gate
    EXPIRED = "expired"  # nobody answered the gate in time
    CANCELLED = (
        "cancelled"  # the host stopped it when asked to (a gate or bake: the deployment ended around it)
    )
    ABANDONED = "abandoned"  # the deployment ended without hearing of it again; the host may be dirty

    @property
    def is_alive(self) -> bool:
        """Whether the task fills a place in its stage's window."""
        return self in _ALIVE

    @property
    def is_in_flight(self) -> bool:
        """Whether an attempt may be running on the host."""
        return self in (TaskStatus.SENT, TaskStatus.RUNNING)

    @property
    def is_failure(self) -> bool:
        """Whether the task counts against its stage's `tolerated` failures."""
        return self in FAILURES

    @property
    def is_presumed(self) -> bool:
        """Whether the coordinator only concluded the failure, so that the host's late word still counts."""
        return self in (TaskStatus.LOST, TaskStatus.NOT_STARTED, TaskStatus.TIMED_OUT)

    @property
    def is_unheard(self) -> bool:
        """Whether the host was only silent, so that any sign of life takes the failure back."""
        return self in (TaskStatus.LOST, TaskStatus.NOT_STARTED)


_ALIVE = frozenset({TaskStatus.READY, TaskStatus.SENT, TaskStatus.RUNNING, TaskStatus.DELAYED})
FAILURES = frozenset(
    {
        TaskStatus.FAILED,
        TaskStatus.REFUSED,
        TaskStatus.NOT_STARTED,
        TaskStatus.LOST,
        TaskStatus.TIMED_OUT,
        TaskStatus.CANCELLED,
    }
)


class Verdict(StrEnum):
    """Why a deployment ends before its plan does; nothing new starts once one is given."""

    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Deployment:
    """The header: one row, locked while an event of this deployment is handled."""

    id: str
    status: DeploymentStatus
    plan_hash: str
    epoch: int  # of its lock; an order with an older one is refused by the host
    stages_left: int
    in_flight: int = 0  # tasks SENT or RUNNING on hosts
    failed: int = 0  # tasks in a failure now, tolerated or not
    open_interruptions: int = 0
    guidances: int = 0  # guidance interruptions ever opened: numbers the next one
    held: bool = False  # a guidance is open: nothing new starts
    verdict: Verdict | None = None
    reason: str = ""  # one sentence: why it ended as it did
    started_at: datetime | None = None
    ended_at: datetime | None = None

    @property
    def accepts_work(self) -> bool:
        """Whether a new task may start."""
        return self.status is DeploymentStatus.RUNNING and not self.held and self.verdict is None


@dataclass(frozen=True, slots=True)
class Limits:
    """A step's own times and retries."""

    retries: int
    retry_delay: timedelta
    timeout: timedelta
    start_within: timedelta


@dataclass(frozen=True, slots=True)
class GateTerms:
    """What a gate asks, and of whom. `approvers` are groups or people; empty means anyone with a key."""

    instructions: str
    approvers: tuple[str, ...]
    timeout: timedelta


@dataclass(frozen=True, slots=True)
class Stage:
    """A set of tasks that open together; the stage is the barrier between what precedes and what follows."""

    deployment: str
    key: str
    step: str
    kind: StageKind
    unmet: int  # stages it needs that are not done
    total: int
    window: int
    tolerated: int  # failures that do not call the failure policy
    on_failure: str  # pause | stop | continue
    limits: Limits
    gate: GateTerms | None = None
    bake: timedelta = timedelta()
    status: StageStatus = StageStatus.WAITING
    alive: int = 0
    succeeded: int = 0
    failed: int = 0
    accepted: int = 0  # failures a person has accepted ("finish the rest")

    @property
    def is_over_limit(self) -> bool:
        return self.failed > max(self.tolerated, self.accepted)

    @property
    def is_complete(self) -> bool:
        """Whether every task ended, and no more of them badly than allowed."""
        return self.succeeded + self.failed == self.total and not self.is_over_limit


@dataclass(frozen=True, slots=True)
class TaskError:
    """Why an attempt did not end well, for the person who is paged."""

    code: str
    message: str
    hint: str = ""
    retryable: bool = True


@dataclass(frozen=True, slots=True)
class Task:
    """One node of the plan: a step on one host, or a gate or bake of the coordinator's own."""

    deployment: str
    key: str
    stage: str
    position: int  # order in the plan
    host: str | None
    status: TaskStatus = TaskStatus.WAITING
    attempt: int = 0  # number of the newest attempt; 0 before the first
    sends: int = 0  # how often the newest attempt's order was sent
    error: TaskError | None = None

    @property
    def attempt_id(self) -> str:
        """The newest attempt's id, which is its Celery task id, for example `shop-42-k7q2.web@web-1.1`."""
        return attempt_id(self.deployment, self.key, self.attempt)


def attempt_id(deployment: str, task: str, number: int) -> str:
    return f"{deployment}.{task}.{number}"


def parse_attempt_id(identity: str) -> tuple[str, str, int] | None:
    """Return (deployment, task, number) of an attempt's id, or None for what is none."""
    deployment, _, rest = identity.partition(".")
    task, _, number = rest.rpartition(".")
    return (deployment, task, int(number)) if task and number.isascii() and number.isdigit() else None


class InterruptionKind(StrEnum):
    GATE = "gate"
    GUIDANCE = "guidance"


class InterruptionStatus(StrEnum):
    OPEN = "open"
    ANSWERED = "answered"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"  # it no longer needs an answer: cancelled, or the lost host came back well


CHOICES = {
    InterruptionKind.GATE: ("approve", "reject"),
    InterruptionKind.GUIDANCE: ("retry", "continue", "abort"),
}


@dataclass(frozen=True, slots=True)
class Interruption:
    """The deployment waits for a person: a gate, or a failure that asks for guidance."""

    id: str
    deployment: str
    kind: InterruptionKind
    task: str  # the gate's task; for a guidance, the first task that failed
    plan_hash: str  # what the answer is bound to
    instructions: str
    approvers: tuple[str, ...]
    opened_at: datetime
    expires_at: datetime
    status: InterruptionStatus = InterruptionStatus.OPEN
    choice: str | None = None
    answered_by: str | None = None
    answered_at: datetime | None = None
    note: str = ""

    @property
    def choices(self) -> tuple[str, ...]:
        return CHOICES[self.kind]
