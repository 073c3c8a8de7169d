"""What the command line says when something goes wrong.

CliError            a sentence, what to do next, and the exit code
├── WrongUse        the command itself cannot be carried out as written
├── Refused         the coordinator answered with a problem (RFC 9457)
└── NoAnswer        the coordinator gave no answer that can be read
    └── Unreachable it could not be reached; a retry can help
"""

from collections.abc import Mapping
from typing import Any

from coordinator.cli.exits import Exit

Json = dict[str, Any]

_KEY_HINT = (
    "Give a valid key with --key, TIDEGATE_KEY or TIDEGATE_KEY_FILE; `tidegate keys create` makes one."
)


class CliError(Exception):
    """A sentence that says what went wrong, and a hint that says what to do next."""

    exit_code = Exit.FAILED
    title = "Failed"
    retryable = False

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.problems: tuple[str, ...] = ()  # sentences, one for each place that must change

    @property
    def document(self) -> Json:
        """The error as a problem document: what `--json` prints on stderr."""
        kind = self.title.lower().replace(" ", "-")
        return {
            "type": f"urn:tidegate:cli:{kind}",
            "title": self.title,
            "detail": self.message,
            "hint": self.hint,
            "retryable": self.retryable,
            "problems": [],
        }


class WrongUse(CliError):  # noqa: N818 - named as people read it, like the conductor's errors
    """The command itself cannot be carried out as written."""

    exit_code = Exit.USAGE
    title = "Wrong use"


class NoAnswer(CliError):  # noqa: N818 - as WrongUse
    """The coordinator gave no answer that can be read."""

    title = "No answer"


class Unreachable(NoAnswer):
    """The coordinator could not be reached; a retry can help."""

    title = "Coordinator unreachable"
    retryable = True

    def __init__(self, message: str, *, hint: str = "", nothing_sent: bool = False) -> None:
        super().__init__(message, hint=hint)
        self.nothing_sent = nothing_sent  # then any request may be sent again


class Refused(CliError):  # noqa: N818 - as WrongUse
    """The coordinator answered with a problem; its sentences are shown as they are."""

    def __init__(self, status: int, body: Mapping[str, Any], *, pause: float = 0.0) -> None:
        detail = str(body.get("detail") or body.get("title") or f"refused with status {status}")
        hint = str(body.get("hint") or "")
        super().__init__(detail, hint=hint or (_KEY_HINT if status == 401 else ""))  # noqa: PLR2004 - HTTP's number
        self.status = status
        self.body = body
        self.pause = pause  # seconds after which the coordinator asks to try again
        self.problems = tuple(str(each["sentence"]) for each in body.get("problems") or ())

    @property
    def document(self) -> Json:
        return {**self.body, "hint": self.hint}
