"""/inventory: what is declared about all hosts."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from coordinator.api.answers import Answer, gives, named, takes_yaml
from coordinator.api.parameters import Caller, ExpectedState, FileName, ServicesHere, Switch, YamlBody
from coordinator.conductor import inventory
from coordinator.conductor.inventory import InventoryChange, InventoryFile

router = APIRouter(prefix="/inventory", tags=["hosts"])
_YAML = "hosts:\n  - {name: web-1, address: 10.0.0.7, environments: [production], roles: [web]}\n"
_HOST = {
    "name": "web-1",
    "address": "10.0.0.7",
    "environments": ["production"],
    "roles": ["web"],
    "labels": {},
    "variables": {},
}
_CHANGED = {"hosts": [_HOST], "added": ["web-1"], "changed": [], "removed": [], "not_in_file": []}


@router.put("", responses=gives(_CHANGED, 403, 409, 412, 413, 415), openapi_extra=takes_yaml(_YAML))
def apply_inventory(
    services: ServicesHere,
    by: Caller,
    text: YamlBody,
    expect: ExpectedState,
    *,
    file: FileName = inventory.DEFAULT_FILE,
    prune: Switch = False,
    dry_run: Switch = False,
) -> Response:
    """Add and change hosts; with `prune` also remove those that the file does not name. All or nothing."""
    change = inventory.apply(services, InventoryFile(text, file, prune, dry_run, expect), by)
    touched = ("added", "changed", "removed", "not_in_file")
    return named({**_declared(change), **{name: getattr(change, name) for name in touched}}, change.tag)


@router.get("", responses=gives({"hosts": [_HOST]}))
def get_inventory(request: Request, services: ServicesHere) -> Response:
    """Return what is declared about all hosts."""
    found = inventory.get(services)
    if f'"{found.tag}"' in request.headers.get("If-None-Match", ""):
        return Response(status_code=304, headers={"ETag": f'"{found.tag}"'})
    return named(_declared(found), found.tag)


def _declared(change: InventoryChange) -> Answer:
    return {"hosts": [host.model_dump(mode="json") for host in change.hosts]}
