"""Exit codes, the same for every command; scripts and CI read them."""

from enum import IntEnum


class Exit(IntEnum):
    SUCCEEDED = 0
    FAILED = 1
    USAGE = 2
    WAITING = 3  # the deployment waits for a person
    CANCELLED = 4
    INTERRUPTED = 130  # Ctrl-C: what a shell expects


_BY_STATUS = {"succeeded": Exit.SUCCEEDED, "cancelled": Exit.CANCELLED, "waiting": Exit.WAITING}


def exit_of(status: str) -> Exit:
    """Return the exit code for a deployment's status; `degraded` is no success."""
    return _BY_STATUS.get(status, Exit.FAILED)
