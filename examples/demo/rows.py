"""The stages of a deployment as rows: alive in a terminal; elsewhere each is printed once, when it has ended."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

MINUTE = 60
State = Literal["waiting", "open", "asks", "done", "failed"]
MARKS: dict[State, tuple[str, str]] = {
    "waiting": ("·", "dim"),
    "open": ("…", "cyan"),
    "asks": ("?", "bold yellow"),
    "done": ("✓", "green"),
    "failed": ("✗", "bold red"),
}


@dataclass(frozen=True)
class Row:
    """One stage; `spent` seconds, None before it opened."""

    title: str
    where: str
    state: State
    spent: float | None

    @property
    def cells(self) -> list[Text]:
        mark, colour = MARKS[self.state]
        return [
            Text(f"   {mark}", style=colour),
            Text(self.title),
            Text(self.where, style="dim" if self.state == "waiting" else ""),
            Text("" if self.spent is None or self.state == "asks" else seconds(self.spent), style="dim"),
        ]

    @property
    def line(self) -> str:
        """Return `   ✓ canary   web-1  3.2 s`."""
        mark, title, where, spent = (cell.plain for cell in self.cells)
        return f"{mark} {title:8} {where:18} {spent}".rstrip()


@dataclass
class Rows:
    """Where rows are shown again and again."""

    console: Console
    live: Live | None
    told: set[str] = field(default_factory=set)

    def show(self, rows: Sequence[Row]) -> None:
        if self.live:
            self.live.update(_table(rows))
            return
        for row in rows:
            if row.state in {"asks", "done", "failed"} and row.line not in self.told:
                self.told.add(row.line)
                self.console.print(row.line, soft_wrap=True)


@contextmanager
def rows(console: Console) -> Iterator[Rows]:
    """Give a place for rows; in a terminal the last ones stay on the screen."""
    if not console.is_terminal:
        yield Rows(console, None)
        return
    with Live(console=console, refresh_per_second=10) as live:
        yield Rows(console, live)


def seconds(spent: float) -> str:
    """Return `3.2 s`, or `2 min 5 s`."""
    if spent < MINUTE:
        return f"{spent:.1f} s"
    return f"{int(spent // MINUTE)} min {int(spent % MINUTE)} s"


def _table(rows: Sequence[Row]) -> Table:
    table = Table.grid(padding=(0, 1))
    for row in rows:
        table.add_row(*row.cells)
    return table
