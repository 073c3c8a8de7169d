"""A project's process: the declared steps and what they need (`tidegate.yaml`)."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, Field

from config.declared import Declared
from config.durations import Duration
from config.expectations import shaped
from config.frozen import FrozenMapping, freeze
from config.images import ImageName
from config.names import Count, Flag, Name, PositiveCount, VariableName
from config.rollout import Rollout
from config.selectors import HostSelector
from config.variables import ScopedValues

__all__ = ["DeploymentDefaults", "HostSelector", "Process", "Retain", "Rollout", "Step"]

KindName = Annotated[str, shaped(r"[a-z][a-z0-9_]*", "a step kind such as deploy_image", longest=60)]


class Step(Declared):
    """One declared action: a kind (`uses`), where it runs (`hosts`), what it waits for, its parameters (`with`)."""

    id: Name
    uses: KindName
    hosts: HostSelector | None = None
    needs: tuple[Name, ...] | None = None
    """None: the step above; (): starts at once."""
    rollout: Rollout = Rollout()
    parameters: Annotated[FrozenMapping[str, Any], AfterValidator(freeze)] = Field(
        default=FrozenMapping(), alias="with"
    )
    """As declared, templates unrendered, frozen through and through (lists are tuples)."""
    retries: Count = 0
    retry_delay: Duration = timedelta(seconds=5)
    timeout: Duration = timedelta(hours=1)
    start_within: Duration = timedelta(minutes=5)

    later: ClassVar[Mapping[str, str]] = {
        word: f"{word} comes with the failure handling and rollback of a later version; leave it out"
        for word in ("when", "during", "required")
    }
    meant: ClassVar[Mapping[str, str]] = {
        "name": "id",
        "kind": "uses",
        "type": "uses",
        "parameters": "with",
        "args": "with",
        "depends_on": "needs",
        "host": "hosts",
        "retry": "retries",
    }


class DeploymentDefaults(Declared):
    """How deployments of the project behave."""

    one_at_a_time: Flag = True
    tasks_per_host: PositiveCount = 1
    prefetch: Flag = True
    cancel_grace: Duration = timedelta(minutes=2)


class Retain(Declared):
    """What a host keeps: this many releases, and always the current and the previous one."""

    releases: PositiveCount = 5


class Process(Declared):
    """The whole file. Made by `load_process`, which also checks what one part says about another."""

    project: Name
    environments: tuple[Name, ...]
    """In the order of promotion."""
    images: FrozenMapping[Name, ImageName] = FrozenMapping()
    variables: FrozenMapping[VariableName, ScopedValues] = FrozenMapping()
    steps: tuple[Step, ...] = Field(alias="process")
    deployment: DeploymentDefaults = DeploymentDefaults()
    retain: Retain = Retain()

    meant: ClassVar[Mapping[str, str]] = {
        "steps": "process",
        "jobs": "process",
        "name": "project",
        "vars": "variables",
    }

    def needs_of(self, step: Step) -> tuple[str, ...]:
        """Return the ids of the steps that `step` waits for; without `needs`, the step above."""
        if step.needs is not None:
            return step.needs
        at = [each.id for each in self.steps].index(step.id)
        return (self.steps[at - 1].id,) if at else ()
