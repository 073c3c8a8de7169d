"""Where in a declaration: the path in the file's own words, and the line and column."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

Place: TypeAlias = tuple[str | int, ...]
"""Keys and list positions from the top."""


@dataclass(frozen=True, slots=True)
class Position:
    """Line and column, counted from 1."""

    line: int
    column: int


@dataclass(frozen=True)
class Positions:
    """Where each value stands, and each key."""

    values: Mapping[Place, Position] = field(default_factory=dict)
    keys: Mapping[Place, Position] = field(default_factory=dict)

    def of(self, place: Place) -> Position | None:
        """Return where the value stands; the nearest one around it where it has no place of its own."""
        for length in range(len(place), -1, -1):
            if place[:length] in self.values:
                return self.values[place[:length]]
        return None

    def of_key(self, place: Place) -> Position | None:
        """Return where the last key of `place` stands."""
        return self.keys.get(place) or self.of(place)


def show_place(place: Place) -> str:
    """`process[1].rollout.cannary`; a key that is no plain word stands in quotes: `labels["a b"]`."""
    text = ""
    for step in place:
        if isinstance(step, int):
            text += f"[{step}]"
        elif re.fullmatch(r"[\w$-]{1,60}", step):
            text += f".{step}" if text else step
        else:
            text += f'["{shorten(step, 60)}"]'
    return text


def shorten(text: str, longest: int) -> str:
    """Return one printable line of at most `longest` characters."""
    line = "".join(each if each.isprintable() else "?" for each in text)
    return line if len(line) <= longest else f"{line[: longest - 3]}..."


def existing(data: object, place: Place) -> Place:
    """Return as much of `place` as leads to something in `data`."""
    for length, step in enumerate(place):
        if not has_child(data, step):
            return place[:length]
        data = child(data, step)
    return place


def child(value: object, step: str | int) -> object:
    """Return the value under a key or at a position, None where there is none."""
    if isinstance(value, Mapping):
        return value.get(str(step))
    if isinstance(value, list | tuple) and isinstance(step, int) and step < len(value):
        return value[step]
    return None


def has_child(value: object, step: str | int) -> bool:
    """Say whether something stands under a key or at a position."""
    if isinstance(value, Mapping):
        return isinstance(step, str) and step in value
    return isinstance(value, list | tuple) and isinstance(step, int) and step < len(value)
