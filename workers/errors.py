"""What ends a step before its work is done.

WorkerError
├── StepFailed          the step's final word: code, message, hint, retryable
│   └── TimedOut        its time was over
├── Cancelled           somebody asked for it
├── LeftForRecovery     the worker stops; the next start of the worker goes on
└── CannotStart         the worker itself cannot begin
"""

from tasks.reports import Failure


class WorkerError(Exception):
    """The root: everything that the worker raises on purpose."""


class StepFailed(WorkerError):  # noqa: N818 - what happened, in the words of the contract
    """The step did not end well; `message` and `hint` are sentences for people and hold no secret.

    `code` is for programs (`port_taken`); `retryable` says whether the same step may work later as it is.
    """

    def __init__(self, code: str, message: str, *, hint: str = "", retryable: bool = False) -> None:
        super().__init__(code, message)  # as Flower shows it
        self.code = code
        self.message = message
        self.hint = hint
        self.retryable = retryable

    @property
    def failure(self) -> Failure:
        """Return the error as it travels in a report."""
        return Failure(code=self.code, message=self.message, hint=self.hint, retryable=self.retryable)

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"


class TimedOut(StepFailed):
    """The step's time was over; what it had begun was undone."""

    def __init__(self, doing: str) -> None:
        super().__init__(
            "timed_out",
            f"the step's timeout passed while {doing}",
            hint="look at the task's log for what took so long, or give the step a longer timeout",
            retryable=True,
        )


class Cancelled(WorkerError):  # noqa: N818 - as StepFailed
    """The attempt was cancelled; what it had begun was undone."""

    def __init__(self, reason: str = "") -> None:
        super().__init__(reason or "cancelled")
        self.reason = reason or "cancelled"


class LeftForRecovery(WorkerError):  # noqa: N818 - as StepFailed
    """The worker is stopping: the attempt stays in the journal, the next start brings it to its end."""


class CannotStart(WorkerError):  # noqa: N818 - as StepFailed
    """The worker cannot begin; the text says what the operator does next."""
