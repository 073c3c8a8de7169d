"""What a use case refuses. The API turns each into a problem document, the command line into a sentence.

ConductorError
├── NotFound        nothing has that name
├── Invalid         the request cannot be carried out as it is; `problems` says where
├── Conflict        it contradicts what is there now (answered already, name taken, one is running)
├── Forbidden       this person may not
└── Unavailable     a part this needs cannot be reached now; a retry can help
"""

from collections.abc import Sequence


class ConductorError(Exception):
    """A sentence that says what was refused and why, a hint that says what to do next, and details by line."""

    def __init__(self, message: str, *, hint: str = "", problems: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.problems = tuple(problems)


class NotFound(ConductorError):  # noqa: N818 - named as people read it: "NotFound", not "NotFoundError"
    """Nothing has that name."""


class Invalid(ConductorError):  # noqa: N818 - as NotFound
    """The request cannot be carried out as it is."""


class Conflict(ConductorError):  # noqa: N818 - as NotFound
    """It contradicts what is there now."""


class Forbidden(ConductorError):  # noqa: N818 - as NotFound
    """This person may not."""


class Unavailable(ConductorError):  # noqa: N818 - as NotFound
    """A part this needs cannot be reached now; a retry can help."""
