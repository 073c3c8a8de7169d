"""The words in which kinds describe a container."""

import re
from typing import Annotated, ClassVar, Final, Self

from pydantic.json_schema import JsonSchemaValue

from config.expectations import Parsed, shaped
from config.problems import refusal

_ADDRESS: Final = r"(?:\[[0-9a-fA-F:.]+\]|[0-9]{1,3}(?:\.[0-9]{1,3}){3}):"
_PORT: Final = rf"(?:{_ADDRESS})?[0-9]{{1,5}}:[0-9]{{1,5}}(?:/(?:tcp|udp))?"
_VOLUME: Final = r"[a-zA-Z0-9][a-zA-Z0-9_.-]+:/[^:]*(?::r[ow])?"
_HIGHEST_PORT: Final = 65535

EnvName = Annotated[
    str, shaped(r"[^=\s\x00]+", "the name of an environment variable, without = or blanks", longest=255)
]
DockerName = Annotated[
    str,
    shaped(
        r"[a-zA-Z0-9][a-zA-Z0-9_.-]+",
        "a Docker name of letters, digits, _, . and -, such as shop-db",
        longest=128,
    ),
]
User = Annotated[
    str,
    shaped(
        r"[a-zA-Z0-9_][a-zA-Z0-9_.-]*(?::[a-zA-Z0-9_][a-zA-Z0-9_.-]*)?",
        "a user such as app, 1000 or 1000:1000",
        longest=65,
        numbers=True,
    ),
]
Memory = Annotated[str, shaped(r"[1-9][0-9]{0,11}[kmg]", "an amount of memory such as 256m or 2g")]


class PublishedPort(str, Parsed):
    """`80:8080` or `127.0.0.1:80:8080`, with `/udp` behind it for UDP. It is the text, and knows its parts."""

    __slots__ = ()

    SCHEMA: ClassVar[JsonSchemaValue] = {"type": "string", "pattern": f"^{_PORT}$"}

    @classmethod
    def parse(cls, value: object) -> Self:
        """Check the text; refuses anything else."""
        port = cls(value) if isinstance(value, str) and re.fullmatch(_PORT, value, re.ASCII) else None
        if port is None or not all(
            0 < each <= _HIGHEST_PORT for each in (port.host_port, port.container_port)
        ):
            raise refusal("the host's port and the container's, such as 80:8080 or 127.0.0.1:80:8080")
        return port

    @property
    def address(self) -> str:
        """The host's address to which the port is bound; empty: all of them."""
        return self.rpartition(":")[0].rpartition(":")[0].strip("[]")

    @property
    def host_port(self) -> int:
        return int(self.rpartition(":")[0].rpartition(":")[2])

    @property
    def container_port(self) -> int:
        return int(self.rpartition(":")[2].partition("/")[0])

    @property
    def protocol(self) -> str:
        return self.partition("/")[2] or "tcp"


class Volume(str, Parsed):
    """`name:/path` or `name:/path:ro`: a named volume. It is the text, and knows its parts."""

    __slots__ = ()

    SCHEMA: ClassVar[JsonSchemaValue] = {"type": "string", "pattern": f"^{_VOLUME}$"}

    @classmethod
    def parse(cls, value: object) -> Self:
        """Check the text; refuses anything else, a folder of the host by name."""
        if isinstance(value, str) and re.fullmatch(_VOLUME, value):
            return cls(value)
        folder = isinstance(value, str) and value.startswith(("/", ".", "~"))
        message = "a folder of the host cannot be mounted" if folder else ""
        raise refusal("a named volume such as data:/var/lib/data or data:/var/lib/data:ro", message=message)

    @property
    def name(self) -> str:
        return self.split(":")[0]

    @property
    def path(self) -> str:
        return self.split(":")[1]

    @property
    def read_only(self) -> bool:
        return self.endswith(":ro")
