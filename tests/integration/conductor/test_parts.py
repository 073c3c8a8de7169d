"""A coordinator of which a part has ended is no coordinator."""

import signal
import threading
from pathlib import Path

from coordinator.program import _watched


def test_a_part_that_ends_by_itself_ends_the_program():
    """An API that hears no host would only look alive: the part's failure asks the whole process to end."""
    asked: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, _frame: asked.append(number))
    try:
        ended: list[str] = []
        _watched("consumer", Path("/does/not/exist").stat, threading.Event(), ended)
    finally:
        signal.signal(signal.SIGTERM, before)
    assert (asked, ended) == ([signal.SIGTERM], ["consumer"])
