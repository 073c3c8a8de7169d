"""A step kind as a value; the table of all kinds is tasks/catalog.py."""

from dataclasses import dataclass
from typing import Literal

from config.steps.parameters import StepParameters


@dataclass(frozen=True, slots=True)
class Kind:
    """One step kind: the class of what stands under `with`, and who runs it."""

    name: str
    parameters: type[StepParameters]

    @property
    def runs_on(self) -> Literal["host", "coordinator"]:
        return self.parameters.runs_on
