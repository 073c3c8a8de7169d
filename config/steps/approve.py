"""approve: a step that waits until somebody says yes."""

from typing import ClassVar, Literal

from config.rollout import Gate
from config.steps.parameters import StepParameters


class Approve(Gate, StepParameters):
    """A gate between steps; it is the coordinator's own and runs on no host."""

    runs_on: ClassVar[Literal["host", "coordinator"]] = "coordinator"
