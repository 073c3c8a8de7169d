"""Server-sent events, read from bytes as they arrive."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ServerEvent:
    """One event; `id` is the last one seen so far, empty before the first."""

    name: str
    data: str
    id: str = ""


def events(chunks: Iterable[bytes]) -> Iterator[ServerEvent]:
    """Return the events of a stream; comments and an unfinished last event are dropped.

    Lines end with LF or CRLF only: log texts hold other characters that `str.splitlines` would cut at.
    """
    fields: dict[str, list[str]] = {}
    last_id = ""
    for line in _lines(chunks):
        if line:
            name, _, value = line.partition(":")
            fields.setdefault(name, []).append(value.removeprefix(" "))
            continue
        last_id = fields.get("id", [last_id])[-1]
        if "data" in fields:
            yield ServerEvent(fields.get("event", ["message"])[-1], "\n".join(fields["data"]), last_id)
        fields = {}


def _lines(chunks: Iterable[bytes]) -> Iterator[str]:
    rest = b""
    for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n")
        for line in whole:
            yield line.removesuffix(b"\r").decode("utf-8", errors="replace")
