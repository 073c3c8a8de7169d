"""Lengths of time as people write them: 72h, 1m30s, 500ms."""

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Final

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from config.problems import refusal

_UNITS: Final = {"d": 86_400_000, "h": 3_600_000, "m": 60_000, "s": 1000, "ms": 1}  # in milliseconds
_PATTERN: Final = r"(?:\d{1,9}d)?(?:\d{1,9}h)?(?:\d{1,9}m)?(?:\d{1,9}s)?(?:\d{1,9}ms)?"
_LONGEST: Final = 3650 * _UNITS["d"]
_EXPECTED: Final = "a duration such as 500ms, 10s, 1m30s, 72h or 7d (a bare number is seconds), at most 3650d"


def parse_duration(value: object) -> timedelta:
    """Return the length of `"1m30s"`, of whole seconds, or of a timedelta; ValueError says what was expected."""
    if isinstance(value, timedelta):
        milliseconds = value // timedelta(milliseconds=1)
    elif isinstance(value, str) and re.fullmatch(r"[0-9]{1,9}", value):
        milliseconds = int(value) * _UNITS["s"]
    elif isinstance(value, str) and value and re.fullmatch(_PATTERN, value, re.ASCII):
        pairs = re.findall(r"(\d+)(ms|[dhms])", value)
        milliseconds = sum(int(amount) * _UNITS[unit] for amount, unit in pairs)
    elif isinstance(value, int) and not isinstance(value, bool):
        milliseconds = value * _UNITS["s"]
    else:
        raise refusal(_EXPECTED)
    if not 0 <= milliseconds <= _LONGEST:
        raise refusal(_EXPECTED)
    return timedelta(milliseconds=milliseconds)


def format_duration(duration: timedelta) -> str:
    """`timedelta(hours=72)` is `72h`, ninety seconds are `1m30s`, nothing is `0s`. Reads back to the same length."""
    left = duration // timedelta(milliseconds=1)
    text = ""
    for unit in ("h", "m", "s", "ms"):  # no days: 72h is what people write and what they find again
        amount, left = divmod(left, _UNITS[unit])
        text += f"{amount}{unit}" if amount else ""
    return text or "0s"


@dataclass(frozen=True)
class _Length:
    def __get_pydantic_core_schema__(self, _source: type, _handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(
            parse_duration,
            serialization=core_schema.plain_serializer_function_ser_schema(format_duration, when_used="json"),
        )

    def __get_pydantic_json_schema__(
        self, _schema: CoreSchema, _handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {
            "anyOf": [
                {"type": "string", "pattern": f"^(?:[0-9]+|{_PATTERN})$"},
                {"type": "integer", "minimum": 0},
            ]
        }


Duration = Annotated[timedelta, _Length()]
"""A length of time, to the millisecond; JSON has it as text."""
