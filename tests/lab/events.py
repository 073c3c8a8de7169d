"""The engine's own account of what happened, counted outside the product."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import docker
from docker.errors import DockerException
from requests.exceptions import RequestException

from tests.lab.waiting import wait_until

LOST = (
    DockerException,
    RequestException,
    OSError,
    ValueError,
    AttributeError,
)  # what the SDK raises when the stream breaks


@dataclass(frozen=True, order=True)
class EngineEvent:
    """One line of `docker events`. `at` is in nanoseconds; `name` and `labels` are of the container or image."""

    at: int
    kind: str
    action: str
    id: str
    name: str
    attributes: tuple[tuple[str, str], ...]

    @classmethod
    def read(cls, raw: Mapping[str, Any]) -> EngineEvent:
        actor = raw.get("Actor", {})
        attributes = actor.get("Attributes") or {}
        return cls(
            at=raw.get("timeNano", 0),
            kind=raw.get("Type", ""),
            action=raw.get("Action", ""),
            id=actor.get("ID", ""),
            name=attributes.get("name", ""),
            attributes=tuple(sorted(attributes.items())),
        )

    @property
    def labels(self) -> dict[str, str]:
        return dict(self.attributes)


class Recorder:
    """Records events from now on, over restarts of the engine, each once.

    The engine keeps its last 256 events in memory: what happens while the engine is dead is not an event,
    and what happens before the stream is back is asked for again.
    """

    def __init__(self, connect: Callable[[], docker.DockerClient], answers: Callable[[], bool]) -> None:
        self._connect = connect
        self._answers = answers  # asked before each connection: the SDK leaves a socket open when one fails
        self._seen: set[EngineEvent] = set()
        self._guard = threading.Lock()
        self._closing = threading.Event()
        self._attached = threading.Event()
        self._stream: Any = None
        self._client = connect()
        # From the engine's own start on: the events before this moment are told apart by its clock, which is ours.
        self._since = time.time_ns()
        self._thread = threading.Thread(target=self._follow, name="engine-events", daemon=True)
        self._thread.start()
        self._attached.wait(10)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def events(self, kind: str = "container", action: str | None = None, **labels: str) -> list[EngineEvent]:
        """Return what happened until now, in order; `labels` use `__` for the dot: `tidegate__step="web"`.

        The engine is asked once more, so that nothing that happened before this call is missing.
        """
        self._catch_up()
        wanted = {key.replace("__", "."): value for key, value in labels.items()}
        with self._guard:
            seen = sorted(self._seen)
        return [
            event
            for event in seen
            if event.kind == kind
            and action in (None, event.action)
            and wanted.items() <= event.labels.items()
        ]

    def count(self, action: str, **labels: str) -> int:
        """Return how often containers had this action, such as `create`, `start`, `die`, `destroy`, `rename`."""
        return len(self.events(action=action, **labels))

    def wait_for(
        self, action: str, times: int = 1, seconds: float = 30.0, **labels: str
    ) -> list[EngineEvent]:
        """Return the events when there are at least `times`; DeadlineError after `seconds`."""
        return wait_until(
            lambda: found if len(found := self.events(action=action, **labels)) >= times else [],
            f"{times} x {action} {labels or ''}",
            seconds,
        )

    def close(self) -> None:
        self._closing.set()
        wait_until(self._ended, "the recorder of engine events to end")
        self._client.close()

    def _ended(self) -> bool:
        stream = self._stream  # a new one may just have been opened: so this is asked again and again
        if stream is not None:
            with contextlib.suppress(*LOST):
                stream.close()
        self._thread.join(0.05)
        return not self._thread.is_alive()

    def _follow(self) -> None:
        while not self._closing.is_set():
            client = None
            if not self._answers():
                self._closing.wait(0.05)
                continue
            try:
                client = self._connect()
                self._stream = client.events(decode=True, since=self._since // 10**9)
                self._attached.set()
                self._keep(self._stream)
            except LOST:
                self._closing.wait(0.05)  # the engine went away: ask again until it is back
            finally:
                if client:
                    client.close()

    def _catch_up(self) -> None:
        if not self._answers():
            return
        with contextlib.suppress(*LOST):
            now = time.time_ns()
            until = f"{now // 10**9}.{now % 10**9:09d}"
            told = self._client.events(decode=True, since=self._since // 10**9, until=until)  # type: ignore[call-overload]  # the stubs know whole seconds only
            self._keep(told)

    def _keep(self, stream: Iterable[Mapping[str, Any]]) -> None:
        for raw in stream:
            event = EngineEvent.read(raw)
            if event.at >= self._since:
                with self._guard:
                    self._seen.add(event)
