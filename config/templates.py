"""`{{ NAME }}` in the text of parameters.

A text that a secret touches becomes `{"$secret": ["postgres://u:", {"name": ..., "version": ...}, "@db/shop"]}`: the
rendered tree pins *which* version of the secret stands there and never its value, so it can be stored and hashed.
To write two braces themselves: `{{ '{{' }}`.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from config.frozen import Json
from config.secret import Secret

_TEMPLATE: Final = re.compile(
    r"\{\{\s*(?:'(?P<braces>\{\{|\}\})'|(?P<name>[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*))\s*\}\}"
)
SECRET_KEY: Final = "$secret"  # noqa: S105  # the key, not a password
RESERVED_KEYS: Final = frozenset({SECRET_KEY, "$sealed"})
"""Keys that mean something to Tidegate itself: whoever could write one could name a secret that is not his."""


class TemplateError(ValueError):
    """A text cannot be rendered: its braces are not `{{ NAME }}`, or a reserved key stands in it."""


@dataclass(frozen=True, slots=True)
class SecretVersion:
    """One stored value of a secret, by id; never the value."""

    name: str
    version: str


@dataclass(frozen=True, slots=True)
class _Placeholder:
    name: str


Revealed: TypeAlias = "bool | int | float | str | Secret | list[Revealed] | dict[str, Revealed] | None"
Lookup: TypeAlias = Callable[[str], str | SecretVersion]


def names_in(value: Json) -> frozenset[str]:
    """Return every name that templates anywhere in `value` use; TemplateError for braces that are no template."""
    return frozenset(
        part.name for text in texts_in(value) for part in _parts(text) if isinstance(part, _Placeholder)
    )


def has_template(text: str) -> bool:
    """Say whether `text` has a well-formed `{{ NAME }}`."""
    return any(match["name"] for match in _TEMPLATE.finditer(text))


def render(value: Json, lookup: Lookup) -> Json:
    """Return `value` with every template replaced by what `lookup(name)` gives. Keys are left as they are."""
    if isinstance(value, str):
        return _rendered(value, lookup)
    if isinstance(value, Mapping):
        refuse_reserved(value)
        return {key: render(each, lookup) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [render(each, lookup) for each in value]
    return value


def reveal(value: Json, values: Mapping[str, str]) -> Revealed:
    """Return a rendered tree with each secret-touched text as a Secret; `values` by version id (KeyError)."""
    return _secrets(value, lambda parts: Secret("".join(_revealed(part, values) for part in parts)))


def placeholders(value: Json) -> Revealed:
    """Return a rendered tree with an empty Secret in each secret's place: enough to validate it."""
    return _secrets(value, lambda _parts: Secret(""))


def secret_versions(value: Json) -> frozenset[SecretVersion]:
    """Return every secret version that a rendered tree pins."""
    if isinstance(value, Mapping) and SECRET_KEY in value:
        return frozenset(_version(part) for part in _list(value[SECRET_KEY]) if isinstance(part, Mapping))
    children = value.values() if isinstance(value, Mapping) else _list(value)
    return frozenset(version for each in children for version in secret_versions(each))


def texts_in(value: Json) -> Iterator[str]:
    """Yield each text in `value`, keys left out."""
    if isinstance(value, str):
        yield value
        return
    for each in value.values() if isinstance(value, Mapping) else _list(value):
        yield from texts_in(each)


def refuse_reserved(mapping: Mapping[str, Json]) -> None:
    """Raise TemplateError where a key is one of Tidegate's own."""
    for key in sorted(RESERVED_KEYS & mapping.keys()):
        raise TemplateError(f"the key {key} is Tidegate's own; use another one")


def _list(value: Json) -> list[Json]:
    return list(value) if isinstance(value, list | tuple) else []


def _parts(text: str) -> Iterator[str | _Placeholder]:
    end = 0
    for match in _TEMPLATE.finditer(text):
        yield _literal(text[end : match.start()])
        yield _Placeholder(match["name"]) if match["name"] else match["braces"]
        end = match.end()
    yield _literal(text[end:])


def _literal(text: str) -> str:
    if "{{" not in text:
        return text
    broken = text[text.index("{{") :][:40]
    raise TemplateError(
        f"{broken!r} is no template: write {{{{ NAME }}}}, or {{{{ '{{{{' }}}} for the braces themselves"
    )


def _rendered(text: str, lookup: Lookup) -> Json:
    found = [lookup(part.name) if isinstance(part, _Placeholder) else part for part in _parts(text)]
    if all(isinstance(part, str) for part in found):
        return "".join(str(part) for part in found)
    return {SECRET_KEY: list(_joined(found))}


def _joined(found: list[str | SecretVersion]) -> Iterator[Json]:
    """Neighbouring texts as one, empty ones left out: equal trees are then equal values."""
    text = ""
    for part in found:
        if isinstance(part, str):
            text += part
            continue
        if text:
            yield text
        text = ""
        yield {"name": part.name, "version": part.version}
    if text:
        yield text


def _secrets(value: Json, secret: Callable[[list[Json]], Secret]) -> Revealed:
    if isinstance(value, Mapping):
        if SECRET_KEY in value:
            return secret(_list(value[SECRET_KEY]))
        return {key: _secrets(each, secret) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_secrets(each, secret) for each in value]
    if value is None or isinstance(value, str | int | float):
        return value
    raise TypeError(f"{type(value).__name__} is not JSON")


def _revealed(part: Json, values: Mapping[str, str]) -> str:
    return values[_version(part).version] if isinstance(part, Mapping) else str(part)


def _version(part: Mapping[str, Json]) -> SecretVersion:
    return SecretVersion(str(part["name"]), str(part["version"]))
