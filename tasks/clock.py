"""The one place that reads the clock and makes ids; everything else takes them as parameters."""

import secrets
import time
from datetime import UTC, datetime

_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # no 0/o, 1/l/i: ids are read out loud at 3 am


def now() -> datetime:
    """Return the wall clock as an aware UTC datetime."""
    return datetime.now(UTC)


def monotonic() -> float:
    """Return seconds that never jump, for measuring durations."""
    return time.monotonic()


def pause(seconds: float) -> None:
    """Let time pass between two looks at a condition that nothing announces."""
    time.sleep(seconds)


def new_id(prefix: str, length: int = 12) -> str:
    """Return a fresh random id such as `rel-k7q2m9x4hb3d`."""
    return f"{prefix}-{short_id(length)}" if prefix else short_id(length)


def short_id(length: int) -> str:
    """Return `length` random characters that cannot be mistaken for each other."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))
