"""/projects/{project}/secrets: set a value, see the versions. A value is never answered."""

from typing import Annotated

from fastapi import APIRouter, Depends

from coordinator.api.answers import Page, gives, takes
from coordinator.api.bodies import SecretBody
from coordinator.api.parameters import Caller, ServicesHere, json_of
from coordinator.conductor import secrets
from coordinator.conductor.secrets import Scope, SecretView

router = APIRouter(prefix="/projects/{project}/secrets", tags=["secrets"])
_SECRET = {
    "name": "DATABASE_URL",
    "environment": "production",
    "role": None,
    "host": None,
    "key": "DATABASE_URL?environment=production",
    "declared": True,
    "version": "sv-k7q2m9x4hb3d",
    "versions": 2,
    "set_at": "2026-11-23T05:00:00Z",
    "set_by": "alice",
}


@router.put("/{name}", responses=gives(_SECRET, 413, 415), openapi_extra=takes(SecretBody))
def set_secret(
    services: ServicesHere,
    by: Caller,
    project: str,
    name: str,
    body: Annotated[SecretBody, Depends(json_of(SecretBody))],
) -> SecretView:
    """Set the value of a declared secret. The same value again makes no new version."""
    scope = Scope(body.environment, body.role, body.host)
    return secrets.put(services, project, name, body.value, by=by, scope=scope)


@router.get("", responses=gives({"items": [_SECRET], "next": None}))
def list_secrets(services: ServicesHere, project: str) -> Page[SecretView]:
    """List what the process declares and which version of each is current."""
    return Page(items=secrets.views(services, project))
