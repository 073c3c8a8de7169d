"""`--wait`: a line for every change until the deployment has ended."""

import time
from collections.abc import Iterator

from coordinator.cli.documents import Deployment
from coordinator.cli.errors import CliError
from coordinator.cli.exits import Exit, exit_of
from coordinator.cli.patience import Patience
from coordinator.cli.progress import ProgressTeller
from coordinator.cli.screen import Block
from coordinator.cli.session import Session
from coordinator.cli.snapshots import FINAL, Snapshot, changed_tasks, look, opened
from coordinator.cli.views import deployments, interruptions, lines
from tasks.clock import monotonic, now

_SHORTEST = 0.2  # seconds between two looks after a change
_LONGEST = 2.0  # seconds between two looks when all is quiet
_SHARE = (
    4  # a look that took long is followed by a pause this many times as long: big plans must not load the API
)


def wait(session: Session, deployment: str, *, exit_when_waiting: bool) -> Exit:
    """Print what changes until the end, and return how it ended. Ctrl-C leaves the deployment as it is."""
    watch = _Watch(session, deployment)
    try:
        end = watch.until(FINAL | ({"waiting"} if exit_when_waiting else frozenset()))
    except KeyboardInterrupt:
        _leave(session, deployment)
        return Exit.INTERRUPTED
    session.screen.show(end, ())
    return exit_of(end["status"])


def _leave(session: Session, deployment: str) -> None:
    session.screen.notice(f"\n{deployment} goes on without you.")
    session.screen.notice(f"  Follow it:  tidegate status {deployment} --wait")
    session.screen.notice(f"  Cancel it:  tidegate cancel {deployment}")


class _Watch:
    """Looks again and again, and tells what is new."""

    def __init__(self, session: Session, deployment: str) -> None:
        self._screen = session.screen
        self._client = session.client
        self._client.calls.pauses = ()  # the patience is ours
        self._deployment = deployment
        self._patience = Patience(session.screen.notice)
        self._progress = ProgressTeller()

    def until(self, statuses: frozenset[str]) -> Deployment:
        """Return the deployment once its status is one of `statuses`, everything before told."""
        before: Snapshot | None = None
        pause = _SHORTEST
        while True:
            after, took = self._look(before)
            told = self._tell(before, after)
            if after.status in statuses:
                return after.deployment
            pause = _SHORTEST if told else min(_LONGEST, pause * 2)
            time.sleep(max(pause, _SHARE * took))
            before = after

    def _look(self, before: Snapshot | None) -> tuple[Snapshot, float]:
        """Return what is now, and how many seconds it took to read."""
        while True:
            began = monotonic()
            try:
                after = look(self._client, self._deployment, before)
            except CliError as error:
                self._patience.tried(error)
            else:
                self._patience.rewarded()
                return after, monotonic() - began

    def _tell(self, before: Snapshot | None, after: Snapshot) -> bool:
        told = False
        for block in self._news(before, after):
            self._screen.say(block)
            told = True
        for block in self._progress.lines(after, told=told, at=monotonic()):
            self._screen.say(block)
        return told

    def _news(self, before: Snapshot | None, after: Snapshot) -> Iterator[Block]:
        if before is None:
            yield lines.stamped(deployments.headline(after.deployment))
        yield from (lines.stamped(interruptions.closed(each)) for each in after.closed)
        for task in changed_tasks(before, after):
            self._progress.told(task, monotonic())
            yield lines.task(task)
        for opening in opened(before, after):
            name = interruptions.shortest_name(after.deployment, opening)
            blocks = list(interruptions.waiting(opening, name, self._client.calls.url, now()))
            yield lines.stamped(blocks[0])
            yield from (lines.indented(block) for block in blocks[1:])
        if before is not None and _worth_telling(before.status, after.status):
            yield from lines.status(after.deployment, now())


def _worth_telling(before: str, after: str) -> bool:
    """Whether a line about the status adds something: interruptions say themselves that they open and close."""
    return after not in {before, "waiting"} and (before, after) != ("waiting", "running")
