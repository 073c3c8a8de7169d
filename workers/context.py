"""What a handler gets: the facts of its attempt and the capabilities it may use."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import JsonValue

from tasks import clock
from workers.docker.port import Engine
from workers.docker.specs import Placement
from workers.errors import Cancelled, LeftForRecovery, TimedOut

LogSink = Callable[[str, str, datetime | None], None]
ProgressSink = Callable[[float, float | None, str, str], None]
NoteSink = Callable[[str, dict[str, Any]], None]

LOOK_EVERY = 0.1  # seconds between two looks at whether the step must end


@dataclass
class Memory:
    """What the attempt remembers over crashes (`phase`, `detail`: in the journal) and tells at its end (`facts`)."""

    phase: str = ""
    detail: dict[str, Any] = field(default_factory=dict)
    last_line: datetime | None = None
    facts: dict[str, JsonValue] = field(default_factory=dict)


@dataclass(frozen=True)
class Signals:
    """Why a step may have to end: its own cancel, and the worker's stop."""

    cancelled: threading.Event = field(default_factory=threading.Event)
    stopping: threading.Event = field(default_factory=threading.Event)
    reason: Callable[[], str] = str


@dataclass(frozen=True)
class Context:
    """One attempt on its way. `deadline` is in seconds of `tasks.clock.monotonic`; `retain` counts releases."""

    attempt: str
    deployment: str
    project: str
    environment: str
    release: str
    step: str
    host: str
    images: Mapping[str, str]
    deadline: float
    retain: int
    state_dir: Path
    instance_prefix: str
    fingerprint_key: bytes = field(repr=False)
    engine: Engine
    signals: Signals = field(repr=False)
    memory: Memory = field(repr=False)
    log_sink: LogSink = field(repr=False)
    progress_sink: ProgressSink = field(repr=False)
    note_sink: NoteSink = field(repr=False)
    flush_sink: Callable[[], None] = field(repr=False)
    shielded: bool = False

    @property
    def placement(self) -> Placement:
        return Placement(
            project=self.project,
            environment=self.environment,
            step=self.step,
            release=self.release,
            deployment=self.deployment,
            attempt=self.attempt,
            prefix=self.instance_prefix,
        )

    @property
    def cancelled(self) -> threading.Event:
        return self.signals.cancelled

    def log(self, stream: str, text: str, at: datetime | None = None) -> None:
        """Send one line to whoever watches; it is masked on the way. `at`: when the line was said, None: now."""
        self.log_sink(stream, text, at)

    def say(self, text: str) -> None:
        """Tell what the worker itself does."""
        self.log("tidegate", text)

    def flush(self) -> None:
        """Bring all lines so far into the journal; when this returns, a crash does not lose them."""
        self.flush_sink()

    def progress(self, done: float, total: float | None = None, unit: str = "", text: str = "") -> None:
        self.progress_sink(done, total, unit, text)

    @property
    def phase(self) -> str:
        """Where an earlier run of this attempt was when it ended; "" at first."""
        return self.memory.phase

    @property
    def detail(self) -> dict[str, Any]:
        return self.memory.detail

    def note(self, phase: str, **detail: JsonValue) -> None:
        """Write to the journal where the handler is; when this returns, a crash finds it."""
        self.note_sink(phase, detail)
        self.memory.phase, self.memory.detail = phase, detail

    def observe(self, **facts: JsonValue) -> None:
        """Say what the host now runs; it goes into the final report, however the step ends."""
        self.memory.facts.update(facts)

    def check(self) -> None:
        """Raise Cancelled, TimedOut or LeftForRecovery when the step must end; a shielded one: only the last."""
        if self.signals.stopping.is_set():
            raise LeftForRecovery("the worker is stopping")
        if self.shielded:
            return
        if self.signals.cancelled.is_set():
            raise Cancelled(self.signals.reason())
        if clock.monotonic() > self.deadline:
            raise TimedOut(self.phase or "running")

    def wait(self, seconds: float) -> None:
        """Let `seconds` pass; raises as `check` as soon as there is a reason."""
        end = clock.monotonic() + seconds
        while (left := end - clock.monotonic()) > 0:
            self.check()
            self.signals.stopping.wait(min(left, LOOK_EVERY))
        self.check()

    def undoing(self) -> "Context":
        """Return the same attempt, deaf to cancel and timeout: for putting things back in order."""
        return replace(self, shielded=True)
