"""The HTTP application: routes, the guard in front of them, and the words for what is refused."""

from collections.abc import Callable
from importlib.metadata import version
from typing import Any

from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from fastapi.security import HTTPBearer

from coordinator.api import (
    deployments,
    hosts,
    interruptions,
    inventory,
    keys,
    logs,
    meta,
    plans,
    projects,
    refusing,
    releases,
    secrets,
)
from coordinator.api.answers import EVERYWHERE
from coordinator.api.guard import Guard
from coordinator.api.unknown_parameters import refuse_unknown
from coordinator.conductor.services import Services

PREFIX = "/api/v1"
_ROUTERS = (
    meta.router,
    projects.router,
    secrets.router,
    inventory.router,
    hosts.router,
    keys.router,
    releases.router,
    plans.router,
    logs.router,
    deployments.router,
    interruptions.router,
)


def create_app(services: Services, *, stopping: Callable[[], bool] = lambda: False) -> FastAPI:
    """Return the application. `stopping` says that the program is about to end, so that followers are let go."""
    app = FastAPI(
        title="Tidegate",
        summary="Deploys Docker releases across ordinary hosts, in the right order, with a person in charge.",
        version=version("tidegate"),
        openapi_url=None,  # served below, with a key
        redirect_slashes=False,
        generate_unique_id_function=_operation_id,
        dependencies=[Depends(refuse_unknown)],
    )
    app.state.services = services
    app.state.stopping = stopping
    app.include_router(meta.health)
    bearer = HTTPBearer(auto_error=False, bearerFormat="tg_...", scheme_name="key")
    api = APIRouter(prefix=PREFIX, dependencies=[Depends(bearer)], responses=EVERYWHERE)
    for router in _ROUTERS:
        api.include_router(router)
    api.add_api_route("/openapi.json", get_openapi, methods=["GET"], include_in_schema=False)
    app.include_router(api)
    refusing.install(app)
    app.add_middleware(Guard, services=services)
    return app


def get_openapi(request: Request) -> JSONResponse:
    """Return the OpenAPI document."""
    app: Any = request.app
    return JSONResponse(app.openapi())


def _operation_id(route: APIRoute) -> str:
    return route.name
