"""Names of images in registries."""

import re
from dataclasses import dataclass
from typing import ClassVar, Final, Self

from pydantic.json_schema import JsonSchemaValue

from config.expectations import Parsed
from config.problems import refusal

DOCKER_HUB: Final = "docker.io"
_REGISTRY: Final = r"(?:[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?|\[[0-9a-fA-F:]+\])(?::[0-9]{1,5})?"
_PART: Final = r"[a-z0-9]+(?:(?:[.]|_{1,2}|-+)[a-z0-9]+)*"
_TAG: Final = r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}"
_DIGEST: Final = r"sha256:[0-9a-f]{64}"
_LONGEST: Final = 255
_EXPECTED: Final = "an image as registry/repository, such as registry.example.com/shop/web"


@dataclass(frozen=True, slots=True)
class ImageName(Parsed):
    """Where an image lives, without tag or digest. `str()` writes it in full: `docker.io/library/postgres`."""

    registry: str
    repository: str

    SCHEMA: ClassVar[JsonSchemaValue] = {
        "type": "string",
        "pattern": f"^(?:{_REGISTRY}/)?{_PART}(?:/{_PART})*$",
    }

    @classmethod
    def parse(cls, value: object) -> Self:
        """Read `registry:5000/shop/web` or, from Docker Hub, `postgres`; refuses a tag or digest."""
        if isinstance(value, cls):
            return value
        reference = ImageReference.parse(value)
        if reference.tag or reference.digest:
            message = "a tag or digest does not stand here, it is chosen when the release is created"
            raise refusal(_EXPECTED, message=message)
        return cls(reference.name.registry, reference.name.repository)

    def __str__(self) -> str:
        return f"{self.registry}/{self.repository}"


@dataclass(frozen=True, slots=True)
class ImageReference(Parsed):
    """An image with the tag or digest that somebody gave, None where none was given."""

    name: ImageName
    tag: str | None = None
    digest: str | None = None

    SCHEMA: ClassVar[JsonSchemaValue] = {"type": "string"}

    @classmethod
    def parse(cls, value: object) -> Self:
        """Read `reg:5000/a/b:tag@sha256:...`; refuses anything else."""
        if isinstance(value, cls):
            return value
        pattern = rf"(?P<name>[^@]+?)(?::(?P<tag>{_TAG}))?(?:@(?P<digest>{_DIGEST}))?"
        usable = isinstance(value, str) and len(value) <= _LONGEST * 2
        matched = re.fullmatch(pattern, str(value)) if usable else None
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
