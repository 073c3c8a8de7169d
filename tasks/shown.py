# mypy: disable-error-code="misc"
# Celery's classes have no types for us to inherit.
"""What a worker's live events say of a task: how it ended and why, never where in our code."""

from typing import Any

from celery.worker.request import Request


class ShownRequest(Request):
    """Sends no traceback with a failure: it would show lines of code and, for a defect, what stood in them."""

    def send_event(self, type: str, **fields: Any) -> None:  # noqa: A002, ANN401 - Celery's signature
        fields.pop("traceback", None)
        super().send_event(type, **fields)
