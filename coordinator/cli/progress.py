"""Tells how far running tasks are, seldom enough to be read, and that a quiet deployment still lives."""

from collections.abc import Iterator

from coordinator.cli.documents import Task
from coordinator.cli.screen import Block
from coordinator.cli.snapshots import FINAL, Snapshot
from coordinator.cli.views import lines
from coordinator.cli.views.deployments import says

_EACH = 5.0  # seconds between two lines about one task, and more when many run
_FOR_EACH_RUNNING = 2.0  # seconds added for each running task
_QUIET = 60.0  # seconds without a line after which one says that it still runs
_QUIET_WAITING = 600.0  # the same while a person is waited for


class ProgressTeller:
    """Remembers what was said of each task, and when."""

    def __init__(self) -> None:
        self._said: dict[str, tuple[float, str]] = {}
        self._last = 0.0

    def told(self, task: Task, at: float) -> None:
        """Remember that a line about `task` was printed at the monotonic time `at`."""
        self._said[task["key"]] = (at, says(task))

    def lines(self, now: Snapshot, *, told: bool, at: float) -> Iterator[Block]:
        """Return what is to be said at the monotonic time `at`; `told` says that other lines were printed."""
        for task in now.running:
            text = says(task)
            if text and self._is_due(task["key"], text, at, len(now.running)):
                self.told(task, at)
                told = True
                yield lines.task(task)
        limit = _QUIET_WAITING if now.status == "waiting" else _QUIET
        if told or not self._last:
            self._last = at
        elif at - self._last > limit and now.status not in FINAL:
            self._last = at
            yield lines.still(now.deployment)

    def _is_due(self, key: str, text: str, at: float, running: int) -> bool:
        last, said = self._said.get(key, (float("-inf"), ""))
        return text != said and at - last >= _EACH + _FOR_EACH_RUNNING * (running - 1)
