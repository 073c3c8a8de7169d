"""The state machine's own times; a step's own are in its Limits."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Pace:
    """How patient the coordinator is. The defaults are the product's; tests are quicker."""

    lease: timedelta = timedelta(seconds=45)  # renewed every 10 s by the host; three may be missed
    accept_within: timedelta = timedelta(seconds=5)  # then the same attempt's order is sent again
    longest_resend: timedelta = timedelta(seconds=30)
    timeout_margin: timedelta = timedelta(
        seconds=60
    )  # the host enforces `timeout` itself; this is for one that cannot
    guidance_expiry: timedelta = timedelta(
        hours=72
    )  # an unanswered question aborts, as an unanswered gate rejects

    def resend_delay(self, sends: int) -> timedelta:
        """Return the wait after the `sends`-th send: 5 s, 10 s, 20 s, then 30 s each."""
        return min(self.longest_resend, self.accept_within * (1 << min(sends - 1, 10)))


DEFAULT_PACE = Pace()
