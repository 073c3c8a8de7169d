"""`plan(process, release, hosts, options) -> Plan`: the compiler from what is declared to what will be done."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from config.inventory import Host
from config.process import Process, Step
from config.steps.approve import Approve
from config.steps.kind import Kind
from config.steps.parameters import StepParameters
from coordinator.domain.errors import PlanError, PlanProblem
from coordinator.domain.natural_order import natural
from coordinator.domain.plan import Plan, PlannedStage, PlannedTask, Release
from coordinator.domain.rendering import Renderer
from coordinator.domain.rollout import StageOutline, outline, outline_approval


@dataclass(frozen=True, slots=True)
class PlanOptions:
    """Where to, with which step kinds, and the secret versions that a release made earlier could not pin."""

    environment: str
    kinds: Mapping[str, Kind]
    secrets: Mapping[str, str] = field(default_factory=dict)  # secret key -> current version id


def plan(process: Process, release: Release, hosts: Sequence[Host], options: PlanOptions) -> Plan:
    """Compile the DAG of tasks. The order in which hosts are given does not matter.

    Raises PlanError with every problem at once: an unknown environment, a step that no host matches, a variable
    without a value, a secret not yet set, a value of the wrong type after rendering.
    """
    if options.environment not in process.environments:
        raise PlanError((_unknown_environment(process, options.environment),))
    present = sorted(
        (h for h in hosts if options.environment in h.environments), key=lambda h: natural(h.name)
    )
    known = {**options.secrets, **release.secrets}  # what the release pinned is never replaced
    renderer = Renderer(process, release.version, options.environment, known)
    compiler = _Compiler(release, present, renderer, options)
    for step, needs in _in_order(process):
        compiler.add(step, needs)
    return compiler.finish(process.project)


def _unknown_environment(process: Process, environment: str) -> PlanProblem:
    known = ", ".join(process.environments)
    return PlanProblem(
        where=f"environment {environment}",
        message=f"is not one of project {process.project}'s ({known}): "
        "name one of them, or add it to `environments:` and apply the process again",
    )


class _Compiler:
    """Gathers stages, tasks and problems step by step; local to one call of `plan`."""

    def __init__(
        self, release: Release, hosts: Sequence[Host], renderer: Renderer, options: PlanOptions
    ) -> None:
        self._release, self._renderer, self._options = release, renderer, options
        self._hosts = {host.name: host for host in hosts}
        self._stages: list[PlannedStage] = []
        self._tasks: list[PlannedTask] = []
        self._problems: list[PlanProblem] = []
        self._last_stage: dict[str, str] = {}  # step -> the stage that what follows it needs

    def add(self, step: Step, needs: tuple[str, ...]) -> None:
        kind = self._options.kinds[step.uses]
        after = tuple(self._last_stage[name] for name in needs if name in self._last_stage)
        for part in self._outline(step, kind, after):
            self._add_stage(part, kind, step)
            self._last_stage[step.id] = part.stage.key

    def _outline(self, step: Step, kind: Kind, needs: tuple[str, ...]) -> tuple[StageOutline, ...]:
        if kind.runs_on == "coordinator":
            rendered = self._renderer.render(step, kind, None)
            self._problems.extend(rendered.problems)
            approval = rendered.model
            return outline_approval(step, approval, needs) if isinstance(approval, Approve) else ()
        chosen = [
            host for host in self._hosts.values() if step.hosts is not None and step.hosts.matches(host)
        ]
        if not chosen:
            self._problems.append(self._nobody(step))
        return outline(step, [host.name for host in chosen], needs)

    def _add_stage(self, part: StageOutline, kind: Kind, step: Step) -> None:
        if not part.hosts:
            self._tasks.append(PlannedTask(part.stage.key, part.stage.key, len(self._tasks)))
            self._stages.append(part.stage)
            return
        models = [self._add_task(part.stage, kind, step, self._hosts[name]) for name in part.hosts]
        sample = next((model for model in models if model is not None), None)
        names = sample.image_names() if sample else ()
        images = {name: self._release.images[name] for name in names if name in self._release.images}
        self._stages.append(replace(part.stage, images=images, notes=sample.notes() if sample else ()))

    def _add_task(self, stage: PlannedStage, kind: Kind, step: Step, host: Host) -> StepParameters | None:
        rendered = self._renderer.render(step, kind, host)
        self._problems.extend(rendered.problems)
        key = f"{step.id}@{host.name}"
        self._tasks.append(PlannedTask(key, stage.key, len(self._tasks), host.name, rendered.parameters))
        return rendered.model

    def _nobody(self, step: Step) -> PlanProblem:
        names = ", ".join(self._hosts) or "none"
        return PlanProblem(
            where=f"step {step.id}",
            message=f"matches no host of environment {self._options.environment} (its hosts: {names}): "
            "give a host the role, label or name that `hosts:` asks for, or change `hosts:`",
        )

    def finish(self, project: str) -> Plan:
        if self._problems:
            raise PlanError(tuple(dict.fromkeys(self._problems)))
        return Plan(
            project=project,
            release=self._release.version,
            environment=self._options.environment,
            stages=tuple(self._stages),
            tasks=tuple(self._tasks),
        )


def _in_order(process: Process) -> Iterator[tuple[Step, tuple[str, ...]]]:
    """Yield each step after all it needs, otherwise as declared; the process was checked for cycles."""
    left = {step.id: step for step in process.steps}
    while left:
        step = next(s for s in left.values() if not any(need in left for need in process.needs_of(s)))
        yield left.pop(step.id), process.needs_of(step)
