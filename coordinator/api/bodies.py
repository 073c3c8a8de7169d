"""The JSON bodies that requests bring. Unknown keys are refused, as in files."""

from typing import Annotated, Any, ClassVar

from pydantic import Field, model_validator

from config.declared import Declared
from config.expectations import Reads, shaped
from config.frozen import FrozenMapping
from config.inventory import Address
from config.names import HostName, LabelName, Name, VariableName
from config.problems import refusal
from config.text import PlainText
from coordinator.conductor.secrets import LONGEST_VALUE
from coordinator.conductor.texts import unkeepable

_TAG = r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}"
LONGEST_NOTE = 4000


def _secret_value(value: object) -> str:
    """Take text; a wrong value is never repeated in the error."""
    if isinstance(value, str) and 0 < len(value) <= LONGEST_VALUE:
        return value
    raise refusal(f"text of 1 to {LONGEST_VALUE} characters", message="this is no value of a secret")


def _note(value: object) -> str:
    if isinstance(value, str) and len(value) <= LONGEST_NOTE:
        return value
    raise refusal(f"text of at most {LONGEST_NOTE} characters", message="this is no note")


Version = Annotated[
    str, shaped(_TAG, "a version of letters, digits, ., _ and -, at most 128 characters, such as 1.1.0")
]
TagOrDigest = Annotated[
    str, shaped(rf"{_TAG}|sha256:[0-9a-f]{{64}}", "a tag such as 1.1.0, or a digest sha256:...")
]
PersonName = Annotated[
    str,
    shaped(
        r"[A-Za-z0-9](?:[A-Za-z0-9._@+-]*[A-Za-z0-9])?",
        "a name of at most 100 letters, digits, ., _, @, + and -, such as alice or ci@shop",
        longest=100,
    ),
]
PlanHash = Annotated[str, shaped(r"[0-9a-f]{64}", "the plan's hash, 64 hexadecimal digits")]
Word = Annotated[str, shaped(r"[a-z_]{1,20}", "a choice such as approve")]


class Body(Declared):
    """The parent of all bodies."""

    sample: ClassVar[dict[str, Any]] = {}

    @model_validator(mode="before")
    @classmethod
    def _keepable(cls, given: object) -> object:
        for path in unkeepable(given):
            raise refusal("text without NUL and without half characters", message=f"{path} cannot be kept")
        return given


class NewHostBody(Body):
    """A host to add; what is left out stays as the inventory declares it."""

    name: HostName
    address: Address | None = None
    environments: tuple[Name, ...] | None = None
    roles: tuple[Name, ...] | None = None
    labels: FrozenMapping[LabelName, PlainText] | None = None
    variables: FrozenMapping[VariableName, PlainText] | None = None

    sample: ClassVar[dict[str, Any]] = {"name": "web-1", "environments": ["production"], "roles": ["web"]}


class SecretBody(Body):
    """A value and the scope it is declared for."""

    value: Annotated[
        str, Reads(_secret_value, {"type": "string", "minLength": 1, "maxLength": LONGEST_VALUE})
    ] = Field(repr=False)
    environment: Name | None = None
    role: Name | None = None
    host: HostName | None = None

    sample: ClassVar[dict[str, Any]] = {"value": "postgres://shop:...@db/shop", "environment": "production"}


class NewKeyBody(Body):
    """Whom a new key speaks for."""

    name: PersonName
    groups: tuple[Name, ...] = ()

    sample: ClassVar[dict[str, Any]] = {"name": "alice", "groups": ["release-managers"]}


class NewReleaseBody(Body):
    """A version; images without a tag of their own get the version's."""

    project: Name
    version: Version
    images: FrozenMapping[Name, TagOrDigest] = FrozenMapping()

    sample: ClassVar[dict[str, Any]] = {
        "project": "shop",
        "version": "1.1.0",
        "images": {"web": "1.1.0-rc2"},
    }


class DeploymentBody(Body):
    """One release to one environment: to be deployed, or only planned."""

    project: Name
    release: Version
    environment: Name

    sample: ClassVar[dict[str, Any]] = {"project": "shop", "release": "1.1.0", "environment": "production"}


class AnswerBody(Body):
    """What a person decides; `plan_hash` is the plan they were shown."""

    choice: Word
    note: Annotated[str, Reads(_note, {"type": "string", "maxLength": LONGEST_NOTE})] = ""
    plan_hash: PlanHash | None = None

    sample: ClassVar[dict[str, Any]] = {"choice": "approve", "note": "placed an order on web-1"}
