"""/plans: what a deployment made now would do. Nothing is written."""

from dataclasses import asdict
from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends

from coordinator.api.answers import Answer, gives, takes
from coordinator.api.bodies import DeploymentBody
from coordinator.api.parameters import ServicesHere, Switch, json_of
from coordinator.conductor import deployments
from coordinator.domain.plan import Plan, PlannedStage

router = APIRouter(prefix="/plans", tags=["deployments"])
_STAGE = {
    "key": "web/canary",
    "step": "web",
    "uses": "deploy_image",
    "kind": "hosts",
    "needs": ["backup"],
    "total": 1,
    "window": 1,
    "tolerated": 0,
    "on_failure": "pause",
    "hosts": ["web-1"],
    "images": {"web": "registry.example.com/shop/web@sha256:9f86d081..."},
    "gate": None,
    "bake": 0.0,
    "retries": 0,
    "retry_delay": 5.0,
    "timeout": 3600.0,
    "start_within": 300.0,
    "notes": ["publish binds the host's port, so the old instance stops before the new one starts"],
}
_PLAN = {**DeploymentBody.sample, "hash": "9f86d081...", "hosts": ["web-1"], "stages": [_STAGE]}


@router.post("", responses=gives(_PLAN, 413, 415), openapi_extra=takes(DeploymentBody))
def preview_plan(
    services: ServicesHere,
    body: Annotated[DeploymentBody, Depends(json_of(DeploymentBody))],
    *,
    tasks: Switch = False,
) -> Answer:
    """Return the plan; with `tasks` also each task's parameters, secrets as version ids."""
    plan = deployments.preview(services, body.project, body.release, body.environment)
    return shown(plan, tasks=tasks)


def shown(plan: Plan, *, tasks: bool) -> Answer:
    """Return the plan as JSON; durations in seconds."""
    hosts: dict[str, list[str]] = {stage.key: [] for stage in plan.stages}
    for task in plan.tasks:
        if task.host is not None:
            hosts[task.stage].append(task.host)
    header = {"project": plan.project, "release": plan.release, "environment": plan.environment}
    stages = [_stage(stage, hosts[stage.key]) for stage in plan.stages]
    with_tasks = {"tasks": [asdict(task) for task in plan.tasks]} if tasks else {}
    return {**header, "hash": plan.hash, "hosts": list(plan.hosts), "stages": stages, **with_tasks}


def _stage(stage: PlannedStage, hosts: list[str]) -> Answer:
    fields = {name: _plain(value) for name, value in asdict(stage).items()}
    limits = fields.pop("limits")
    return {**fields, **limits, "hosts": hosts}


def _plain(value: Any) -> Any:  # noqa: ANN401 - a field of the plan
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    return value
