"""/deployments: start one, look, cancel."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, Response
from sqlalchemy import Connection

from coordinator.api.answers import Answer, Page, encoded, gives, page, position, tagged, takes
from coordinator.api.bodies import DeploymentBody
from coordinator.api.parameters import Caller, Cursor, IdempotencyKey, Limit, ServicesHere, json_of
from coordinator.conductor import deployments
from coordinator.conductor.deployments import NewDeployment
from coordinator.conductor.errors import NotFound
from coordinator.domain.states import TaskStatus
from coordinator.store import views

router = APIRouter(prefix="/deployments", tags=["deployments"])
Status = Literal["queued", "running", "waiting", "cancelling", "succeeded", "degraded", "failed", "cancelled"]
_HEADER = {
    "id": "shop-42-k7q2",
    "serial": 42,
    "project": "shop",
    "environment": "production",
    "release": "1.1.0",
    "plan_hash": "9f86d081...",
    "created_at": "2026-11-23T05:00:00Z",
    "created_by": "ci@shop",
    "started_at": "2026-11-23T05:00:00Z",
    "ended_at": None,
    "reason": "",
    "status": "running",
}
_STAGE = {
    "key": "web/canary",
    "step": "web",
    "uses": "deploy_image",
    "kind": "hosts",
    "status": "open",
    "total": 1,
    "window": 1,
    "alive": 1,
    "succeeded": 0,
    "failed": 0,
    "images": {"web": "registry.example.com/shop/web@sha256:9f86d081..."},
    "notes": [],
}
_DEPLOYMENT = {**_HEADER, "stages": [_STAGE], "interruptions": []}
_TASK = {
    "key": "web@web-1",
    "stage": "web/canary",
    "position": 1,
    "host": "web-1",
    "status": "running",
    "attempt": 1,
    "error": None,
    "progress": {"done": 40, "total": 100, "unit": "%", "text": "pulling"},
}


@router.post("", responses=gives(_DEPLOYMENT, 409, 413, 415, status=201), openapi_extra=takes(DeploymentBody))
def create_deployment(
    services: ServicesHere,
    by: Caller,
    body: Annotated[DeploymentBody, Depends(json_of(DeploymentBody))],
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Plan and start a deployment; it is queued while another one holds the environment."""
    new = NewDeployment(body.project, body.release, body.environment, by, idempotency_key)
    identity = deployments.create(services, new)
    with services.store.read() as tx:
        content = encoded(require(tx, identity))
    return JSONResponse(content, 201, {"Location": f"/api/v1/deployments/{identity}"})


@router.get("", responses=gives({"items": [_HEADER], "next": None}))
def list_deployments(
    services: ServicesHere,
    *,
    project: str | None = None,
    environment: str | None = None,
    status: Status | None = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Page[Answer]:
    """List deployments, the newest first, without their stages."""
    (before,) = position(cursor, int) or (None,)
    wanted = {"project": project, "environment": environment, "status": status}
    with services.store.read() as tx:
        found = views.deployments_page(tx, **wanted, limit=limit, before_serial=before)
    return page(found, limit, (found[-1]["serial"],) if found else None)


@router.get("/{deployment}", responses=gives(_DEPLOYMENT))
def get_deployment(request: Request, services: ServicesHere, deployment: str) -> Response:
    """Return a deployment with its stages and open interruptions."""
    with services.store.read() as tx:
        return tagged(request, require(tx, deployment))


@router.get("/{deployment}/tasks", responses=gives({"items": [_TASK], "next": None}))
def list_tasks(
    services: ServicesHere,
    deployment: str,
    *,
    stage: str | None = None,
    status: TaskStatus | None = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Page[Answer]:
    """List tasks in the order of the plan."""
    (after,) = position(cursor, int) or (-1,)
    with services.store.read() as tx:
        require(tx, deployment)
        found = views.tasks_page(
            tx, deployment, stage=stage, status=status, after_position=after, limit=limit
        )
    return page(found, limit, (found[-1]["position"],) if found else None)


@router.get("/{deployment}/tasks/{task:path}", responses=gives({**_TASK, "parameters": {}, "attempts": []}))
def get_task(request: Request, services: ServicesHere, deployment: str, task: str) -> Response:
    """Return one task with its parameters (secrets as version ids) and every attempt."""
    with services.store.read() as tx:
        require(tx, deployment)
        found = views.task(tx, deployment, task)
    if found is None:
        raise NotFound(
            f"deployment {deployment} has no task {task}",
            hint=f"List them with `tidegate status {deployment} --tasks`.",
        )
    return tagged(request, found)


@router.post("/{deployment}/cancel", responses=gives(_DEPLOYMENT, 409, status=202))
def cancel_deployment(services: ServicesHere, by: Caller, deployment: str) -> Response:
    """Ask a deployment to stop: what runs is stopped cooperatively, nothing new starts."""
    deployments.cancel(services, deployment, by)
    with services.store.read() as tx:
        return JSONResponse(encoded(require(tx, deployment)), 202)


def require(tx: Connection, deployment: str) -> Answer:
    """Return the deployment's view. Raises NotFound."""
    found = views.deployment(tx, deployment)
    if found is None:
        raise NotFound(f"there is no deployment {deployment}", hint="List them with `tidegate status`.")
    return found
