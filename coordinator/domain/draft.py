"""A decision in the making: the slice's rows as they change, with what must happen beside them.

Local to one call of `advance`; nothing outside sees it, so the state machine stays a pure function.
"""

from dataclasses import replace
from datetime import datetime
from typing import Any

from coordinator.domain.decision import ClearTimers, Decision, Effect, Row, SetTimer, Slice
from coordinator.domain.events import Event, TimerKind
from coordinator.domain.states import Deployment, Interruption, Stage, Task


class Draft:
    """Rows by identity; `decide` returns those that differ from the slice's."""

    def __init__(self, state: Slice, now: datetime) -> None:
        self.slice = state
        self.now = now
        self.deployment: Deployment = state.deployment
        self._rows: dict[tuple[type, str], Row] = {}
        self._effects: list[Effect] = []
        self._follow_ups: list[Event] = []

    def change(self, **fields: Any) -> None:  # noqa: ANN401 - the fields of Deployment, checked by replace
        """Change fields of the deployment's header."""
        self.deployment = replace(self.deployment, **fields)

    def count(self, **deltas: int) -> None:
        """Add to counters of the deployment's header, for example `in_flight=-1`."""
        self.change(**{name: getattr(self.deployment, name) + delta for name, delta in deltas.items()})

    def save(self, row: Stage | Task | Interruption) -> None:
        """Put a changed row beside (or in place of) the one the slice holds."""
        self._rows[type(row), row.id if isinstance(row, Interruption) else row.key] = row

    @property
    def interruptions(self) -> tuple[Interruption, ...]:
        """The slice's interruptions as they stand now."""
        current = (self._rows.get((Interruption, item.id), item) for item in self.slice.interruptions)
        return tuple(item for item in current if isinstance(item, Interruption))

    def do(self, *effects: Effect) -> None:
        self._effects.extend(effects)

    def then(self, event: Event) -> None:
        if event not in self._follow_ups:
            self._follow_ups.append(event)

    def timer(self, kind: TimerKind, subject: str, due: datetime) -> None:
        self.do(SetTimer(kind, subject, due))

    def clear_timers(self, subject: str | None) -> None:
        self.do(ClearTimers(subject))

    def decide(self) -> Decision:
        header: tuple[Row, ...] = () if self.deployment == self.slice.deployment else (self.deployment,)
        return Decision(header + tuple(self._rows.values()), tuple(self._effects), tuple(self._follow_ups))
