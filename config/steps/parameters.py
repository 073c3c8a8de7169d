"""The parent of every kind's parameters."""

from typing import ClassVar, Literal

from config.declared import Declared


class StepParameters(Declared):
    """What stands under `with` of a step of this kind, after its templates were rendered."""

    runs_on: ClassVar[Literal["host", "coordinator"]] = "host"

    def image_names(self) -> tuple[str, ...]:
        """Return the names in the process's `images` that the step uses."""
        return ()

    def notes(self) -> tuple[str, ...]:
        """Return sentences that the plan shows beside the step."""
        return ()
