"""Waiting for a condition instead of sleeping."""

import time
from collections.abc import Callable


def wait_until(holds: Callable[[], object], what: str, deadline: float = 30.0) -> None:
    """Return as soon as `holds()` is true; fail with `what` after `deadline` seconds.

    What takes seconds is asked for more rarely, so that asking does not keep the machine from it.
    """
    began = time.monotonic()
    while not holds():
        waited = time.monotonic() - began
        assert waited < deadline, f"waited {deadline} s in vain until {what}"
        time.sleep(max(0.02, min(0.1, waited / 20)))
