"""Control messages, coordinator -> worker, on the list `ctl.<host>`: signed like orders, never behind steps.

The kinds and their bodies, and the two ports; `tasks.control_list` speaks to Redis.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Protocol

from tasks.bodies import Body
from tasks.envelope import SignedArgs


class Welcome(Body):
    """The host belongs now: its join was accepted."""

    host: str


class Confirm(Body):
    """Reports of `attempt` up to number `through` are stored; `final`: the finished report is among them."""

    attempt: str
    through: int
    final: bool = False


class Cancel(Body):
    """Stop `attempt` at the next safe point."""

    attempt: str
    reason: str = ""


CONTROLS: Mapping[str, type[Body]] = MappingProxyType(
    {"welcome": Welcome, "confirm": Confirm, "cancel": Cancel}
)


class ControlSender(Protocol):
    def send(self, host: str, args: SignedArgs) -> None:
        """Leave one signed message for `host`; raises tasks.publishing.BrokerUnavailable within seconds."""


class ControlReceiver(Protocol):
    def receive(self, timeout: float) -> SignedArgs | None:
        """Return the oldest message, or None after about `timeout` seconds, also while the broker is away."""

    def close(self) -> None:
        """Let go of the connection; a waiting `receive` returns None soon."""
