"""Annotations that hold a value to a shape and say in people's words what was expected.

pydantic's own messages ("Input should be a valid string") name neither the thing nor an example; each of these
refuses with a sentence that does, and puts the same shape into the JSON Schema.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, get_args

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from config.problems import closest, refusal

_LARGEST: Final = 2**53 - 1  # the largest whole number that every JSON reader keeps exact


@dataclass(frozen=True)
class Shape:
    """Text that matches `pattern` as a whole. `expected` reads after "expected "."""

    pattern: str
    expected: str
    longest: int = 4096

    def check(self, value: object) -> str:
        if isinstance(value, str) and len(value) <= self.longest and re.fullmatch(self.pattern, value):
            return value
        raise refusal(self.expected)

    def __get_pydantic_core_schema__(self, _source: type, _handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self.check)

    def __get_pydantic_json_schema__(
        self, _schema: CoreSchema, _handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {"type": "string", "pattern": f"^(?:{self.pattern})$", "maxLength": self.longest}


@dataclass(frozen=True)
class Whole:
    """A whole number, also written as text (a rendered template is text); true and 1.5 are none."""

    at_least: int = 0

    def check(self, value: object) -> int:
        if isinstance(value, str) and re.fullmatch(r"[+-]?[0-9]{1,16}", value):
            value = int(value)
        if isinstance(value, int) and not isinstance(value, bool) and self.at_least <= value <= _LARGEST:
            return value
        raise refusal(f"a whole number of at least {self.at_least}")

    def __get_pydantic_core_schema__(self, _source: type, _handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self.check)

    def __get_pydantic_json_schema__(
        self, _schema: CoreSchema, _handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {"type": "integer", "minimum": self.at_least}


@dataclass(frozen=True)
class OneOf:
    """One of the words of the annotated Literal; `later` explains words that are not taken yet, or never."""

    later: Mapping[str, str] = field(default_factory=dict)

    def __get_pydantic_core_schema__(self, source: type, _handler: GetCoreSchemaHandler) -> CoreSchema:
        words: tuple[str, ...] = get_args(source)

        def check(value: object) -> str:
            if isinstance(value, str) and value in words:
                return value
            if isinstance(value, str) and value in self.later:
                raise refusal("", message=self.later[value])
            raise refusal(one_of(words), nearest=closest(str(value), words))

        return core_schema.no_info_plain_validator_function(check, metadata={"words": words})

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, _handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {"enum": list(schema["metadata"]["words"])}


@dataclass(frozen=True)
class Switch:
    """true or false, also written as text; 0, 1, on and off are none."""

    def __get_pydantic_core_schema__(self, _source: type, _handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(_true_or_false)

    def __get_pydantic_json_schema__(
        self, _schema: CoreSchema, _handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {"type": "boolean"}


def one_of(words: object) -> str:
    """`one of pause, stop`, or the only word."""
    listed = list(words) if isinstance(words, tuple | list) else sorted(words)  # type: ignore[call-overload]
    return listed[0] if len(listed) == 1 else f"one of {', '.join(listed)}"


def _true_or_false(value: object) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in {"true", "false"}:
        return value.lower() == "true"
    raise refusal("true or false")
