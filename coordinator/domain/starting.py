"""A plan's first rows: everything waits, the counters are set."""

from dataclasses import dataclass

from coordinator.domain.plan import Plan, PlannedStage
from coordinator.domain.states import Deployment, DeploymentStatus, Stage, Task


@dataclass(frozen=True, slots=True)
class FirstRows:
    """What is stored when a deployment is created. `needs` are pairs (needed stage, stage that needs it)."""

    deployment: Deployment
    stages: tuple[Stage, ...]
    needs: tuple[tuple[str, str], ...]
    tasks: tuple[Task, ...]


def first_rows(identity: str, plan: Plan) -> FirstRows:
    return FirstRows(
        deployment=Deployment(
            id=identity,
            status=DeploymentStatus.QUEUED,
            plan_hash=plan.hash,
            epoch=0,
            stages_left=len(plan.stages),
        ),
        stages=tuple(_stage(identity, stage) for stage in plan.stages),
        needs=tuple((needed, stage.key) for stage in plan.stages for needed in stage.needs),
        tasks=tuple(Task(identity, task.key, task.stage, task.position, task.host) for task in plan.tasks),
    )


def _stage(identity: str, planned: PlannedStage) -> Stage:
    return Stage(
        deployment=identity,
        key=planned.key,
        step=planned.step,
        kind=planned.kind,
        unmet=len(planned.needs),
        total=planned.total,
        window=planned.window,
        tolerated=planned.tolerated,
        on_failure=planned.on_failure,
        limits=planned.limits,
        gate=planned.gate,
        bake=planned.bake,
    )
