"""When a new instance counts as healthy."""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, ClassVar

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from config.declared import Declared
from config.durations import Duration
from config.expectations import Shape
from config.problems import refusal


class StatusRange(str):
    """HTTP status codes that count as good: `200` or `200-399`. It is the text, and knows what it includes."""

    __slots__ = ()

    @property
    def first(self) -> int:
        return int(self.partition("-")[0])

    @property
    def last(self) -> int:
        return int(self.rpartition("-")[2])

    def includes(self, status: int) -> bool:
        return self.first <= status <= self.last

    @classmethod
    def parse(cls, value: object) -> "StatusRange":
        """Read `200`, `"200"` or `"200-399"`; ValueError says what was expected."""
        codes = str(value) if isinstance(value, int | str) else ""
        if (
            re.fullmatch(r"[1-5][0-9]{2}(-[1-5][0-9]{2})?", codes, re.ASCII)
            and cls(codes).first <= cls(codes).last
        ):
            return cls(codes)
        raise refusal("an HTTP status such as 200, or a range such as 200-399")

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: type, _handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(cls.parse)

    @classmethod
    def __get_pydantic_json_schema__(
        cls, _schema: CoreSchema, _handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        text = {"type": "string", "pattern": "^[1-5][0-9]{2}(-[1-5][0-9]{2})?$"}
        return {"anyOf": [{"type": "integer", "minimum": 100, "maximum": 599}, text]}


class _PortNumber:
    def __get_pydantic_core_schema__(self, _source: type, _handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(port_number)

    def __get_pydantic_json_schema__(
        self, _schema: CoreSchema, _handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {"type": "integer", "minimum": 1, "maximum": 65535}


def port_number(value: object) -> int:
    """Return a port from 1 to 65535, also written as text; ValueError says what was expected."""
    number = int(value) if isinstance(value, str) and re.fullmatch(r"[0-9]{1,5}", value) else value
    if isinstance(number, int) and not isinstance(number, bool) and 1 <= number <= 65535:  # noqa: PLR2004  # TCP's range
        return number
    raise refusal("a port number from 1 to 65535")


Port = Annotated[int, _PortNumber()]
HttpPath = Annotated[str, Shape(r"/[!-~]*", "a path that begins with /, such as /up")]


class Health(Declared):
    """An HTTP probe from the host's worker to the container's own address."""

    path: HttpPath
    port: Port | None = None
    """Inside the container; None: the port that `publish` names, or the only one the image exposes."""
    host: Annotated[str, Shape(r"[A-Za-z0-9._:-]+", "a host name such as shop.example.com")] | None = None
    """The Host header, for applications that refuse others; None: the container's address."""
    status: StatusRange = StatusRange("200-399")
    interval: Duration = timedelta(seconds=1)
    timeout: Duration = timedelta(seconds=5)
    min_healthy_time: Duration = timedelta(seconds=10)
    deadline: Duration = timedelta(minutes=5)

    later: ClassVar[Mapping[str, str]] = {
        "drain": "drain comes with the side-by-side switch of a later version; leave it out"
    }
