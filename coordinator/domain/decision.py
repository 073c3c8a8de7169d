"""What `advance` is given and what it gives back: a slice of rows in, changed rows and effects out."""

from dataclasses import dataclass
from datetime import datetime

from coordinator.domain.events import Event, Outcome, TimerKind
from coordinator.domain.pace import DEFAULT_PACE, Pace
from coordinator.domain.states import Deployment, Interruption, Stage, Task, TaskError

CHUNK = 16  # tasks started in one transaction at most; what is left follows in the next one


@dataclass(frozen=True, slots=True)
class Slice:
    """The rows one event touches. What an event does not need is left empty by the loader."""

    deployment: Deployment
    task: Task | None = None  # the task the event names
    stage: Stage | None = None  # its stage, or the stage the event names
    followers: tuple[Stage, ...] = ()  # stages that need `stage`
    open_stages: tuple[Stage, ...] = ()  # for a decision about the whole deployment; bounded by its steps
    candidates: tuple[Task, ...] = ()  # the stage's next WAITING tasks in plan order, at most CHUNK
    busy: frozenset[str] = frozenset()  # hosts, of those in this slice, without a free place
    interruptions: tuple[Interruption, ...] = ()  # all open ones; bounded by its steps
    pace: Pace = DEFAULT_PACE


@dataclass(frozen=True, slots=True)
class SendOrder:
    """Send the attempt's order to its host (again, with the same id, when `sends` is above 1)."""

    task: str
    attempt: int
    host: str


@dataclass(frozen=True, slots=True)
class SendCancel:
    """Ask the host to stop the attempt."""

    task: str
    attempt: int
    host: str
    reason: str


@dataclass(frozen=True, slots=True)
class CancelInFlight:
    """Ask every host that runs a task of this deployment to stop; one set-based statement."""

    reason: str


@dataclass(frozen=True, slots=True)
class AbandonInFlight:
    """Give up on every task in flight: ABANDONED, its host's place freed; one set-based statement."""


@dataclass(frozen=True, slots=True)
class ResetFailed:
    """Put the stage's failed tasks back to WAITING, and no others; one set-based statement."""

    stage: str


@dataclass(frozen=True, slots=True)
class SetTimer:
    kind: TimerKind
    subject: str
    due: datetime


@dataclass(frozen=True, slots=True)
class ClearTimers:
    """Forget the subject's timers; `subject` None means all of the deployment."""

    subject: str | None


@dataclass(frozen=True, slots=True)
class TakeSlot:
    host: str


@dataclass(frozen=True, slots=True)
class FreeSlot:
    host: str


@dataclass(frozen=True, slots=True)
class RecordAccepted:
    """Keep in the attempt's history that the host took it on."""

    task: str
    attempt: int


@dataclass(frozen=True, slots=True)
class RecordEnd:
    """Keep in the attempt's history how it ended."""

    task: str
    attempt: int
    outcome: Outcome | str
    error: TaskError | None


@dataclass(frozen=True, slots=True)
class StopWaiting:
    """Nothing is left open: READY goes back to WAITING, DELAYED stays FAILED, an open gate or bake is CANCELLED.

    Set-based statements.
    """


@dataclass(frozen=True, slots=True)
class ReleaseLock:
    """The deployment ended: the next one in its project and environment may start."""


@dataclass(frozen=True, slots=True)
class Continue:
    """Handle this event in a transaction of its own, so that each one stays small."""

    event: Event


Effect = (
    SendOrder
    | SendCancel
    | CancelInFlight
    | AbandonInFlight
    | ResetFailed
    | SetTimer
    | ClearTimers
    | TakeSlot
    | FreeSlot
    | RecordAccepted
    | RecordEnd
    | StopWaiting
    | ReleaseLock
    | Continue
)

Row = Deployment | Stage | Task | Interruption


@dataclass(frozen=True, slots=True)
class Decision:
    """Rows to save, effects to commit with them, and events that follow in the same transaction."""

    rows: tuple[Row, ...] = ()
    effects: tuple[Effect, ...] = ()
    follow_ups: tuple[Event, ...] = ()

    def __add__(self, other: "Decision") -> "Decision":
        """Return both; a row of `other` is the newer one of the same row."""
        return Decision(
            rows=self.rows + other.rows,
            effects=self.effects + other.effects,
            follow_ups=self.follow_ups + other.follow_ups,
        )


NOTHING = Decision()
