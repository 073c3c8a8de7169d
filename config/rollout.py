"""How a step spreads over its hosts: canary, bake, gate, batches."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, ClassVar, Literal, Self

from pydantic import AfterValidator
from pydantic.json_schema import JsonSchemaValue

from config.declared import Declared
from config.durations import Duration
from config.expectations import OneOf, Parsed
from config.names import Count
from config.problems import refusal
from config.text import PlainText

_WHOLE = 100


@dataclass(frozen=True, slots=True)
class Share(Parsed):
    """A number of hosts (`2`), or hundredths of all hosts of the step (`25%`)."""

    amount: int
    percent: bool = False

    SCHEMA: ClassVar[JsonSchemaValue] = {
        "anyOf": [{"type": "string", "pattern": "^[0-9]{1,6}%?$"}, {"type": "integer", "minimum": 0}],
    }

    @classmethod
    def parse(cls, value: object) -> Self:
        """Read `2`, `"2"` or `"25%"`; refuses anything else."""
        if isinstance(value, cls):
            return value
        written = "" if isinstance(value, bool) or not isinstance(value, int | str) else str(value)
        matched = re.fullmatch(r"([0-9]{1,6})(%?)", written, re.ASCII)
        if matched is None or (matched[2] and int(matched[1]) > _WHOLE):
            raise refusal("a number of hosts such as 2, or a share of them such as 25%")
        return cls(int(matched[1]), percent=bool(matched[2]))

    def of(self, total: int) -> int:
        """Return the number of hosts out of `total`, rounded up, never more than `total`."""
        return min(total, -(-total * self.amount // _WHOLE) if self.percent else self.amount)

    def within(self, total: int) -> int:
        """Return the number of hosts out of `total`, rounded down: a limit that must not be passed."""
        return min(total, total * self.amount // _WHOLE if self.percent else self.amount)

    def written(self) -> str | int:
        return str(self) if self.percent else self.amount

    def __str__(self) -> str:
        return f"{self.amount}%" if self.percent else str(self.amount)


def _at_least_one(share: Share) -> Share:
    if share.amount < 1:
        raise refusal("at least 1 host or 1%")
    return share


_ORDER = "{} comes with the order between deployments of a later version; use queue"
_GATE = "{} comes with the richer gates of a later version; leave it out"


class Gate(Declared):
    """A stop until somebody says yes. It never approves itself."""

    instructions: PlainText = ""
    approvers: tuple[PlainText, ...] = ()
    """Groups or people, any one of whom may answer; empty: everybody who may answer at all."""
    timeout: Duration = timedelta(hours=72)
    on_timeout: Annotated[
        Literal["reject"], OneOf({"approve": "a gate never approves itself; use reject"})
    ] = "reject"
    while_waiting: Annotated[Literal["hold_lock"], OneOf({})] = "hold_lock"
    newer_release: Annotated[
        Literal["queue"], OneOf({word: _ORDER.format(word) for word in ("supersede", "refuse")})
    ] = "queue"

    example: ClassVar[str] = "a mapping such as {instructions: Look at the canary}"
    later: ClassVar[Mapping[str, str]] = {
        word: _GATE.format(word) for word in ("quorum", "form", "inputs", "not_deployer")
    }


class Rollout(Declared):
    """canary -> bake -> gate -> batches; the canary hosts count as done in the batches."""

    canary: Count = 0
    """How many hosts go first."""
    bake: Duration = timedelta(0)
    """How long to watch the canary hosts before the gate or the batches."""
    gate: Gate | None = None
    batch: Annotated[Share, AfterValidator(_at_least_one)] = Share(25, percent=True)
    max_failures: Share = Share(0)
    on_failure: Annotated[
        Literal["pause", "stop", "continue"],
        OneOf({"rollback": "rollback comes with the rollback plans of a later version; use pause"}),
    ] = "pause"

    example: ClassVar[str] = "a mapping such as {canary: 1, batch: 25%}"

    def window(self, total: int) -> int:
        """Return how many of the step's `total` hosts (canary included) may be worked on at once: at least 1."""
        return max(1, self.batch.of(total))

    def tolerated(self, total: int) -> int:
        """Return how many of the step's `total` hosts may fail before `on_failure` applies (rounded down)."""
        return self.max_failures.within(total)
