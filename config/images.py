"""Names of images in registries."""

import re
from dataclasses import dataclass
from typing import Final

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from config.problems import refusal

DOCKER_HUB: Final = "docker.io"
_REGISTRY: Final = r"(?:[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?|\[[0-9a-fA-F:]+\])(?::[0-9]{1,5})?"
_PART: Final = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_TAG: Final = r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}"
_DIGEST: Final = r"sha256:[0-9a-f]{64}"
_LONGEST: Final = 255
_EXPECTED: Final = "an image as registry/repository, such as registry.example.com/shop/web"


@dataclass(frozen=True, slots=True)
class ImageName:
    """Where an image lives, without tag or digest. `str()` writes it in full: `docker.io/library/postgres`."""

    registry: str
    repository: str

    @classmethod
    def parse(cls, value: object) -> "ImageName":
        """Read `registry:5000/shop/web` or, from Docker Hub, `postgres`; ValueError says what was expected."""
        if isinstance(value, ImageName):
            return value
        reference = ImageReference.parse(value)
        if reference.tag or reference.digest:
            message = "the tag or digest does not stand here: it is chosen when the release is created"
            raise refusal(_EXPECTED, message=message)
        return reference.name

    def __str__(self) -> str:
        return f"{self.registry}/{self.repository}"

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: type, _handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(
            cls.parse,
            serialization=core_schema.plain_serializer_function_ser_schema(str, when_used="json"),
        )

    @classmethod
    def __get_pydantic_json_schema__(
        cls, _schema: CoreSchema, _handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {"type": "string", "pattern": f"^(?:{_REGISTRY}/)?{_PART}(?:/{_PART})*$"}


@dataclass(frozen=True, slots=True)
class ImageReference:
    """An image with the tag or digest that somebody gave, None where none was given."""

    name: ImageName
    tag: str | None = None
    digest: str | None = None

    @classmethod
    def parse(cls, value: object) -> "ImageReference":
        """Read `reg:5000/a/b:tag@sha256:...`; ValueError says what was expected."""
        if not isinstance(value, str) or len(value) > _LONGEST + 200:
            raise refusal(_EXPECTED)
        matched = re.fullmatch(rf"(?P<name>[^@]+?)(?::(?P<tag>{_TAG}))?(?:@(?P<digest>{_DIGEST}))?", value)
        if matched is None:
            raise refusal(_EXPECTED)
        return cls(_name(matched["name"]), matched["tag"], matched["digest"])

    def __str__(self) -> str:
        tag = f":{self.tag}" if self.tag else ""
        digest = f"@{self.digest}" if self.digest else ""
        return f"{self.name}{tag}{digest}"


def _name(text: str) -> ImageName:
    """As Docker reads it: a first part with a dot, a port, or `localhost` is the registry."""
    first, slash, rest = text.partition("/")
    named = bool(slash) and (first == "localhost" or "." in first or ":" in first)
    registry, repository = (first, rest) if named else (DOCKER_HUB, text)
    if registry == DOCKER_HUB and "/" not in repository:
        repository = f"library/{repository}"
    fits = re.fullmatch(_REGISTRY, registry) and re.fullmatch(rf"{_PART}(?:/{_PART})*", repository)
    if not fits or len(text) > _LONGEST:
        raise refusal(_EXPECTED)
    return ImageName(registry, repository)
