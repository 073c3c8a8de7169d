# mypy: disable-error-code="misc, attr-defined"
# Celery's classes have no types for us to inherit.
"""What a worker's live events say of a task: how it ended and why, never where in our code."""

import logging
from typing import Any

from celery import Celery
from celery.worker.request import Request

from tasks.celery_app import NODE_PREFIX

log = logging.getLogger("tidegate.worker")


class ShownRequest(Request):
    """Sends no traceback with a failure: it would show lines of code and, for a defect, what stood in them."""

    def send_event(self, type: str, **fields: Any) -> None:  # noqa: A002, ANN401 - Celery's signature
        fields.pop("traceback", None)
        super().send_event(type, **fields)


def show_end(
    app: Celery, host: str, identity: str, *, name: str, summary: str, runtime: float, error: Exception | None
) -> None:
    """Say how a task ended that Celery does not know any more: its worker was started again meanwhile.

    Takes a few seconds at most, and never raises: with the broker away nobody looks, and nothing depends on it.
    """
    how = {"exception": repr(error)} if error else {"result": "None"}
    try:
        with app.connection_for_write() as connection:
            connection.ensure_connection(max_retries=0)
            dispatcher = app.events.Dispatcher(
                connection, hostname=f"{NODE_PREFIX}{host}", buffer_while_offline=False
            )
            kind = "task-failed" if error else "task-succeeded"
            dispatcher.send(kind, uuid=identity, name=name, args=summary, kwargs="{}", runtime=runtime, **how)
    except Exception as failure:  # noqa: BLE001 - only a window looks at it
        log.info("the end of %s is not shown (%s)", identity, type(failure).__name__)
