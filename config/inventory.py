"""The hosts: `inventory.yaml`."""

from collections.abc import Iterator, Mapping
from typing import Annotated, ClassVar, Final

from pydantic import Field

from config.declared import Declared
from config.document import Document, parse
from config.expectations import shaped
from config.explaining import read_model
from config.frozen import FrozenMapping
from config.names import HostName, LabelName, Name, VariableName
from config.problems import DeclarationError, Problem
from config.text import PlainText

LONGEST: Final = 4 * 1024 * 1024
"""Characters: room for 10,000 hosts with labels and variables."""

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

    example: ClassVar[str] = "a mapping such as {name: web-1, environments: [production]}"
    meant: ClassVar[Mapping[str, str]] = {"role": "roles", "environment": "environments", "hostname": "name"}


class Inventory(Declared):
    """All hosts that Tidegate knows; the coordinator's copy is the only truth."""

    hosts: tuple[Host, ...]


def load_inventory(text: str | bytes, source: str = "inventory.yaml") -> Inventory:
    """Read an inventory; DeclarationError tells every problem in it, from top to bottom."""
    document = parse(text, source, longest=LONGEST)
    inventory, problems = read_model(Inventory, document.data, document)
    found = (*document.problems, *problems, *_repeated_names(document))
    if inventory is None or found:
        raise DeclarationError(source, found)
    return inventory


def _repeated_names(document: Document) -> Iterator[Problem]:
    hosts = document.data.get("hosts")
    first: dict[str, int] = {}
    for at, host in enumerate(hosts if isinstance(hosts, list) else []):
        name = host.get("name") if isinstance(host, dict) else None
        if not isinstance(name, str):
            continue
        if name in first:
            message = f"{name} is the name of hosts[{first[name]}] already"
            yield document.problem(("hosts", at, "name"), message, "a name of its own")
        first.setdefault(name, at)
