"""A deployment as server-sent events.

Between two looks at the database a follower holds neither a thread nor a connection.
"""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from anyio import sleep, to_thread

from coordinator.api.answers import encoded
from coordinator.conductor.services import Services
from coordinator.domain.states import DeploymentStatus
from coordinator.store import views
from tasks.clock import monotonic

LOOK_EVERY: Final = 0.3  # seconds
STILL_HERE_EVERY: Final = 15.0  # seconds of silence after which a comment keeps proxies from closing
AT_ONCE: Final = 500
_FINAL: Final = frozenset(status.value for status in DeploymentStatus if status.is_final)


@dataclass(frozen=True, slots=True)
class Look:
    """What one look found: the status, then (so that nothing before an end is missed) what was logged."""

    status: dict[str, Any]
    entries: list[dict[str, Any]]

    @property
    def is_last(self) -> bool:
        return self.status["status"] in _FINAL and not self.entries


@dataclass(slots=True)
class Follower:
    """One client's place in a deployment; `after` is the serial of the last entry it was sent."""

    services: Services
    deployment: str
    task: str | None
    after: int
    stopping: Callable[[], bool]
    _told: dict[str, Any] | None = field(default=None)
    _last_look: Look | None = field(default=None)

    async def events(self, disconnected: Callable[[], Awaitable[bool]]) -> AsyncIterator[str]:
        """Yield events until the deployment has ended, the client went away, or the program stops."""
        heard = monotonic()
        while not (self.stopping() or await disconnected()):
            look = await to_thread.run_sync(self.look)
            for event in self._told_of(look):
                heard = monotonic()
                yield event
            if self._is_over(look):
                yield _event("end", {"status": look.status["status"]})
                return
            if monotonic() - heard > STILL_HERE_EVERY:
                heard = monotonic()
                yield ": still here\n\n"
            if len(look.entries) < AT_ONCE:
                await sleep(LOOK_EVERY)

    def look(self) -> Look:
        """Read the status and the next entries."""
        with self.services.store.read() as tx:
            found = views.deployment(tx, self.deployment) or {"status": "cancelled", "interruptions": []}
            asked = [each["id"] for each in found["interruptions"]]
            entries = views.logs(tx, self.deployment, task=self.task, after_serial=self.after, limit=AT_ONCE)
        return Look({"status": found["status"], "interruptions": asked}, entries)

    def _told_of(self, look: Look) -> Iterator[str]:
        for entry in look.entries:
            self.after = entry["serial"]
            yield _event("log", entry, self.after)
        if look.status != self._told:
            self._told = look.status
            yield _event("status", look.status)

    def _is_over(self, look: Look) -> bool:
        """Say whether two looks in a row found an ended deployment and nothing new: late entries are sent too."""
        before, self._last_look = self._last_look, look
        return look.is_last and before is not None and before.is_last


def _event(name: str, data: dict[str, Any], identity: int | None = None) -> str:
    """Return the lines `id: 17`, `event: log`, `data: {...}` and an empty one."""
    head = f"id: {identity}\n" if identity is not None else ""
    return f"{head}event: {name}\ndata: {json.dumps(encoded(data))}\n\n"
