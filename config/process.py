"""A project's process: the declared steps and what they need (`tidegate.yaml`)."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, Field

from config.checks import check_structure
from config.declared import Declared
from config.document import parse
from config.durations import Duration
from config.expectations import Reads, shaped, true_or_false
from config.explaining import read_model
from config.frozen import FrozenMapping, freeze
from config.images import ImageName
from config.names import Count, Flag, Name, PositiveCount, VariableName
from config.problems import DeclarationError, refusal
from config.rollout import Rollout
from config.selectors import HostSelector
from config.step_checks import Kinds, check_steps
from config.variables import ScopedValues

__all__ = ["DeploymentDefaults", "HostSelector", "Process", "Retain", "Rollout", "Step", "load_process"]

KindName = Annotated[str, shaped(r"[\s\S]+", "a step kind such as deploy_image")]
"""Any text: which kinds there are is known to whoever loads the file."""


class Step(Declared):
    """One declared action: a kind (`uses`), where it runs (`hosts`), what it waits for, its parameters (`with`)."""

    id: Name
    uses: KindName
    hosts: HostSelector | None = None
    needs: tuple[Name, ...] | None = None
    """Steps that must have ended well. Left out: the step above; []: starts at once."""
    rollout: Rollout = Rollout()
    parameters: Annotated[FrozenMapping[str, Any], AfterValidator(freeze)] = Field(
        default=FrozenMapping(), alias="with"
    )
    """As declared, templates unrendered; lists are tuples."""
    retries: Count = 0
    retry_delay: Duration = timedelta(seconds=5)
    timeout: Duration = timedelta(hours=1)
    start_within: Duration = timedelta(minutes=5)

    example: ClassVar[str] = (
        "a mapping such as {id: web, uses: deploy_image, hosts: {role: web}, with: {image: web}}"
    )
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


def _one_at_a_time(value: object) -> bool:
    if true_or_false(value):
        return True
    raise refusal("true", message="two deployments to one environment would undo each other")


class DeploymentDefaults(Declared):
    """How deployments of the project behave."""

    one_at_a_time: Annotated[bool, Reads(_one_at_a_time, {"const": True})] = True
    tasks_per_host: PositiveCount = 1
    prefetch: Flag = True
    cancel_grace: Duration = timedelta(minutes=2)


class Retain(Declared):
    """What a host keeps: this many releases, and always the current and the previous one."""

    releases: PositiveCount = 5


class Process(Declared):
    """The declared steps of a project, and what they need."""

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


def load_process(text: str | bytes, kinds: Kinds, source: str = "tidegate.yaml") -> Process:
    """Read a process file; DeclarationError tells every problem in it, from top to bottom.

    `kinds` says which parameters each `uses` takes. Values with templates are looked at again when they are
    rendered (`read_parameters`).
    """
    document = parse(text, source)
    process, problems = read_model(Process, document.data, document, templates=True)
    found = (*document.problems, *problems, *check_structure(document), *check_steps(document, kinds))
    if process is None or found:
        raise DeclarationError(source, found)
    return process
