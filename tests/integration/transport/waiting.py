"""Waiting for a condition instead of sleeping."""

import time
from collections.abc import Callable


def wait_until(holds: Callable[[], object], what: str, deadline: float = 30.0) -> None:
    """Return as soon as `holds()` is true; fail with `what` after `deadline` seconds."""
    end = time.monotonic() + deadline
    while not holds():
        assert time.monotonic() < end, f"waited {deadline} s in vain until {what}"
        time.sleep(0.02)
