"""A mapping that cannot be changed, hashes, and is JSON as it stands.

A frozen pydantic model holding a plain dict is not frozen. `MappingProxyType` neither hashes nor goes through
`json.dumps`, `copy` or pydantic's serialiser; a dict that refuses changes does all of it and equals plain dicts.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import NoReturn, TypeAlias, TypeVar, get_args

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

K = TypeVar("K")
V = TypeVar("V")

Json: TypeAlias = "bool | int | float | str | Sequence[Json] | Mapping[str, Json] | None"


class FrozenMapping(dict[K, V]):
    """A dict whose contents are settled when it is made."""

    def _refuse(self, *_args: object, **_named: object) -> NoReturn:
        raise TypeError("a declaration cannot be changed after it was read; make a new one")

    __setitem__ = __delitem__ = __ior__ = _refuse
    clear = pop = popitem = setdefault = update = _refuse

    def __hash__(self) -> int:  # type: ignore[override]  # dict says None since it can change; this one cannot
        return hash(frozenset(self.items()))

    def __copy__(self) -> "FrozenMapping[K, V]":
        return self

    def __deepcopy__(self, _memo: object) -> "FrozenMapping[K, V]":
        return self

    def __reduce__(self) -> tuple[type, tuple[dict[K, V]]]:
        return FrozenMapping, (dict(self),)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: type, handler: GetCoreSchemaHandler) -> CoreSchema:
        key, value = get_args(source) or (object, object)
        return core_schema.no_info_after_validator_function(
            cls,
            core_schema.dict_schema(handler.generate_schema(key), handler.generate_schema(value)),
        )


def freeze(value: Json) -> Json:
    """Return JSON as values that cannot change: mappings frozen, lists as tuples. Other types raise TypeError."""
    if isinstance(value, Mapping):
        return FrozenMapping(_frozen_items(value))
    if isinstance(value, list | tuple):
        return tuple(freeze(each) for each in value)
    if value is None or isinstance(value, str | int | float):
        return value
    raise TypeError(f"{type(value).__name__} is not JSON")


def _frozen_items(mapping: Mapping[str, Json]) -> Iterator[tuple[str, Json]]:
    return ((key, freeze(each)) for key, each in mapping.items())
