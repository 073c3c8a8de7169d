"""Waiting for a condition with a deadline: the lab's only way to wait."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
RAREST = 0.1  # seconds between two questions


class DeadlineError(AssertionError):
    """The condition did not hold before its deadline."""


def wait_until(condition: Callable[[], T], what: str, seconds: float = 15.0, every: float = 0.02) -> T:
    """Return the first true value of `condition`, asked every `every` seconds; DeadlineError after `seconds`.

    What takes seconds is asked for more rarely, so that asking does not keep the machine from it. `what` finishes
    the sentence "waited 15 s for ...".
    """
    began = time.monotonic()
    while not (value := condition()):
        waited = time.monotonic() - began
        if waited > seconds:
            raise DeadlineError(f"waited {seconds:g} s for {what}; the last answer was {value!r}")
        time.sleep(max(every, min(RAREST, waited / 20)))
    return value
