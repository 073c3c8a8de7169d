"""The state machine's own times; a step's own are in its Limits."""

from datetime import timedelta

LEASE = timedelta(seconds=45)  # renewed every 10 s by the host; three may be missed
TIMEOUT_MARGIN = timedelta(seconds=60)  # the host enforces `timeout` itself; this is for one that cannot
GUIDANCE_EXPIRY = timedelta(hours=72)  # an unanswered question aborts, as an unanswered gate rejects
