"""Waiting for a condition with a deadline: the lab's only way to wait."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


class DeadlineError(AssertionError):
    """The condition did not hold before its deadline."""


def wait_until(condition: Callable[[], T], what: str, seconds: float = 15.0, every: float = 0.02) -> T:
    """Return the first true value of `condition`, asked every `every` seconds; DeadlineError after `seconds`.

    `what` finishes the sentence "waited 15 s for ...".
    """
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise DeadlineError(f"waited {seconds:g} s for {what}; the last answer was {value!r}")
        time.sleep(every)
    return value
