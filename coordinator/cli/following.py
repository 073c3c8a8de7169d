"""Follows a deployment's output through broken connections and coordinators that start anew."""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import cast

from coordinator.cli.calls import Calls
from coordinator.cli.client import logs_path
from coordinator.cli.documents import LogEntry
from coordinator.cli.errors import NoAnswer, Refused
from coordinator.cli.events import events
from coordinator.cli.patience import Patience

_SILENCE = 45.0  # seconds; the coordinator says something at least every 15


@dataclass(frozen=True, slots=True)
class StatusSeen:
    """The deployment's status at the start, at each change, and at its end."""

    status: str
    is_end: bool = False


def follow(
    calls: Calls, deployment: str, *, task: str | None, notice: Callable[[str], None]
) -> Iterator[LogEntry | StatusSeen]:
    """Return what is written, each entry once, until the deployment has ended and everything was sent."""
    after = 0
    patience = Patience(notice)
    while True:
        try:
            for seen in _stream(calls, deployment, task=task, after=after):
                patience.rewarded()
                if not isinstance(seen, StatusSeen):
                    after = seen["serial"]
                yield seen
                if isinstance(seen, StatusSeen) and seen.is_end:
                    return
            time.sleep(1)  # the coordinator ended the stream politely, as it does when it stops
        except (NoAnswer, Refused) as error:
            patience.tried(error)


def _stream(
    calls: Calls, deployment: str, *, task: str | None, after: int
) -> Iterator[LogEntry | StatusSeen]:
    headers = {"Last-Event-ID": str(after)} if after else {}
    path = f"{logs_path(deployment)}/follow"
    with calls.stream(
        path, params={"task": task, "after": after}, headers=headers, silence=_SILENCE
    ) as chunks:
        for event in events(chunks):
            body = json.loads(event.data)
            if event.name == "log":
                yield cast("LogEntry", body)
            elif event.name in {"status", "end"}:
                yield StatusSeen(body["status"], is_end=event.name == "end")
