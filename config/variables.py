"""Values with a scope, and which of them wins on a host.

VariableError        resolve() found no single value
  UnsetVariableError     nothing declared fits
  TiedVariableError      two equally specific values fit
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, ClassVar, Final

from pydantic import BeforeValidator, model_validator

from config.declared import Declared
from config.expectations import Reads
from config.inventory import Host
from config.names import Flag, HostName, Name
from config.problems import refusal
from config.text import Scalar, is_scalar, scalar_text

BUILT_IN: Final = frozenset(
    f"tidegate.{word}" for word in ("project", "environment", "release", "host", "address")
)
"""Names that every template may use. Not the deployment: its id would make every plan's hash another one."""

HOST_BUILT_IN: Final = frozenset({"tidegate.host", "tidegate.address"})
"""Those that mean nothing in a step of the coordinator's own."""


class VariableError(ValueError):
    """A variable has no single value here. Trying again does not help: change the declaration."""


class UnsetVariableError(VariableError):
    """No declared value fits."""


class TiedVariableError(VariableError):
    """Two equally specific values fit."""


def _one_value(value: object) -> object:
    if value is not None and not is_scalar(value):
        raise refusal('text, a number or true/false ("" for empty text)')
    return value


class ScopedValue(Declared):
    """A value and where it holds; a secret's value is not written here but set through the API."""

    value: Annotated[Scalar | None, Reads(_one_value, {"type": ["string", "number", "boolean"]})] = None
    secret: Flag = False
    environment: Name | None = None
    role: Name | None = None
    host: HostName | None = None

    example: ClassVar[str] = "a mapping such as {value: info, environment: uat}"
    meant: ClassVar[Mapping[str, str]] = {"env": "environment", "name": "host"}

    @model_validator(mode="after")
    def _value_or_secret(self) -> "ScopedValue":
        if self.secret and self.value is not None:
            message = "a secret's value is never written in the file: set it with `tidegate secrets set`"
            raise refusal("either value or secret: true", message=message)
        if not self.secret and self.value is None:
            raise refusal("either value or secret: true", message="there is no value")
        return self

    @property
    def text(self) -> str:
        """The value's characters; ValueError for a secret, whose value is not here."""
        if self.value is None:
            raise ValueError("a secret's value is not in the declaration")
        return scalar_text(self.value)

    @property
    def scope(self) -> str:
        """`environment production, role web`, or `everywhere`."""
        named = {"environment": self.environment, "role": self.role, "host": self.host}
        return ", ".join(f"{word} {given}" for word, given in named.items() if given) or "everywhere"

    def applies(self, environment: str, host: Host | None) -> bool:
        """Say whether the value holds there; `host` is None for a step of the coordinator's own."""
        return (
            self.environment in {None, environment}
            and (self.role is None or (host is not None and self.role in host.roles))
            and (self.host is None or (host is not None and self.host == host.name))
        )

    @property
    def rank(self) -> tuple[bool, bool, bool]:
        """The higher, the more specific: a host beats a role, a role beats an environment."""
        return (self.host is not None, self.role is not None, self.environment is not None)


def _as_scoped(declared: object) -> object:
    """Take `info` for `[{value: info}]`."""
    if is_scalar(declared):
        return ({"value": declared},)
    if isinstance(declared, list | tuple):
        return declared
    raise refusal("a value, or a list of values with scopes such as [{value: info, environment: uat}]")


ScopedValues = Annotated[
    tuple[ScopedValue, ...],
    BeforeValidator(_as_scoped, json_schema_input_type=Scalar | tuple[ScopedValue, ...]),
]
"""A scalar is one value that holds everywhere; `[]` says that every host's inventory gives it."""


def resolve(name: str, values: Sequence[ScopedValue], environment: str, host: Host | None) -> ScopedValue:
    """Return the most specific of `values`, the host's own inventory value among them.

    Raises UnsetVariableError or TiedVariableError, which say who was asked and who ties.
    """
    place = f"{name} in {environment}" + (f" on {host.name}" if host else "")
    fitting = [(value, "the process") for value in values if value.applies(environment, host)]
    if host is not None and name in host.variables:
        fitting.append((ScopedValue(value=host.variables[name], host=host.name), "the inventory"))
    if not fitting:
        raise UnsetVariableError(
            f"{place} has no value: add one to `variables` for this scope, or to the host's inventory"
        )
    highest = max(value.rank for value, _ in fitting)
    winners = [(value, origin) for value, origin in fitting if value.rank == highest]
    if len(winners) > 1:
        tied = " and ".join(f"{origin} ({value.scope})" for value, origin in winners)
        raise TiedVariableError(
            f"{place} has more than one value, equally specific, from {tied}: keep one, or scope one closer"
        )
    return winners[0][0]
