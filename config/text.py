"""Text in which numbers and true/false may be written without quotes, and in which a secret may stand.

People write `env: {PORT: 8080, DEBUG: true}` and mean the text. `8080` and `true` become the same characters;
the reader of files (document.py) has already kept `1.10`, `007` or `True` as the author wrote them.
"""

import json
import math
from typing import Annotated, TypeAlias

from config.expectations import Reads
from config.problems import refusal
from config.secret import Secret

Scalar: TypeAlias = str | int | float | bool

_SCHEMA = {"type": ["string", "number", "boolean"]}
_EXPECTED = 'text ("" for empty text)'


def is_scalar(value: object) -> bool:
    """Say whether `value` is text, a finite number or true/false."""
    return math.isfinite(value) if isinstance(value, float) else isinstance(value, str | int)


def scalar_text(value: object) -> str:
    """Return a scalar's characters: `true`, `8080`, `1.5`, text as it is."""
    return value if isinstance(value, str) else json.dumps(value)


def _text(value: object) -> str | Secret:
    return value if isinstance(value, Secret) else _plain_text(value)


def _plain_text(value: object) -> str:
    if isinstance(value, Secret):
        raise refusal(
            "text", message="a secret may not stand here, where others can read it; use env or headers"
        )
    if is_scalar(value):
        return scalar_text(value)
    raise refusal(_EXPECTED)


Text = Annotated[str | Secret, Reads(_text, _SCHEMA, write=str)]
"""A parameter in which a secret may stand (env values, headers); JSON shows [REDACTED]."""

PlainText = Annotated[str, Reads(_plain_text, _SCHEMA)]
"""Text that others can read: no secret may stand in it."""
