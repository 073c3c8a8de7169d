"""How long a command that waits bears a coordinator that is away."""

import time
from collections.abc import Callable

from coordinator.cli.answers import AWAY
from coordinator.cli.errors import CliError, Refused, Unreachable
from tasks.clock import monotonic

LONGEST_ABSENCE = 900.0  # seconds without an answer until a waiting command gives up
_PAUSES = (0.5, 1.0, 2.0, 5.0)  # seconds between tries; the last one stays
_REMINDER = 60.0  # seconds between two messages about the same absence


class Patience:
    """Sleeps between tries and tells `notice` about it; raises the error once it has lasted too long."""

    def __init__(self, notice: Callable[[str], None]) -> None:
        self._notice = notice
        self._since: float | None = None
        self._told = 0.0
        self._tries = 0

    def tried(self, error: CliError) -> None:
        """Wait for the next try; raises `error` when waiting cannot help or has lasted too long."""
        is_away = isinstance(error, Unreachable) or (isinstance(error, Refused) and error.status in AWAY)
        now = monotonic()
        self._since = now if self._since is None else self._since
        if not is_away or now - self._since > LONGEST_ABSENCE:
            raise error
        if self._tries == 0 or now - self._told > _REMINDER:
            self._notice(f"{error.message} Nothing is lost; trying again.")
            self._told = now
        time.sleep(_PAUSES[min(self._tries, len(_PAUSES) - 1)])
        self._tries += 1

    def rewarded(self) -> None:
        """An answer came: the absence is over."""
        if self._tries:
            self._notice("The coordinator answers again.")
        self._since = None
        self._tries = 0
