"""Taking secrets out of text before it is written anywhere."""

import base64
import json
import re
from collections.abc import Iterable, Iterator
from typing import TypeVar
from urllib.parse import quote, quote_plus

REDACTED = "[REDACTED]"
Tree = TypeVar("Tree")

SHORTEST = 4  # shorter secrets would blank out half of every log; they are masked as whole lines only
_SHORTEST_BASE64 = 8


class Mask:
    """Replaces each given secret by `[REDACTED]`: plain, by line, URL-quoted, JSON-escaped and in base64."""

    def __init__(self, values: Iterable[str]) -> None:
        known = {value for value in values if value}
        self._whole_lines = frozenset(value for value in known if len(value) < SHORTEST)
        forms = {form for value in known if len(value) >= SHORTEST for form in _forms(value)}
        longest_first = sorted(forms, key=lambda form: (-len(form), form))
        self._pattern = re.compile("|".join(map(re.escape, longest_first))) if forms else None

    def text(self, line: str) -> str:
        """Return `line` without secrets."""
        if line.strip() in self._whole_lines:
            return REDACTED
        return self._pattern.sub(REDACTED, line) if self._pattern else line

    def tree(self, value: Tree) -> Tree:
        """Return JSON-like data with every string in it masked, keys too."""
        return self._tree(value)  # type: ignore[return-value]  # the shape stays, only texts change

    def _tree(self, value: object) -> object:
        match value:
            case str():
                return self.text(value)
            case dict():
                return {self._tree(key): self._tree(item) for key, item in value.items()}
            case list() | tuple():
                return type(value)(self._tree(item) for item in value)
            case _:
                return value


def _forms(value: str) -> Iterator[str]:
    for plain in {value, *(line.strip() for line in value.splitlines())}:
        if len(plain) < SHORTEST:
            continue
        yield plain
        yield json.dumps(plain)[1:-1]
        yield json.dumps(plain, ensure_ascii=False)[1:-1]
        for quoted in (quote(plain, safe=""), quote(plain), quote_plus(plain)):
            yield quoted
            yield re.sub(r"%[0-9A-F]{2}", lambda found: found[0].lower(), quoted)
    yield from _base64_forms(value.encode())


def _base64_forms(raw: bytes) -> Iterator[str]:
    """Yield the part of base64 that depends on `raw` alone, for each of the three places where it may stand.

    For `Basic dXNlcjpodW50ZXIyMg==` (user:hunter22) the second place finds `odW50ZXIyM`.
    """
    for before in range(3):
        encoded = base64.b64encode(bytes(before) + raw).decode("ascii")
        first = -(-before * 8 // 6)  # digits that also hold bits of what stands before
        last = (before + len(raw)) * 8 // 6  # digits from here on hold bits of what follows
        for text in (encoded[first:last], encoded[first:last].translate(str.maketrans("+/", "-_"))):
            if len(text) >= _SHORTEST_BASE64:
                yield text
    yield base64.b64encode(raw).decode("ascii")
