"""A value that nothing prints."""

from hmac import compare_digest
from typing import ClassVar, NoReturn, Self

from pydantic.json_schema import JsonSchemaValue

from config.expectations import Parsed
from config.problems import refusal

REDACTED = "[REDACTED]"


class Secret(Parsed):
    """Text that prints, formats and serialises as `[REDACTED]`; only `reveal()` gives it back.

    Equality takes the same time wherever two values differ. Pickling is refused: it would write the value.
    """

    __slots__ = ("_value",)

    SCHEMA: ClassVar[JsonSchemaValue] = {"type": "string", "writeOnly": True}

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        return self._value

    def __repr__(self) -> str:
        return REDACTED

    __str__ = __repr__

    def __format__(self, _spec: str) -> str:
        return REDACTED

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return compare_digest(_bytes(self), _bytes(other))

    def __hash__(self) -> int:
        return hash((Secret, self._value))

    def __copy__(self) -> "Secret":
        return self

    def __deepcopy__(self, _memo: object) -> "Secret":
        return self

    def __reduce_ex__(self, _protocol: object) -> NoReturn:
        raise TypeError("a secret cannot be pickled: it would be written in plain")

    @classmethod
    def parse(cls, value: object) -> Self:
        """Take a Secret or text; refuses anything else."""
        if isinstance(value, cls):
            return value
        if isinstance(value, str):
            return cls(value)
        raise refusal("text")


def _bytes(secret: Secret) -> bytes:
    return secret.reveal().encode("utf-8", "surrogatepass")
