"""On which hosts a step runs."""

from collections.abc import Mapping
from typing import ClassVar

from pydantic import model_validator

from config.declared import Declared
from config.frozen import FrozenMapping
from config.inventory import Host
from config.names import HostName, LabelName, Name
from config.problems import refusal
from config.text import PlainText


class HostSelector(Declared):
    """Hosts that fit every given key: the role, any of `roles`, all of `labels`, one of `names`."""

    role: Name | None = None
    roles: tuple[Name, ...] = ()
    labels: FrozenMapping[LabelName, PlainText] = FrozenMapping()
    names: tuple[HostName, ...] = ()

    example: ClassVar[str] = "a mapping such as {role: web}"
    meant: ClassVar[Mapping[str, str]] = {
        "name": "names",
        "label": "labels",
        "host": "names",
        "hosts": "names",
    }

    @model_validator(mode="after")
    def _selects_something(self) -> "HostSelector":
        if not (self.role or self.roles or self.labels or self.names):
            raise refusal("at least one of role, roles, labels, names", message="no host is selected")
        return self

    def matches(self, host: Host) -> bool:
        """Say whether `host` is selected; its environments are not looked at here."""
        return (
            (self.role is None or self.role in host.roles)
            and (not self.roles or not set(self.roles).isdisjoint(host.roles))
            and self.labels.items() <= host.labels.items()
            and (not self.names or host.name in self.names)
        )
