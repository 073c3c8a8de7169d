"""Runs one attempt to its final report: opens the secrets, calls the handler, folds what it raised into an outcome."""

import logging
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pydantic import JsonValue, ValidationError

from config.secret import Secret
from tasks import clock
from tasks.catalog import kinds
from tasks.keys import HostKeys
from tasks.masking import Mask
from tasks.orders import RunStep
from tasks.reports import Failure, Finished, Outcome, Progress
from tasks.sealing import CannotOpenError, open_parameters
from workers.context import Context, Memory, Signals
from workers.docker.port import Engine
from workers.errors import Cancelled, LeftForRecovery, StepFailed
from workers.journal import Entry, Journal
from workers.kinds import handler
from workers.logs import LiveLog
from workers.reporter import Reporter

GRACE = 60.0  # seconds that a recovered attempt gets at least, to finish what it has begun
PROGRESS_EVERY = 0.5  # seconds
LONGEST_END = 512 * 1024  # bytes of a final report; an envelope may have 1 MiB
CUT_AT = 4000  # characters of an error's message that are kept then
WAIT_LOOK = 0.2  # seconds between two looks while another attempt of the step still runs

log = logging.getLogger("tidegate.worker")
StepKey = tuple[str, str, str]


@dataclass(frozen=True)
class Site:
    """What is the same for all attempts on this host."""

    host: str
    keys: HostKeys
    fingerprint_key: bytes = field(repr=False)
    state_dir: Path
    instance_prefix: str
    engine: Engine


class Runner:
    """Runs attempts, each in its caller's thread; one at a time per project, environment and step."""

    def __init__(self, site: Site, journal: Journal, reporter: Reporter) -> None:
        self._site = site
        self._journal = journal
        self._reporter = reporter
        self._stopping = threading.Event()
        self._guard = threading.Lock()
        self._running: dict[str, Signals] = {}
        self._turns: dict[StepKey, threading.Lock] = {}

    @property
    def running(self) -> tuple[str, ...]:
        """The attempts that run or wait for their turn."""
        with self._guard:
            return tuple(self._running)

    def cancel(self, attempt: str) -> None:
        """Tell a running attempt that it is cancelled; its handler notices at its next check."""
        with self._guard:
            signals = self._running.get(attempt)
        if signals is not None:
            signals.cancelled.set()

    def stop(self) -> None:
        """Tell all attempts to leave what they do to the next start of the worker."""
        self._stopping.set()

    def turn(self, entry: Entry) -> threading.Lock:
        """Return the lock of the entry's step, so that two attempts never touch the same instance at once."""
        key = (entry.project, entry.environment, str(entry.order.get("step", "")))
        with self._guard:
            return self._turns.setdefault(key, threading.Lock())

    def run(self, entry: Entry, *, has_turn: bool = False, resumed: bool = False) -> Finished:
        """Run an accepted attempt and write its final report; raises LeftForRecovery when the worker stops."""
        began = clock.monotonic()
        signals = Signals(
            stopping=self._stopping, reason=lambda: self._journal.cancelled(entry.attempt) or ""
        )
        with self._enlisted(entry.attempt, signals):
            attempt = _Attempt(self._site, self._journal, self._reporter, entry, signals, resumed=resumed)
            lock = None if has_turn else self.turn(entry)
            finished = attempt.run(lock)
            finished = finished.model_copy(update={"duration": round(clock.monotonic() - began, 3)})
            self._reporter.report(entry.attempt, "finished", finished, final=True)
        return finished

    @contextmanager
    def _enlisted(self, attempt: str, signals: Signals) -> Iterator[None]:
        with self._guard:
            self._running[attempt] = signals
        try:
            if self._journal.cancelled(attempt) is not None:
                signals.cancelled.set()  # it came between the acceptance and this moment, or before a crash
            yield
        finally:
            with self._guard:
                del self._running[attempt]


class _Attempt:
    """One run of one attempt."""

    def __init__(
        self,
        site: Site,
        journal: Journal,
        reporter: Reporter,
        entry: Entry,
        signals: Signals,
        *,
        resumed: bool,
    ) -> None:
        self._site = site
        self._journal = journal
        self._reporter = reporter
        self._entry = entry
        self._order = RunStep.model_validate(entry.order)
        self._signals = signals
        self._resumed = resumed
        self._secrets: list[str] = []
        self._mask = Mask(())
        self._memory = Memory(phase=entry.phase, detail=entry.detail or {})
        self._last_progress = 0.0

    def run(self, turn: "threading.Lock | None") -> Finished:
        """Return how it ended; raises LeftForRecovery only."""
        try:
            parameters = self._parameters()
        except StepFailed as failed:
            return self._finished("failed", failed.failure)
        live = LiveLog(self._mask, lambda lines: self._reporter.report(self._entry.attempt, "log", lines))
        try:
            return self._ended(parameters, self._context(live), turn)
        finally:
            live.flush()

    def _ended(self, parameters: Any, context: Context, turn: "threading.Lock | None") -> Finished:  # noqa: ANN401 - each kind has its own
        try:
            with _held(turn, context):
                if self._resumed:
                    context.say(
                        f"the worker was started again; going on ({context.phase or 'from the start'})"
                    )
                self._journal.begin(self._entry.attempt)
                outputs = handler(self._entry.kind).run(parameters, context)
        except LeftForRecovery:
            raise
        except Cancelled as cancelled:
            return self._finished("cancelled", Failure(code="cancelled", message=cancelled.reason))
        except StepFailed as failed:
            return self._finished("failed", failed.failure)
        except Exception as error:  # noqa: BLE001 - a defect of a handler is this step's failure, not the worker's
            return self._finished("failed", self._defect(error))
        return self._finished("succeeded", None, outputs)

    def _parameters(self) -> Any:  # noqa: ANN401 - each kind has its own
        """Open the secrets and return the kind's parameters; raises StepFailed without any value in it."""
        kind = kinds().get(self._entry.kind)
        if kind is None:
            raise StepFailed(
                "kind_unknown", f"this worker does not know {self._entry.kind}", hint="upgrade it"
            )
        try:
            opened = open_parameters(
                self._order.parameters, self._order.sealed, self._site.keys, self._opened
            )
            self._mask = Mask(self._secrets)
            return kind.parameters.model_validate(opened)
        except CannotOpenError as error:
            raise StepFailed(
                "secrets_unreadable",
                str(error),
                hint="if the host was joined again meanwhile, retry: a fresh order is sealed for its new keys",
                retryable=True,
            ) from None
        except ValidationError as error:
            raise _unfit(self._entry.kind, error) from None

    def _opened(self, text: str) -> Secret:
        self._secrets.append(text)
        try:
            password = urlsplit(text).password  # programs print the password of a URL without the rest
        except ValueError:
            password = None
        if password:
            self._secrets.append(password)
        return Secret(text)

    def _context(self, live: LiveLog) -> Context:
        order, entry = self._order, self._entry
        self._memory.last_line = _last_line(self._journal, entry.attempt) if self._resumed else None
        return Context(
            attempt=entry.attempt,
            deployment=entry.deployment,
            project=order.project,
            environment=order.environment,
            release=order.release,
            step=order.step,
            host=self._site.host,
            images=order.images,
            deadline=self._deadline(),
            retain=order.retain,
            state_dir=self._site.state_dir,
            instance_prefix=self._site.instance_prefix,
            fingerprint_key=self._site.fingerprint_key,
            engine=self._site.engine,
            signals=self._signals,
            memory=self._memory,
            log_sink=live.add,
            flush_sink=live.flush,
            progress_sink=self._progress,
            note_sink=self._note,
        )

    def _deadline(self) -> float:
        """The order's timeout, counted from its acceptance.

        A recovered attempt that has begun to change something has a minute left at least; one that has not is not
        begun a day late: another release may have come since.
        """
        left = self._order.timeout - (clock.now().timestamp() - self._entry.created)
        begun = self._resumed and self._entry.phase
        return clock.monotonic() + (max(left, GRACE) if begun else min(left, self._order.timeout))

    def _progress(self, done: float, total: float | None, unit: str, text: str) -> None:
        now = clock.monotonic()
        if now - self._last_progress < PROGRESS_EVERY and done != total:
            return
        self._last_progress = now
        body = Progress(done=done, total=total, unit=unit, text=self._mask.text(text))
        self._reporter.report(self._entry.attempt, "progress", body)

    def _note(self, phase: str, detail: dict[str, Any]) -> None:
        self._journal.note(self._entry.attempt, phase, self._mask.tree(detail))

    def _defect(self, error: Exception) -> Failure:
        """A traceback shows lines of code, never values; the error's own text could hold a secret."""
        log.error(
            "%s: a defect in the handler of %s: %s\n%s",
            self._entry.attempt,
            self._entry.kind,
            type(error).__name__,
            "".join(traceback.format_tb(error.__traceback__)),
        )
        return Failure(
            code="defect",
            message=f"the handler of {self._entry.kind} broke ({type(error).__name__})",
            hint="the worker's log on the host has the traceback; please report it",
        )

    def _finished(
        self, outcome: Outcome, error: Failure | None, outputs: dict[str, JsonValue] | None = None
    ) -> Finished:
        return _fitting(
            Finished(
                outcome=outcome,
                error=Failure.model_validate(self._mask.tree(error.model_dump())) if error else None,
                outputs=self._mask.tree(outputs or {}),
                facts=self._mask.tree(self._memory.facts),
            )
        )


def _fitting(finished: Finished) -> Finished:
    """Leave out what no report can carry: one that cannot be signed would keep all others of this host waiting."""
    size = len(finished.model_dump_json())
    if size <= LONGEST_END:
        return finished
    error = finished.error and finished.error.model_copy(update={"message": finished.error.message[:CUT_AT]})
    left = {"outputs": {"left_out": f"{size} bytes"}, "facts": {}, "error": error}
    return finished.model_copy(update=left)


@contextmanager
def _held(turn: "threading.Lock | None", context: Context) -> Iterator[None]:
    """Hold the step's turn; raises as `context.check` while it waits."""
    if turn is None:
        yield
        return
    while not turn.acquire(timeout=WAIT_LOOK):
        context.check()
    try:
        context.check()
        yield
    finally:
        turn.release()


def _unfit(kind: str, error: ValidationError) -> StepFailed:
    problems = "; ".join(
        f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}"
        for problem in error.errors(include_input=False)
    )
    return StepFailed(
        "parameters_unfit",
        f"the parameters of {kind} do not fit: {problems}",
        hint="correct the process or its variables, apply it and create the release again",
    )


def _last_line(journal: Journal, attempt: str) -> datetime | None:
    """Return when the last line of the container's own output was said that is in the journal already."""
    moments = [
        datetime.fromisoformat(line["at"])
        for report in journal.reports(attempt)
        if report.kind == "log"
        for line in report.body["lines"]
        if line["stream"] in ("stdout", "stderr")
    ]
    return max(moments, default=None)
