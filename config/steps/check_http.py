"""check_http: a page must answer as declared."""

from datetime import timedelta
from typing import Annotated

from config.durations import Duration
from config.expectations import shaped
from config.frozen import FrozenMapping
from config.health import StatusRange
from config.steps.parameters import StepParameters
from config.text import PlainText, Text

Url = Annotated[str, shaped(r"https?://[!-~]+", "an address such as http://{{ tidegate.address }}:8080/up")]
HeaderName = Annotated[str, shaped(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", "the name of an HTTP header", longest=100)]


class CheckHttp(StepParameters):
    """Asked from the host's worker every `interval` until it answers well; fails at `deadline`."""

    url: Url
    status: StatusRange = StatusRange("200-399")
    headers: FrozenMapping[HeaderName, Text] = FrozenMapping()
    contains: PlainText | None = None
    """Text that the answer's body must contain."""
    interval: Duration = timedelta(seconds=2)
    timeout: Duration = timedelta(seconds=5)
    """Of one request."""
    deadline: Duration = timedelta(minutes=1)
