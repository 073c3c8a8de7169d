"""/projects: apply a process, look at what was applied."""

from fastapi import APIRouter
from fastapi.responses import Response

from coordinator.api.answers import Page, encoded, gives, named, page, position, takes_yaml, yaml
from coordinator.api.parameters import (
    Caller,
    Cursor,
    ExpectedState,
    FileName,
    Limit,
    ServicesHere,
    Switch,
    YamlBody,
)
from coordinator.conductor import projects
from coordinator.conductor.projects import Application, Applied, ProjectBrief

router = APIRouter(prefix="/projects", tags=["projects"])
_PROCESS = "project: shop\nenvironments: [production]\nprocess: []\n"
_EXAMPLE = {
    "name": "shop",
    "revision": 3,
    "applied_at": "2026-11-23T05:00:00Z",
    "applied_by": "alice",
    "environments": ["uat", "production"],
    "steps": [{"id": "web", "uses": "deploy_image", "needs": []}],
    "images": {"web": "registry.example.com/shop/web"},
    "secrets": ["DATABASE_URL?environment=production"],
    "notes": [],
}
_BRIEF = {name: _EXAMPLE[name] for name in ("name", "revision", "applied_at", "applied_by")}
_APPLIED = {**_EXAMPLE, "changed": True}


@router.post("", responses=gives(_APPLIED, 412, 413, 415), openapi_extra=takes_yaml(_PROCESS))
def apply_process(
    services: ServicesHere,
    by: Caller,
    text: YamlBody,
    expect: ExpectedState,
    *,
    file: FileName = projects.DEFAULT_FILE,
    dry_run: Switch = False,
) -> Response:
    """Apply a process; it names its project. 201 for a new one, 200 otherwise; all problems at once."""
    application = Application(text, file, None, dry_run, expect)
    return _applied(projects.apply(services, application, by), dry_run=dry_run)


@router.put("/{project}", responses=gives(_APPLIED, 412, 413, 415), openapi_extra=takes_yaml(_PROCESS))
def apply_process_of(
    services: ServicesHere,
    by: Caller,
    project: str,
    text: YamlBody,
    expect: ExpectedState,
    *,
    file: FileName = projects.DEFAULT_FILE,
    dry_run: Switch = False,
) -> Response:
    """Apply the process of this project; one that names another project is refused."""
    application = Application(text, file, project, dry_run, expect)
    return _applied(projects.apply(services, application, by), dry_run=dry_run)


@router.get("", responses=gives({"items": [_BRIEF], "next": None}))
def list_projects(services: ServicesHere, limit: Limit = 100, cursor: Cursor = None) -> Page[ProjectBrief]:
    """List projects by name."""
    (after,) = position(cursor, str) or ("",)
    found = projects.page(services, limit, after)
    return page(found, limit, (found[-1].name,) if found else None)


@router.get("/{project}", responses=gives(_EXAMPLE))
def get_project(services: ServicesHere, project: str) -> Response:
    """Return what the project's process declares."""
    found = projects.get(services, project)
    return named(found, str(found.revision))


@router.get("/{project}/process", responses={200: {"content": {"application/yaml": {"example": _PROCESS}}}})
def get_process(services: ServicesHere, project: str) -> Response:
    """Return the process as it was applied, as YAML."""
    return yaml(projects.source(services, project))


def _applied(applied: Applied, *, dry_run: bool) -> Response:
    content = {**encoded(applied.project), "changed": applied.changed}
    created = applied.created and applied.changed and not dry_run
    return named(content, str(applied.project.revision), 201 if created else 200)
