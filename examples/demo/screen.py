"""What the person sees: a heading a part, a few lines below it, and how long it took."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.table import Table
from rich.text import Text

from examples.demo.looking import Seen
from examples.demo.rows import Rows, rows, seconds
from tasks.clock import monotonic

SHORT = len("sha256:") + 12  # of a digest, as engines cut it
COLOURS = {"1.0.0": "blue", "1.1.0": "green"}  # those of the pages


class Screen:
    """Prints, and keeps the seconds of each part in `times`."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.times: dict[str, float] = {}
        self._number = 0

    def title(self, sentence: str) -> None:
        self.console.print(Text(sentence, style="bold"), soft_wrap=True)

    @contextmanager
    def part(self, name: str, title: str) -> Iterator[None]:
        """Print a heading, run the block, and keep its time under `name` if nothing failed."""
        self._number += 1
        self.console.print(Text.assemble("\n", (f"{self._number}  {title}", "bold")))
        began = monotonic()
        yield
        spent = monotonic() - began
        self.say(Text(seconds(spent), style="dim"))
        self.times.setdefault(name, spent)

    def say(self, line: str | Text) -> None:
        text = line if isinstance(line, Text) else Text(line)
        self.console.print(Text("   ").append_text(text), soft_wrap=True)

    @contextmanager
    def rows(self) -> Iterator[Rows]:
        with rows(self.console) as shown:
            yield shown

    def hosts(self, found: list[Seen], versions: dict[str, str]) -> None:
        """Show what each host's engine runs; `versions` names known digests."""
        table = Table.grid(padding=(0, 2))
        table.add_row(*(Text(name, style="dim") for name in ("   host", "web", "", "its page", "mailer")))
        for seen in found:
            table.add_row(
                f"   {seen.host}",
                _version(seen.web, versions),
                seen.web[:SHORT],
                seen.page or "no answer",
                _version(seen.digests["mailer"], versions) if "mailer" in seen.digests else "",
            )
        self.console.print(table)

    def summary(self) -> None:
        """Show how long each part took."""
        self.say(Text(", ".join(f"{name} {seconds(spent)}" for name, spent in self.times.items())))


def _version(digest: str, versions: dict[str, str]) -> Text:
    version = versions.get(digest, "unknown" if digest else "nothing")
    return Text(version, style=COLOURS.get(version, "red"))
