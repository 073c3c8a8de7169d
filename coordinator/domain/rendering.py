"""A step's parameters for one host: templates filled in, secrets as version ids, types checked again."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from pydantic import ValidationError

from config.inventory import Host
from config.process import Process, Step
from config.steps.kind import Kind
from config.steps.parameters import StepParameters
from config.templates import SecretVersion, TemplateError, placeholders, render
from config.variables import UnsetVariableError, VariableError, resolve
from coordinator.domain.errors import PlanProblem
from coordinator.domain.plan import secret_key


@dataclass(frozen=True, slots=True)
class Rendered:
    """Parameters as they travel in the plan, and as the step kind's own model; `model` None when a problem was met."""

    parameters: dict[str, Any]
    model: StepParameters | None
    problems: tuple[PlanProblem, ...] = ()


@dataclass(frozen=True, slots=True)
class Renderer:
    """Fills templates of one process for one release and environment."""

    process: Process
    version: str
    environment: str
    secrets: Mapping[str, str]  # secret key -> version id

    def render(self, step: Step, kind: Kind, host: Host | None) -> Rendered:
        """Return the step's parameters on `host` (None: the coordinator's own step)."""
        where = f"step {step.id}" + (f" on {host.name}" if host else "")
        try:
            parameters = dict(
                cast("Mapping[str, Any]", render(step.parameters, lambda n: self._value(n, host)))
            )
            model = kind.parameters.model_validate(placeholders(parameters))
        except (VariableError, TemplateError) as error:
            return Rendered({}, None, (PlanProblem(where, str(error)),))
        except ValidationError as error:
            return Rendered({}, None, tuple(_problem(where, item) for item in error.errors()))
        return Rendered(parameters, model)

    def _value(self, name: str, host: Host | None) -> str | SecretVersion:
        own = self._own(host).get(name)
        if own is not None:
            return own
        value = resolve(name, self.process.variables.get(name, ()), self.environment, host)
        if not value.secret:
            return value.text
        key = secret_key(name, value.environment, value.role, value.host)
        if key not in self.secrets:
            raise UnsetVariableError(f"secret {key} has no value yet: set it with `tidegate secrets set`")
        return SecretVersion(name=name, version=self.secrets[key])

    def _own(self, host: Host | None) -> dict[str, str]:
        """The names every template may use."""
        names = {
            "tidegate.project": self.process.project,
            "tidegate.environment": self.environment,
            "tidegate.release": self.version,
        }
        if host is not None:
            names |= {"tidegate.host": host.name, "tidegate.address": host.address}
        return names


def _problem(where: str, item: Any) -> PlanProblem:  # noqa: ANN401 - pydantic's ErrorDetails
    path = ".".join(str(part) for part in item["loc"])
    return PlanProblem(
        where=f"{where}, with.{path}",
        message=f"after filling in its variables: {item['msg']}: correct the value for this environment and host",
    )
