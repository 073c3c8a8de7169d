"""Is it up, which version is it, who am I."""

from importlib.metadata import version
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from sqlalchemy import text

from config.inventory import Inventory
from config.schema import process_schema
from coordinator.api.answers import Answer, gives
from coordinator.api.guard import credential_of
from coordinator.api.parameters import ServicesHere

health = APIRouter(tags=["meta"])
router = APIRouter(tags=["meta"])
_SCHEMA_TYPE = "application/schema+json"


@health.get("/healthz", responses=gives({"status": "ok"}))
def get_health(services: ServicesHere) -> Answer:
    """Say that the API and its database answer. Needs no key."""
    with services.store.read() as tx:
        tx.execute(text("SELECT 1"))
    return {"status": "ok"}


@router.get("/version", responses=gives({"version": "0.1.0", "api": 1}))
def get_version() -> Answer:
    """Return the version of the coordinator and of this API."""
    return {"version": version("tidegate"), "api": 1}


@router.get(
    "/whoami", responses=gives({"name": "alice", "groups": ["release-managers"], "key": "key-k7q2m9x4hb3d"})
)
def get_whoami(request: Request) -> Answer:
    """Return whom the key speaks for."""
    credential = credential_of(request)
    person = credential.person
    return {"name": person.name, "groups": list(person.groups), "key": credential.id}


@router.get("/schemas/process", responses=gives({"$schema": "https://json-schema.org/draft/2020-12/schema"}))
def get_process_schema(services: ServicesHere) -> JSONResponse:
    """Return the JSON Schema of the process file, with the step kinds of this coordinator."""
    return _schema(process_schema({name: kind.parameters for name, kind in services.kinds.items()}))


@router.get(
    "/schemas/inventory", responses=gives({"$schema": "https://json-schema.org/draft/2020-12/schema"})
)
def get_inventory_schema() -> JSONResponse:
    """Return the JSON Schema of the inventory."""
    return _schema(Inventory.model_json_schema(by_alias=True))


def _schema(content: dict[str, Any]) -> JSONResponse:
    return JSONResponse(content, media_type=_SCHEMA_TYPE)
