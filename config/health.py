"""When a new instance counts as healthy."""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, ClassVar, Final, Self

from pydantic.json_schema import JsonSchemaValue

from config.declared import Declared
from config.durations import Duration
from config.expectations import Parsed, shaped
from config.names import Port
from config.problems import refusal

_CODES: Final = r"[1-5][0-9]{2}(?:-[1-5][0-9]{2})?"


class StatusRange(str, Parsed):
    """HTTP status codes that count as good: `200` or `200-399`. It is the text, and knows what it includes."""

    __slots__ = ()

    SCHEMA: ClassVar[JsonSchemaValue] = {
        "anyOf": [
            {"type": "string", "pattern": f"^{_CODES}$"},
            {"type": "integer", "minimum": 100, "maximum": 599},
        ],
    }

    @classmethod
    def parse(cls, value: object) -> Self:
        """Read `200`, `"200"` or `"200-399"`; refuses anything else."""
        codes = cls(value) if isinstance(value, int | str) else cls()
        if re.fullmatch(_CODES, codes, re.ASCII) and codes.first <= codes.last:
            return codes
        raise refusal("an HTTP status such as 200, or a range such as 200-399")

    @property
    def first(self) -> int:
        return int(self.partition("-")[0])

    @property
    def last(self) -> int:
        return int(self.rpartition("-")[2])

    def includes(self, status: int) -> bool:
        return self.first <= status <= self.last


HttpPath = Annotated[str, shaped(r"/[!-~]*", "a path that begins with /, such as /up")]
HttpHost = Annotated[str, shaped(r"[A-Za-z0-9._:-]+", "a host name such as shop.example.com")]


class Health(Declared):
    """An HTTP probe from the host's worker to the container's own address."""

    path: HttpPath
    port: Port | None = None
    """Inside the container; left out: the port that `publish` names, or the only one the image exposes."""
    host: HttpHost | None = None
    """The Host header, for applications that refuse others; left out: the container's address."""
    status: StatusRange = StatusRange("200-399")
    interval: Duration = timedelta(seconds=1)
    timeout: Duration = timedelta(seconds=5)
    """Of one request."""
    min_healthy_time: Duration = timedelta(seconds=10)
    """How long it must answer well without a break."""
    deadline: Duration = timedelta(minutes=5)
    """For the whole wait, from the container's start."""

    example: ClassVar[str] = "a mapping such as {path: /up}"
    later: ClassVar[Mapping[str, str]] = {
        "drain": "drain comes with the side-by-side switch of a later version; leave it out",
    }
    meant: ClassVar[Mapping[str, str]] = {"url": "path", "start_period": "deadline"}
