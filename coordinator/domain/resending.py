"""How long to wait before the same attempt's order is sent again."""

from datetime import timedelta

FIRST_RESEND = timedelta(seconds=5)
LONGEST_RESEND = timedelta(seconds=30)


def resend_delay(sends: int) -> timedelta:
    """Return the wait after the `sends`-th send: 5 s, 10 s, 20 s, then 30 s each."""
    return min(LONGEST_RESEND, FIRST_RESEND * (1 << min(sends - 1, 10)))
