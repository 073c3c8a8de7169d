"""Which code carries out a kind: `workers.handlers.<kind>.Handler`, or an entry point of `tidegate.handlers`.

Loaded when first needed: an idle worker stays small.
"""

import importlib
from importlib.metadata import entry_points
from typing import Any, Protocol, cast

from pydantic import JsonValue

from workers.context import Context
from workers.errors import StepFailed

GROUP = "tidegate.handlers"


class Handler(Protocol):
    """Carries out one kind. It converges: run again after a crash, it goes on from what it finds."""

    def run(self, parameters: Any, context: Context) -> dict[str, JsonValue]:  # noqa: ANN401 - each kind has its own
        """Return the outputs; raises StepFailed, Cancelled, LeftForRecovery."""


def handler(kind: str) -> Handler:
    """Return a new handler; raises StepFailed when this worker has none."""
    for point in entry_points(group=GROUP, name=kind):
        return cast("Handler", point.load()())
    module = f"workers.handlers.{kind}"
    try:
        return cast("Handler", importlib.import_module(module).Handler())
    except ModuleNotFoundError as error:
        if error.name != module:
            raise
        raise StepFailed(
            "kind_unknown",
            f"this worker has no handler for {kind}",
            hint="upgrade the worker, or install the package that brings this kind on the host",
        ) from None
