"""Lengths of time as people write them: 72h, 1m30s, 500ms."""

import re
from datetime import timedelta
from typing import Annotated, Final

from config.expectations import Reads
from config.problems import refusal

_UNITS: Final = {"d": 86_400_000, "h": 3_600_000, "m": 60_000, "s": 1000, "ms": 1}  # in milliseconds
_PATTERN: Final = r"(?:\d{1,9}d)?(?:\d{1,9}h)?(?:\d{1,9}m)?(?:\d{1,9}s)?(?:\d{1,9}ms)?"
_LONGEST: Final = 3650 * _UNITS["d"]
_EXPECTED: Final = "a duration such as 500ms, 10s, 1m30s, 72h or 7d (a bare number is seconds), at most 3650d"


def parse_duration(value: object) -> timedelta:
    """Return the length of `"1m30s"`, of whole seconds, or of a timedelta; refuses anything else."""
    milliseconds = _milliseconds(value)
    if milliseconds is None or not 0 <= milliseconds <= _LONGEST:
        raise refusal(_EXPECTED)
    return timedelta(milliseconds=milliseconds)


def format_duration(duration: timedelta) -> str:
    """`timedelta(hours=72)` is `72h`, ninety seconds are `1m30s`, nothing is `0s`; it reads back the same."""
    left = duration // timedelta(milliseconds=1)
    text = ""
    for unit in ("h", "m", "s", "ms"):  # no days: 72h is what people write and what they find again
        amount, left = divmod(left, _UNITS[unit])
        text += f"{amount}{unit}" if amount else ""
    return text or "0s"


def _milliseconds(value: object) -> int | None:
    if isinstance(value, timedelta):
        return value // timedelta(milliseconds=1)
    if isinstance(value, int) and not isinstance(value, bool):
        return value * _UNITS["s"]
    if not isinstance(value, str) or not value:
        return None
    if re.fullmatch(r"\d{1,9}", value, re.ASCII):
        return int(value) * _UNITS["s"]
    if re.fullmatch(_PATTERN, value, re.ASCII):
        return sum(int(amount) * _UNITS[unit] for amount, unit in re.findall(r"(\d+)(ms|[dhms])", value))
    return None


Duration = Annotated[
    timedelta,
    Reads(
        parse_duration,
        {
            "anyOf": [
                {"type": "string", "pattern": f"^(?:{_PATTERN}|\\d{{1,9}})$", "minLength": 1},
                {"type": "integer", "minimum": 0},
            ],
        },
        write=format_duration,
    ),
]
"""A length of time, to the millisecond; JSON has it as text."""
