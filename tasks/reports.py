"""Reports, worker -> coordinator: one body per kind, sent as `tidegate.report.<kind>` to `coordinator`.

`accepted`, `refused`, `log`, `progress` and `finished` belong to an attempt and are numbered from 1
(`Payload.seq`); `join`, `hello` and `lease` belong to the host and are not.
"""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Literal

from pydantic import Field, JsonValue

from tasks.bodies import Body

Outcome = Literal["succeeded", "failed", "cancelled", "refused"]


class Join(Body):
    """A host asks to belong; see tasks.joining for what `secret_sealed` holds."""

    host: str
    sign: str
    seal: str
    secret_sealed: str
    version: str = ""


class Hello(Body):
    """A worker has started, or has the broker back. `clock`: its epoch seconds; `engine`: what it drives."""

    incarnation: str
    version: str
    clock: float
    engine: dict[str, JsonValue] = Field(default_factory=dict)
    running: tuple[str, ...] = ()
    unconfirmed: tuple[str, ...] = ()


class Accepted(Body):
    """The order is in the journal; it runs from now on."""


class Refused(Body):
    """The order is not run; `code` is for programs (`expired`, `old_epoch`, ...), `reason` for people."""

    reason: str
    code: str


class Lease(Body):
    """These attempts still run on this host."""

    attempts: tuple[str, ...] = ()


class LogLine(Body):
    at: datetime
    stream: str
    text: str


class Log(Body):
    """A batch of masked log lines, in order."""

    lines: tuple[LogLine, ...]


class Progress(Body):
    """How far a running attempt is: `done` of `total` (None: unknown) in `unit`."""

    done: float
    total: float | None = None
    unit: str = ""
    text: str = ""


class Failure(Body):
    """Why a step did not end well: `message`, `hint` (what to do next), `retryable`."""

    code: str
    message: str
    hint: str = ""
    retryable: bool = False


class Finished(Body):
    """The final report of an attempt; `duration` is in seconds."""

    outcome: Outcome
    error: Failure | None = None
    outputs: dict[str, JsonValue] = Field(default_factory=dict)
    duration: float = 0.0
    facts: dict[str, JsonValue] = Field(default_factory=dict)


REPORTS: Mapping[str, type[Body]] = MappingProxyType(
    {
        "join": Join,
        "hello": Hello,
        "accepted": Accepted,
        "refused": Refused,
        "lease": Lease,
        "log": Log,
        "progress": Progress,
        "finished": Finished,
    }
)
NUMBERED = frozenset({"accepted", "refused", "log", "progress", "finished"})


def report_name(kind: str) -> str:
    """Return the Celery task name of a report, such as `tidegate.report.finished`."""
    return f"tidegate.report.{kind}"
