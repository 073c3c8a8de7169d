"""Text that every part of the system can keep: no NUL (PostgreSQL, environments), no half characters (UTF-8)."""

from collections.abc import Iterator, Mapping
from typing import Any


def unkeepable(value: Any) -> Iterator[str]:  # noqa: ANN401 - any JSON
    """Yield the path of each text or key in `value` that cannot be kept: `images.web`, `hosts[3]`."""
    yield from _walk(value, "")


def is_keepable(text: str) -> bool:
    return "\0" not in text and not any("\ud800" <= character <= "\udfff" for character in text)


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
