"""/hosts: add a host with its join file, look, remove."""

from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.responses import JSONResponse, Response

from coordinator.api.answers import NO_STORE, Page, encoded, gives, named, page, position, takes
from coordinator.api.bodies import NewHostBody
from coordinator.api.parameters import Caller, Cursor, ExpectedState, Limit, ServicesHere, Switch, json_of
from coordinator.conductor import hosts
from coordinator.conductor.etags import tag_of
from coordinator.conductor.hosts import HostView, NewHost

router = APIRouter(prefix="/hosts", tags=["hosts"])
_DECLARED = ("name", "address", "environments", "roles", "labels", "variables")
_HOST = {
    "name": "web-1",
    "address": "10.0.0.7",
    "environments": ["production"],
    "roles": ["web"],
    "labels": {},
    "variables": {},
    "status": "joined",
    "join_pending": False,
    "added_at": "2026-11-23T05:00:00Z",
    "joined_at": "2026-11-23T05:01:00Z",
    "seen_at": "2026-11-23T05:02:00Z",
    "worker_version": "0.1.0",
    "clock_offset": 0.01,
    "engine": {"version": "20.10.24"},
    "in_use": 0,
}
_JOIN = {
    "v": 1,
    "host": "web-1",
    "broker_url": "redis://...",
    "coordinator": {"url": "https://tidegate.example.com", "key_id": "...", "sign": "...", "seal": "..."},
    "secret": "...",
}


@router.post(
    "",
    responses=gives({"host": _HOST, "join": _JOIN, "notes": []}, 403, 409, 413, 415, status=201),
    openapi_extra=takes(NewHostBody),
)
def add_host(
    services: ServicesHere,
    by: Caller,
    body: Annotated[NewHostBody, Depends(json_of(NewHostBody))],
    *,
    rejoin: Switch = False,
) -> Response:
    """Add a host and return its join file, shown this once. `rejoin` makes a new one for a known host."""
    declared = body.model_dump(mode="json", exclude={"name"}, exclude_none=True)
    added = hosts.add(services, NewHost(body.name, declared, rejoin), by)
    content = {"host": added.host, "join": added.join.model_dump(mode="json"), "notes": added.notes}
    headers = {**NO_STORE, "Location": f"/api/v1/hosts/{body.name}"} if added.created else NO_STORE
    return JSONResponse(encoded(content), 201 if added.created else 200, headers)


@router.get("", responses=gives({"items": [_HOST], "next": None}))
def list_hosts(
    services: ServicesHere,
    environment: str | None = None,
    role: str | None = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Page[HostView]:
    """List hosts by name."""
    (after,) = position(cursor, str) or ("",)
    found = hosts.page(services, limit, after, environment=environment, role=role)
    return page(found, limit, (found[-1].name,) if found else None)


@router.get("/{host}", responses=gives(_HOST))
def get_host(services: ServicesHere, host: str) -> Response:
    """Return what is declared about a host, and what was heard of it. The tag stands for what is declared."""
    found = encoded(hosts.get(services, host))
    return named(found, tag_of({name: found[name] for name in _DECLARED}))


@router.delete("/{host}", status_code=204, responses=gives(None, 403, 409, 412, status=204))
def remove_host(services: ServicesHere, by: Caller, host: str, expect: ExpectedState) -> None:
    """Remove a host; its keys stop being valid. Refused while it has tasks in flight."""
    hosts.remove(services, host, by, expect)
