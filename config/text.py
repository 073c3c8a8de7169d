"""Text in which numbers and true/false may be written without quotes, and in which a secret may stand.

People write `env: {PORT: 8080, DEBUG: true}` and mean the text. `8080` and `true` become the same characters; the
reader of files (document.py) has already kept `1.10`, `007` or `True` as the author wrote them.
"""

import json
import math
from dataclasses import dataclass
from typing import Annotated, TypeAlias

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from config.problems import refusal
from config.secret import Secret

Scalar: TypeAlias = str | int | float | bool


@dataclass(frozen=True)
class Characters:
    """Text, or a number or true/false taken as its characters; a Secret only where `secret` says so."""

    secret: bool = False

    def check(self, value: object) -> str | Secret:
        if isinstance(value, Secret) and self.secret:
            return value
        if isinstance(value, Secret):
            raise refusal(
                "text", message="a secret may not stand here, others could read it; use env or headers"
            )
        if is_scalar(value):
            return scalar_text(value)
        raise refusal('text ("" for empty text)' if value is None else "text")

    def __get_pydantic_core_schema__(self, _source: type, _handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(
            self.check,
            serialization=core_schema.plain_serializer_function_ser_schema(str, when_used="json"),
        )

    def __get_pydantic_json_schema__(
        self, _schema: CoreSchema, _handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {"type": ["string", "number", "boolean"]}


Text = Annotated[str | Secret, Characters(secret=True)]
"""A parameter in which a secret may stand (env values, headers)."""

PlainText = Annotated[str, Characters()]
"""Text that others can read: no secret may stand in it."""


def is_scalar(value: object) -> bool:
    """Say whether `value` is text, a finite number or true/false."""
    return isinstance(value, str | int | float) and not (
        isinstance(value, float) and not math.isfinite(value)
    )


def scalar_text(value: object) -> str:
    """Return a scalar's characters: `true`, `8080`, `1.5`, text as it is."""
    return value if isinstance(value, str) else json.dumps(value)
