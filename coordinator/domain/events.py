"""What can happen to a deployment, in the past tense; `advance` takes one at a time."""

from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Any

from coordinator.domain.states import TaskError


class TimerKind(StrEnum):
    """Deadlines are rows; the sweeper fires them. Waiting is never a sleeping task."""

    ACCEPT = "accept"  # the order was not accepted in time: send the same attempt again
    START = "start"  # `start_within` is over: never started
    LEASE = "lease"  # the host stopped renewing
    TIMEOUT = "timeout"  # the step ran too long (the host enforces it first)
    RETRY = "retry"  # the delay before a retry is over
    BAKE = "bake"  # the bake is over
    GATE = "gate"  # the gate expired
    GUIDANCE = "guidance"  # nobody said what to do about a failure
    GRACE = "grace"  # a cancelled deployment waited long enough for its hosts


class Outcome(StrEnum):
    """How an attempt ended, in the host's own word."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class DeploymentStarted:
    """The lock of its project and environment was taken for it, with this epoch."""

    epoch: int


@dataclass(frozen=True, slots=True)
class StageDue:
    """Something changed in the stage: it may be complete, or have room for more tasks."""

    stage: str


@dataclass(frozen=True, slots=True)
class SlotOffered:
    """The host of a READY task may be free now."""

    task: str


@dataclass(frozen=True, slots=True)
class TaskAccepted:
    """The host journalled the order and starts it, or says that it still runs it (a lease renewed after loss)."""

    task: str
    attempt: int


@dataclass(frozen=True, slots=True)
class TaskFinished:
    task: str
    attempt: int
    outcome: Outcome
    error: TaskError | None = None
    outputs: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TimerFired:
    """`subject` is a task's key, an interruption's id for GUIDANCE, empty for GRACE."""

    kind: TimerKind
    subject: str


@dataclass(frozen=True, slots=True)
class InterruptionAnswered:
    interruption: str
    choice: str
    by: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class CancelRequested:
    """`grace` is how long the hosts have to stop what they run."""

    by: str
    grace: timedelta = timedelta(minutes=2)


Event = (
    DeploymentStarted
    | StageDue
    | SlotOffered
    | TaskAccepted
    | TaskFinished
    | TimerFired
    | InterruptionAnswered
    | CancelRequested
)
