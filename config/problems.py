"""What is wrong in a declaration, said so that a person can repair it.

DeclarationError     the whole file, all its problems at once
  Problem            one place, one sentence
refusal()            what a value's own validator raises; it becomes a Problem with its place
"""

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches

from pydantic_core import PydanticCustomError

MOST_TOLD = 100
REFUSAL = "tidegate_refusal"  # the pydantic error type of refusal()


@dataclass(frozen=True, slots=True)
class Problem:
    """One place in a declaration that must change.

    `path` uses the words of the file (`process[1].rollout.cannary`, empty for the whole file); `line` and
    `column` count from 1 and are None where no text was read (settings, rendered parameters).
    """

    source: str
    path: str
    line: int | None
    column: int | None
    message: str
    expected: str = ""
    nearest: str | None = None

    def __str__(self) -> str:
        """`shop.yaml:14:7 process[1].rollout.cannary: unknown key; expected one of bake, batch; did you mean ...?`."""
        place = self.source if self.line is None else f"{self.source}:{self.line}:{self.column}"
        where = f"{place} {self.path}" if self.path else place
        expected = f"; expected {self.expected}" if self.expected else ""
        nearest = f"; did you mean {self.nearest}?" if self.nearest else ""
        return f"{where}: {self.message}{expected}{nearest}"


class DeclarationError(ValueError):
    """A declaration was refused; nothing of it was taken. Repair every problem and send it again."""

    def __init__(self, source: str, problems: Iterable[Problem]) -> None:
        self.source = source
        self.problems = in_order(source, problems)
        super().__init__(source, self.problems)

    def __str__(self) -> str:
        return "\n".join(str(problem) for problem in self.problems)


def in_order(source: str, problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Return the problems from top to bottom, each once; after the first hundred only how many more there are."""
    told = sorted(dict.fromkeys(problems), key=lambda each: (each.line or 0, each.column or 0))
    if len(told) <= MOST_TOLD:
        return tuple(told)
    more = Problem(source, "", None, None, f"and {len(told) - MOST_TOLD} more problems")
    return (*told[:MOST_TOLD], more)


def refusal(expected: str, *, message: str = "", nearest: str | None = None) -> PydanticCustomError:
    """Return the error with which a validator refuses a value.

    `message` says what is wrong; left empty, the reader is told what was found.
    """
    shown = f"{message}; expected {expected}" if message and expected else message or f"expected {expected}"
    context = {"shown": shown, "message": message, "expected": expected, "nearest": nearest}
    return PydanticCustomError(REFUSAL, "{shown}", context)


def closest(word: str, valid: Iterable[str]) -> str | None:
    """Return the valid word that `word` was probably meant to be, or None."""
    by_lower = {each.lower(): each for each in valid}
    found = get_close_matches(word.lower(), by_lower, n=1, cutoff=0.6)
    return by_lower[found[0]] if found else None
