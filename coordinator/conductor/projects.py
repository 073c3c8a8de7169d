"""Projects: applying a process, and looking at what was applied."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection, RowMapping

from config.process import Process, load_process
from coordinator.conductor.errors import Conflict, Invalid, NotFound
from coordinator.conductor.etags import Expectation, anything
from coordinator.conductor.services import Person, Services
from coordinator.conductor.texts import unkeepable
from coordinator.domain.plan import secret_key
from coordinator.store import projects, secrets

DEFAULT_FILE = "tidegate.yaml"


@dataclass(frozen=True, slots=True)
class ProjectBrief:
    """A line of the list of projects."""

    name: str
    revision: int
    applied_at: datetime
    applied_by: str


@dataclass(frozen=True, slots=True)
class StepBrief:
    id: str
    uses: str
    needs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ProjectView:
    """A project and what its process declares; `notes` say what is still missing before it can be deployed."""

    name: str
    revision: int
    applied_at: datetime | None
    applied_by: str
    environments: tuple[str, ...]
    steps: tuple[StepBrief, ...]
    images: dict[str, str]
    secrets: tuple[str, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Application:
    """A process file to be applied: its text, the name it has for its author, and what is expected of it."""

    text: str | bytes
    file: str = DEFAULT_FILE
    project: str | None = None  # refuse a text that names another one
    dry_run: bool = False
    expect: Expectation = anything


@dataclass(frozen=True, slots=True)
class Applied:
    """What came of it: `changed` is False when the very same text was there already."""

    project: ProjectView
    created: bool
    changed: bool


def apply(services: Services, application: Application, by: Person) -> Applied:
    """Save the process as the project's next revision. Raises DeclarationError, Invalid, Outdated.

    A text with a problem changes nothing; the same text again is no new revision.
    """
    process = read_process(services, application.text, application.file)
    _check(process, application)
    opened = services.store.read() if application.dry_run else services.store.write()
    with opened as tx:
        row = projects.row(tx, process.project, lock=not application.dry_run)
        application.expect(str(row["revision"]) if row else None)
        text = _text(application.text)
        changed = row is None or row["source"] != text
        if changed and not application.dry_run:
            row = _save(tx, process.project, text, services.now(), by.name, new=row is None)
        return Applied(_view(tx, row, process), created=row is None or row["revision"] == 1, changed=changed)


def get(services: Services, name: str) -> ProjectView:
    """Raises NotFound."""
    with services.store.read() as tx:
        row = require(tx, name)
        return _view(tx, row, read_process(services, row["source"], DEFAULT_FILE))


def source(services: Services, name: str) -> str:
    """Return the process as it was applied. Raises NotFound."""
    with services.store.read() as tx:
        return str(require(tx, name)["source"])


def page(services: Services, limit: int, after: str = "") -> Sequence[ProjectBrief]:
    """Return projects by name, the first one behind `after`."""
    with services.store.read() as tx:
        return [ProjectBrief(**row) for row in projects.page(tx, limit, after)]


def require(tx: Connection, name: str, *, lock: bool = False) -> RowMapping:
    """Return the project's row. Raises NotFound."""
    row = projects.row(tx, name, lock=lock)
    if row is None:
        raise NotFound(f"there is no project {name}", hint="Apply its process with `tidegate apply`.")
    return row


def read_process(services: Services, text: str | bytes, file: str = DEFAULT_FILE) -> Process:
    """Return what the text declares. Raises DeclarationError with every problem."""
    kinds = {name: kind.parameters for name, kind in services.kinds.items()}
    return load_process(text, kinds, file)


def declared_secrets(process: Process) -> tuple[str, ...]:
    """Return the keys of all secrets that the process declares, sorted."""
    return tuple(
        sorted(
            secret_key(name, value.environment, value.role, value.host)
            for name, values in process.variables.items()
            for value in values
            if value.secret
        )
    )


def _check(process: Process, application: Application) -> None:
    if application.project not in {None, process.project}:
        raise Invalid(
            f"{application.file} declares project {process.project}, not {application.project}",
            hint=f"Apply it as {process.project}, or correct `project:` in the file.",
        )
    broken = list(unkeepable(process.model_dump(mode="json")))
    if broken:
        raise Invalid(
            f"{application.file} has text that cannot be kept: a NUL or half a character",
            hint="Remove the escapes \\0, \\x00 and \\ud800 to \\udfff.",
            problems=[f"{application.file} {path}: remove the NUL or the half character" for path in broken],
        )


def _text(text: str | bytes) -> str:
    return text.decode("utf-8") if isinstance(text, bytes) else text


def _save(tx: Connection, name: str, text: str, at: datetime, by: str, *, new: bool) -> RowMapping:
    if not new:
        projects.replace(tx, name, text, at, by)
    elif not projects.add(tx, name, text, at, by):
        raise Conflict(
            f"project {name} was applied by somebody else just now", hint="Look, then apply again."
        )
    return require(tx, name)


def _view(tx: Connection, row: RowMapping | None, process: Process) -> ProjectView:
    brief = (
        ProjectBrief(process.project, row["revision"], row["applied_at"], row["applied_by"]) if row else None
    )
    keys = declared_secrets(process)
    view = ProjectView(
        name=process.project,
        revision=brief.revision if brief else 0,
        applied_at=brief.applied_at if brief else None,
        applied_by=brief.applied_by if brief else "",
        environments=process.environments,
        steps=tuple(StepBrief(s.id, s.uses, process.needs_of(s)) for s in process.steps),
        images={name: str(image) for name, image in process.images.items()},
        secrets=keys,
    )
    unset = [key for key in keys if key not in secrets.current(tx, process.project)]
    notes = [f"secret {key} has no value yet: set it with `tidegate secrets set`" for key in unset]
    return replace(view, notes=tuple(notes))
