"""Single lines, each with the local time in front, printed while something happens."""

from collections.abc import Iterator
from datetime import datetime

from rich.text import Text

from coordinator.cli import times
from coordinator.cli.cleaning import clean
from coordinator.cli.documents import Deployment, LogEntry, Task
from coordinator.cli.screen import Block, Cell
from coordinator.cli.views import deployments
from coordinator.cli.words import said
from coordinator.cli.words import status as worded
from tasks.clock import now as clock_now

_INDENT = " " * 9  # as wide as the time and the blank behind it
_KEY_WIDTH = 20


def stamped(cell: Cell) -> Text:
    """`14:02:11 shop-42-k7q2: shop 1.1.0 to production, running`."""
    return Text.assemble((clock_now().astimezone().strftime("%H:%M:%S"), "dim"), " ", cell)


def indented(cell: Cell) -> Text:
    return Text.assemble(_INDENT, cell)


def task(found: Task) -> Text:
    """`14:02:11 web@web-1            running, attempt 2: pulling web: 12 of 27 MB`."""
    attempt = f", attempt {found['attempt']}" if found["attempt"] > 1 else ""
    more = deployments.says(found)
    return stamped(
        Text.assemble(
            f"{found['key']:<{_KEY_WIDTH}} ",
            worded(found["status"]),
            attempt,
            f": {more}" if more else "",
        )
    )


def status(found: Deployment, now: datetime) -> Iterator[Block]:
    """`14:10:00 shop-42-k7q2 succeeded after 8 min 12 s`."""
    took = times.between(found["started_at"], found["ended_at"], now) if found["ended_at"] else ""
    after = f" after {took}" if took else ""
    reason = f": {found['reason']}" if found["reason"] else ""
    yield stamped(Text.assemble(f"{found['id']} ", worded(found["status"]), after, reason))


def still(found: Deployment) -> Text:
    """`14:05:00 shop-42-k7q2 still running: web 3 of 12`."""
    open_stages = [stage for stage in found["stages"] if stage["status"] == "open"]
    counts = ", ".join(f"{stage['key']} {stage['succeeded']} of {stage['total']}" for stage in open_stages)
    return stamped(f"{found['id']} still {said(found['status'])}{f': {counts}' if counts else ''}")


def log(entry: LogEntry) -> Iterator[Text]:
    """`14:02:11 web@web-1            | text`, one for each line of the entry."""
    for line in entry["lines"]:
        yield Text.assemble(
            (times.clock(line["at"]), "dim"),
            f" {entry['task']:<{_KEY_WIDTH}} ",
            ("| ", "dim"),
            (clean(line["text"]), "red" if line["stream"] == "stderr" else ""),
        )
