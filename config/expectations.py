"""How a value is read, what was expected when it cannot be, and what the JSON Schema says about it.

pydantic's own messages ("Input should be a valid string") name neither the thing nor an example. Each type of this
package is read by one function that refuses with a sentence that does; `Reads` hangs the function on an annotated
type, `Parsed` on a class of ours.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Self, get_args

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from config.problems import closest, refusal

_LARGEST: Final = 2**53 - 1  # the largest whole number that every JSON reader keeps exact


@dataclass(frozen=True, eq=False)
class Reads:
    """Annotation: `read` takes any value or refuses it; `write` makes JSON of what was read."""

    read: Callable[[object], object]
    schema: JsonSchemaValue
    write: Callable[[Any], object] | None = None

    def __get_pydantic_core_schema__(self, _source: object, _handler: GetCoreSchemaHandler) -> CoreSchema:
        return _plain(self.read, self.write)

    def __get_pydantic_json_schema__(
        self, _core: CoreSchema, _handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return dict(self.schema)


class Parsed:
    """Parent of values that are read by their own `parse` and written by `written`."""

    __slots__ = ()

    SCHEMA: ClassVar[JsonSchemaValue]

    @classmethod
    def parse(cls, value: object) -> Self:
        raise NotImplementedError

    def written(self) -> str | int:
        return str(self)

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: object, _handler: GetCoreSchemaHandler) -> CoreSchema:
        return _plain(cls.parse, cls.written)

    @classmethod
    def __get_pydantic_json_schema__(
        cls, _core: CoreSchema, _handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return dict(cls.SCHEMA)


@dataclass(frozen=True, eq=False)
class OneOf:
    """Annotation of a Literal: one of its words. `later` explains words that are not taken yet, or never."""

    later: Mapping[str, str]

    def __get_pydantic_core_schema__(self, source: object, _handler: GetCoreSchemaHandler) -> CoreSchema:
        words = get_args(source)

        def read(value: object) -> object:
            if value in words:
                return value
            if isinstance(value, str) and value in self.later:
                raise refusal("", message=self.later[value])
            raise refusal(one_of(words), nearest=closest(str(value), words))

        return core_schema.no_info_plain_validator_function(read, metadata={"words": words})

    def __get_pydantic_json_schema__(
        self, core: CoreSchema, _handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {"type": "string", "enum": list(core["metadata"]["words"])}


def shaped(pattern: str, expected: str, *, longest: int = 4096, numbers: bool = False) -> Reads:
    """Take text that matches `pattern` as a whole; `expected` reads after "expected ".

    With `numbers`, a whole number without quotes is taken as its digits.
    """

    def read(value: object) -> str:
        if numbers and isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        if isinstance(value, str) and len(value) <= longest and re.fullmatch(pattern, value, re.ASCII):
            return value
        raise refusal(expected)

    types = ["string", "integer"] if numbers else "string"
    return Reads(read, {"type": types, "pattern": f"^(?:{pattern})$", "maxLength": longest})


def whole(at_least: int, at_most: int = _LARGEST, expected: str = "") -> Reads:
    """Take a whole number, also written as text (a rendered template is text); true and 1.5 are none."""

    def read(value: object) -> int:
        text = isinstance(value, str) and re.fullmatch(r"[+-]?[0-9]{1,16}", value, re.ASCII)
        number = int(str(value)) if text else value
        if isinstance(number, int) and not isinstance(number, bool) and at_least <= number <= at_most:
            return number
        raise refusal(expected or f"a whole number of at least {at_least}")

    highest = {"maximum": at_most} if at_most < _LARGEST else {}
    return Reads(read, {"type": "integer", "minimum": at_least, **highest})


def true_or_false(value: object) -> bool:
    """Take true or false, also written as text; 0, 1, on and yes are none."""
    word = value.lower() if isinstance(value, str) else value
    if isinstance(word, bool) or word in ("true", "false"):  # a tuple: the value may be anything, a list too
        return word in ("true", True)
    raise refusal("true or false")


def one_of(words: Iterable[str]) -> str:
    """`one of pause, stop`, or the only word there is."""
    listed = list(words)
    return listed[0] if len(listed) == 1 else f"one of {', '.join(listed)}"


def _plain(read: Callable[[Any], object], write: Callable[[Any], object] | None) -> CoreSchema:
    if write is None:
        return core_schema.no_info_plain_validator_function(read)
    serialization = core_schema.plain_serializer_function_ser_schema(write, when_used="json")
    return core_schema.no_info_plain_validator_function(read, serialization=serialization)
