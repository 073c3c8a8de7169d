"""The words in which kinds describe a container."""

import re
from typing import Annotated

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from config.expectations import Shape
from config.health import port_number
from config.problems import refusal

_PORT = (
    r"(?:(?P<address>\[[0-9a-fA-F:.]+\]|[0-9]{1,3}(?:\.[0-9]{1,3}){3}):)?"
    r"(?P<outer>[0-9]{1,5}):(?P<inner>[0-9]{1,5})(?:/(?P<protocol>tcp|udp))?"
)
_VOLUME = r"(?P<name>[a-zA-Z0-9][a-zA-Z0-9_.-]+):(?P<path>/[^:]*)(?P<mode>:ro|:rw)?"

EnvName = Annotated[
    str, Shape(r"[^=\s\x00]+", "the name of an environment variable, without = or blanks", longest=255)
]
DockerName = Annotated[
    str,
    Shape(
        r"[a-zA-Z0-9][a-zA-Z0-9_.-]+",
        "a Docker name of letters, digits, _, . and -, such as shop-db",
        longest=128,
    ),
]
User = Annotated[
    str,
    Shape(
        r"[a-zA-Z0-9_][a-zA-Z0-9_.-]*(?::[a-zA-Z0-9_][a-zA-Z0-9_.-]*)?",
        "a user such as app, 1000 or 1000:1000",
        longest=65,
    ),
]
Memory = Annotated[str, Shape(r"[1-9][0-9]{0,11}[kmg]", "an amount of memory such as 256m or 2g", longest=13)]


class PublishedPort(str):
    """`80:8080` or `127.0.0.1:80:8080`, with `/udp` behind it for UDP. It is the text, and knows its parts."""

    __slots__ = ()

    @classmethod
    def parse(cls, value: object) -> "PublishedPort":
        """Check the text; ValueError says what was expected."""
        matched = re.fullmatch(_PORT, value, re.ASCII) if isinstance(value, str) else None
        if matched is None:
            raise refusal("the host's port and the container's, such as 80:8080 or 127.0.0.1:80:8080")
        port_number(matched["outer"])
        port_number(matched["inner"])
        return cls(value)

    def _part(self, name: str) -> str:
        matched = re.fullmatch(_PORT, self, re.ASCII)
        return (matched[name] if matched else "") or ""

    @property
    def address(self) -> str:
        """The host's address to which the port is bound; empty: all of them."""
        return self._part("address").strip("[]")

    @property
    def host_port(self) -> int:
        return int(self._part("outer"))

    @property
    def container_port(self) -> int:
        return int(self._part("inner"))

    @property
    def protocol(self) -> str:
        return self._part("protocol") or "tcp"

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: type, _handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(cls.parse)

    @classmethod
    def __get_pydantic_json_schema__(
        cls, _schema: CoreSchema, _handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {
            "type": "string",
            "pattern": r"^([0-9.]+:|\[[0-9a-fA-F:.]+\]:)?[0-9]{1,5}:[0-9]{1,5}(/tcp|/udp)?$",
        }


class Volume(str):
    """`name:/path` or `name:/path:ro`: a named volume. It is the text, and knows its parts."""

    __slots__ = ()

    @classmethod
    def parse(cls, value: object) -> "Volume":
        """Check the text; ValueError says what was expected."""
        if isinstance(value, str) and re.fullmatch(_VOLUME, value):
            return cls(value)
        if isinstance(value, str) and value.startswith(("/", ".", "~")):
            raise refusal(
                "a named volume such as data:/var/lib/data", message="a folder of the host cannot be mounted"
            )
        raise refusal("a named volume and its path, such as data:/var/lib/data or data:/var/lib/data:ro")

    @property
    def name(self) -> str:
        return self.split(":")[0]

    @property
    def path(self) -> str:
        return self.split(":")[1]

    @property
    def read_only(self) -> bool:
        return self.endswith(":ro")

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: type, _handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(cls.parse)

    @classmethod
    def __get_pydantic_json_schema__(
        cls, _schema: CoreSchema, _handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {"type": "string", "pattern": "^[a-zA-Z0-9][a-zA-Z0-9_.-]+:/[^:]*(:ro|:rw)?$"}
