"""What a changing thing's state is called, so that nobody changes a state he has not seen.

Outdated        the thing is not in the state that the request was made for (412)
"""

import hashlib
import json
from collections.abc import Callable
from typing import Any

from coordinator.conductor.errors import Conflict

Expectation = Callable[[str | None], None]
"""Called with the tag of now, None for a thing that is not there; raises Outdated."""


class Outdated(Conflict):
    """It changed since the person looked; `tag` names the state of now."""

    def __init__(self, tag: str | None) -> None:
        state = f'it is "{tag}" now' if tag else "it is not there"
        super().__init__(
            f"the request was made for another state: {state}", hint="Read it again, then decide."
        )
        self.tag = tag


def anything(_tag: str | None) -> None:
    """Expect no particular state."""


def tag_of(content: Any) -> str:  # noqa: ANN401 - any JSON, times too
    """Return the tag of a state given as JSON: equal contents, equal tags."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:32]
