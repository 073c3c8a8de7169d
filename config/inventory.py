"""The hosts: `inventory.yaml`."""

from collections.abc import Mapping
from typing import Annotated, ClassVar

from pydantic import Field

from config.declared import Declared
from config.expectations import shaped
from config.frozen import FrozenMapping
from config.names import HostName, LabelName, Name, VariableName
from config.text import PlainText

Address = Annotated[
    str,
    shaped(
        r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|[0-9a-fA-F:]*:[0-9a-fA-F:.]*",
        "an address without scheme or port, such as 10.0.0.7 or web-1.example.com",
        longest=253,
    ),
]


class Host(Declared):
    """A machine with a Docker engine and a worker."""

    name: HostName
    address: Address = Field(default_factory=lambda known: known.get("name", ""))
    """How templates name the machine (`tidegate.address`); its name unless given. Tidegate does not connect to it."""
    environments: tuple[Name, ...]
    roles: tuple[Name, ...] = ()
    labels: FrozenMapping[LabelName, PlainText] = FrozenMapping()
    variables: FrozenMapping[VariableName, PlainText] = FrozenMapping()
    """Values that hold on this host, in every project and environment that declares the name."""

    meant: ClassVar[Mapping[str, str]] = {"role": "roles", "environment": "environments", "hostname": "name"}


class Inventory(Declared):
    """All hosts that Tidegate knows; the coordinator's copy is the only truth."""

    hosts: tuple[Host, ...] = ()
