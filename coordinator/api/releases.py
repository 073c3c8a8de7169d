"""/releases: settle a version, look at what it pins."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.responses import JSONResponse, Response

from coordinator.api.answers import Page, encoded, gives, page, position, takes, yaml
from coordinator.api.bodies import NewReleaseBody
from coordinator.api.parameters import Caller, Cursor, IdempotencyKey, Limit, ServicesHere, json_of
from coordinator.conductor import releases
from coordinator.conductor.errors import Invalid
from coordinator.conductor.releases import NewRelease, ReleaseView

router = APIRouter(prefix="/releases", tags=["releases"])
_RELEASE = {
    "project": "shop",
    "version": "1.1.0",
    "images": {"web": "registry.example.com/shop/web@sha256:9f86d081..."},
    "secrets": {"DATABASE_URL?environment=production": "sv-k7q2m9x4hb3d"},
    "created_at": "2026-11-23T05:00:00Z",
    "created_by": "ci@shop",
}


@router.post("", responses=gives(_RELEASE, 409, 413, 415, status=201), openapi_extra=takes(NewReleaseBody))
def create_release(
    services: ServicesHere,
    by: Caller,
    body: Annotated[NewReleaseBody, Depends(json_of(NewReleaseBody))],
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Resolve the images' tags to digests once and settle the version. 200 where it is there with this content."""
    new = NewRelease(body.project, body.version, by, body.images, idempotency_key)
    made = releases.create(services, new)
    headers = {"Location": f"/api/v1/releases/{body.project}/{body.version}"} if made.created else {}
    replayed = {"Idempotency-Replayed": "true"} if made.replayed else {}
    return JSONResponse(encoded(made.release), 201 if made.created else 200, {**headers, **replayed})


@router.get("", responses=gives({"items": [_RELEASE], "next": None}))
def list_releases(
    services: ServicesHere, project: str | None = None, limit: Limit = 100, cursor: Cursor = None
) -> Page[ReleaseView]:
    """List releases, the newest first."""
    found = releases.page(services, project, limit, _before(cursor))
    last = found[-1] if found else None
    return page(found, limit, (last.created_at.isoformat(), last.project, last.version) if last else None)


@router.get("/{project}/{version}", responses=gives(_RELEASE))
def get_release(services: ServicesHere, project: str, version: str) -> ReleaseView:
    """Return what a release pins."""
    return releases.get(services, project, version)


@router.get(
    "/{project}/{version}/process",
    responses={200: {"content": {"application/yaml": {"example": "project: shop\n"}}}},
)
def get_release_process(services: ServicesHere, project: str, version: str) -> Response:
    """Return the process as it was when the release was made, as YAML."""
    return yaml(releases.source(services, project, version))


def _before(cursor: str | None) -> tuple[datetime, str, str] | None:
    given = position(cursor, str, str, str)
    if given is None:
        return None
    try:
        at = datetime.fromisoformat(given[0])
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise Invalid("the cursor is not one of this list", hint="Pass `next` of the page before, as it is.")
    return at, given[1], given[2]
