"""/keys: who may speak to the coordinator. For the group `admins`."""

from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.responses import JSONResponse, Response

from coordinator.api.answers import NO_STORE, Page, encoded, gives, page, position, takes
from coordinator.api.bodies import NewKeyBody
from coordinator.api.parameters import Caller, Cursor, Limit, ServicesHere, Switch, json_of
from coordinator.conductor import keys
from coordinator.conductor.keys import KeyView

router = APIRouter(prefix="/keys", tags=["keys"])
_KEY = {
    "id": "key-k7q2m9x4hb3d",
    "name": "alice",
    "groups": ["release-managers"],
    "created_at": "2026-11-23T05:00:00Z",
    "created_by": "admin",
    "revoked_at": None,
}


@router.post(
    "", responses=gives({**_KEY, "key": "tg_..."}, 403, 413, 415, status=201), openapi_extra=takes(NewKeyBody)
)
def create_key(
    services: ServicesHere, by: Caller, body: Annotated[NewKeyBody, Depends(json_of(NewKeyBody))]
) -> Response:
    """Create a key; its text is shown this once."""
    made = keys.create(services, body.name, body.groups, by)
    content = {**encoded(made.view), "key": made.token}
    return JSONResponse(content, 201, NO_STORE)


@router.get("", responses=gives({"items": [_KEY], "next": None}, 403))
def list_keys(
    services: ServicesHere, by: Caller, *, revoked: Switch = False, limit: Limit = 100, cursor: Cursor = None
) -> Page[KeyView]:
    """List keys; revoked ones too if asked for. The keys themselves are not kept."""
    (after,) = position(cursor, str) or ("",)
    found = keys.page(services, by, limit, after, revoked=revoked)
    return page(found, limit, (found[-1].id,) if found else None)


@router.delete("/{key}", status_code=204, responses=gives(None, 403, 409, status=204))
def revoke_key(services: ServicesHere, by: Caller, key: str) -> None:
    """Revoke a key at once. The last one of the group `admins` stays."""
    keys.revoke(services, key, by)
