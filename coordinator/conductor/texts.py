"""Text that every part of the system can keep: no NUL (PostgreSQL, environments), no half characters (UTF-8)."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

_UNKEEPABLE = re.compile("[\0\ud800-\udfff]")


def unkeepable(value: Any) -> Iterator[str]:  # noqa: ANN401 - any JSON
    """Yield the path of each text or key in `value` that cannot be kept: `images.web`, `hosts[3]`."""
    yield from _walk(value, "")


def is_keepable(text: str) -> bool:
    return "\0" not in text and not any("\ud800" <= character <= "\udfff" for character in text)


def storable(value: Any) -> Any:  # noqa: ANN401 - any JSON
    """Return `value` with U+FFFD for each character that cannot be kept: what hosts say is not theirs to choose."""
    match value:
        case str():
            return value if is_keepable(value) else _UNKEEPABLE.sub("\ufffd", value)
        case dict():
            return {storable(key): storable(item) for key, item in value.items()}
        case list() | tuple():
            return [storable(item) for item in value]
        case _:
            return value


def _walk(value: Any, path: str) -> Iterator[str]:  # noqa: ANN401 - as above
    if isinstance(value, str):
        if not is_keepable(value):
            yield path or "the text"
        return
    if isinstance(value, Mapping):
        for key, each in value.items():
            if not is_keepable(str(key)):
                yield f"a key of {path or 'the whole'}"
                continue
            yield from _walk(each, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list | tuple):
        for at, each in enumerate(value):
            yield from _walk(each, f"{path}[{at}]")
