"""What is printed, and how: tables and colours on a terminal, plain text in a pipe, one document with --json."""

import json
import os
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TextIO

from rich.console import Console
from rich.table import Table
from rich.text import Text

from coordinator.cli.cleaning import clean, one_line
from coordinator.cli.errors import CliError

Cell = str | Text


@dataclass(frozen=True, slots=True)
class Grid:
    """Columns with their headings; every row has a cell for each."""

    headings: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


Block = Cell | Grid


class _Console(Console):
    def on_broken_pipe(self) -> None:
        """Leave it to the session, which ends well; Rich would exit with 1."""
        raise  # noqa: PLE0704 - Rich calls this while it handles the BrokenPipeError


class Screen:
    """Where a command writes: results to stdout; notices and errors to stderr."""

    def __init__(self, *, json_only: bool, out: TextIO | None = None, err: TextIO | None = None) -> None:
        self.json_only = json_only
        self._out = out or sys.stdout
        self._console = _Console(file=self._out, highlight=False)
        self._errors = _Console(file=err or sys.stderr, highlight=False)

    def show(self, document: object, blocks: Iterable[Block]) -> None:
        """Print a result: the document with --json, otherwise the blocks."""
        if self.json_only:
            self.document(document)
        else:
            for block in blocks:
                self.say(block)

    def document(self, document: object, *, indent: int | None = 2) -> None:
        self._out.write(json.dumps(document, indent=indent, ensure_ascii=False) + "\n")
        self._out.flush()

    def say(self, block: Block) -> None:
        """Print a part of the result for people; nothing with --json."""
        if self.json_only:
            return
        if not isinstance(block, Grid):
            self._console.print(_cleaned(block), soft_wrap=True)
        elif self._console.is_terminal:
            self._console.print(_table(block))
        else:
            self._out.write("".join(f"{line}\n" for line in plain_lines(block)))
        self._out.flush()

    def notice(self, text: Cell) -> None:
        """Tell the person something that is not the result; nothing with --json."""
        if not self.json_only:
            self._errors.print(_cleaned(text), soft_wrap=True)

    def fail(self, error: CliError) -> None:
        """Print an error: its sentence, its problems, what to do next; a problem document with --json."""
        if self.json_only:
            self._errors.out(json.dumps(error.document, ensure_ascii=False))
            return
        lines = [Text.assemble(("Error: ", "bold red"), clean(error.message))]
        lines += [Text(f"  {clean(problem)}") for problem in error.problems]
        if error.hint:
            lines.append(Text.assemble(("Next: ", "bold"), clean(error.hint)))
        for line in lines:
            self._errors.print(line, soft_wrap=True)


def plain_lines(grid: Grid) -> list[str]:
    """Return the grid as aligned text without a frame; an empty cell is `-`, so that every row can be cut at blanks."""
    heading = [text.upper() for text in grid.headings]
    rows = [[one_line(_plain(cell)) or "-" for cell in row] for row in grid.rows]
    widths = [max(map(len, column)) for column in zip(heading, *rows, strict=True)]
    return [_padded(row, widths) for row in [heading, *rows]]


def _padded(row: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()


def _table(grid: Grid) -> Table:
    table = Table(*grid.headings, box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
    for row in grid.rows:
        table.add_row(*(_cleaned(cell) for cell in row))
    return table


def _cleaned(cell: Cell) -> Text:
    """Return what may be printed; a text that had to be cleaned loses its colours."""
    if isinstance(cell, str):
        return Text(clean(cell))
    plain = clean(cell.plain)
    return cell if plain == cell.plain else Text(plain)


def _plain(cell: Cell) -> str:
    return cell if isinstance(cell, str) else cell.plain


def silence(stream: TextIO) -> None:
    """Let what is still to be written vanish: nobody reads the pipe any more."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
