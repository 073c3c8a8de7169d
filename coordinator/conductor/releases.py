"""Releases: a version's process, images by digest and secret versions, settled once."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping

from config.problems import closest
from config.process import Process
from coordinator.conductor import idempotency
from coordinator.conductor.errors import Conflict, Invalid, NotFound
from coordinator.conductor.idempotency import Once
from coordinator.conductor.projects import declared_secrets, read_process, require
from coordinator.conductor.services import Person, Services
from coordinator.domain.plan import Release
from coordinator.store import releases, secrets

_VERSION = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}", re.ASCII)


@dataclass(frozen=True, slots=True)
class NewRelease:
    """A version of a project; `images` gives a tag or digest per image name, by default the version."""

    project: str
    version: str
    by: Person
    images: Mapping[str, str] = field(default_factory=dict)
    idempotency_key: str | None = None

    @property
    def once(self) -> Once | None:
        if self.idempotency_key is None:
            return None
        content = {"project": self.project, "version": self.version, "images": dict(self.images)}
        return Once.of(self.by, "releases.create", self.idempotency_key, content)


@dataclass(frozen=True, slots=True)
class ReleaseView:
    """What a release pins: images by digest, and of each secret that had a value the version then newest."""

    project: str
    version: str
    images: dict[str, str]
    secrets: dict[str, str]
    created_at: datetime
    created_by: str


@dataclass(frozen=True, slots=True)
class Created:
    """The release; `created` is False where it was there with the same content, `replayed` under the same key."""

    release: ReleaseView
    created: bool
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class _Content:
    text: str
    process: Process
    images: dict[str, str]


def create(services: Services, new: NewRelease) -> Created:
    """Resolve every image's tag to its digest once, and settle the release.

    The same content again is no error. Raises NotFound, Invalid (unknown image or tag), Unavailable (registry),
    Conflict (the version is there with other content).
    """
    _check_version(new.version)
    with services.store.read() as tx:
        replayed = _replayed(services, tx, new)
        if replayed is not None:
            return replayed
        text = str(require(tx, new.project)["source"])
    process = read_process(services, text)
    content = _Content(text, process, _resolved(services, process, new))
    with services.store.write() as tx:
        return _settle(services, tx, new, content)


def get(services: Services, project: str, version: str) -> ReleaseView:
    """Raises NotFound."""
    with services.store.read() as tx:
        return _view(_require(tx, project, version))


def source(services: Services, project: str, version: str) -> str:
    """Return the process as it was when the release was made. Raises NotFound."""
    with services.store.read() as tx:
        return str(_require(tx, project, version)["source"])


def load(services: Services, tx: Connection, project: str, version: str) -> Release:
    """Return the release as the planner takes it. Raises NotFound."""
    row = _require(tx, project, version)
    process = read_process(services, row["source"])
    return Release(project, version, process, dict(row["images"]), dict(row["secrets"]))


def page(
    services: Services, project: str | None, limit: int, before: tuple[datetime, str, str] | None = None
) -> Sequence[ReleaseView]:
    """Return releases, newest first; `before` is (created_at, project, version) of the last one seen."""
    with services.store.read() as tx:
        if project is not None:
            require(tx, project)
        return [_view(row) for row in releases.page(tx, project, limit, before)]


def _check_version(version: str) -> None:
    if not _VERSION.fullmatch(version):
        raise Invalid(
            f"{version[:60]!r} is no version: expected letters, digits, ., _ and -, at most 128, as in a tag",
            hint="For example 1.1.0, or 2026-11-23.1.",
        )


def _replayed(services: Services, tx: Connection, new: NewRelease) -> Created | None:
    earlier = idempotency.earlier(tx, new.once, services.now()) if new.once else None
    return _again(tx, new, earlier) if earlier is not None else None


def _again(tx: Connection, new: NewRelease, earlier: Mapping[str, Any]) -> Created:
    view = _view(_require(tx, new.project, new.version))
    return Created(view, created=bool(earlier.get("created")), replayed=True)


def _resolved(services: Services, process: Process, new: NewRelease) -> dict[str, str]:
    unknown = sorted(new.images.keys() - process.images.keys())
    if unknown:
        known = ", ".join(sorted(process.images)) or "none"
        near = closest(unknown[0], process.images)
        raise Invalid(
            f"the process of {new.project} has no image {', '.join(unknown)}; it has: {known}",
            hint=f"Did you mean {near}?" if near else "Name the images as `images:` does.",
        )
    return {
        name: _digested(services, str(image), new.images.get(name, new.version))
        for name, image in process.images.items()
    }


def _digested(services: Services, image: str, tag: str) -> str:
    return f"{image}@{services.digests.resolve(image, tag)}"


def _settle(services: Services, tx: Connection, new: NewRelease, content: _Content) -> Created:
    earlier = idempotency.claim(tx, new.once, services.now()) if new.once else None
    if earlier is not None:
        return _again(tx, new, earlier)
    current, keys = secrets.current(tx, new.project), declared_secrets(content.process)
    pinned = {key: current[key] for key in keys if key in current}
    row = {
        "project": new.project,
        "version": new.version,
        "source": content.text,
        "images": content.images,
        "secrets": pinned,
    }
    created = releases.add(tx, {**row, "created_at": services.now(), "created_by": new.by.name})
    settled = _require(tx, new.project, new.version)
    if not created:
        _check_same(services, settled, content)
    if new.once:
        idempotency.settle(tx, new.once, {"created": created})
    return Created(_view(settled), created)


def _check_same(services: Services, row: RowMapping, content: _Content) -> None:
    """Raise Conflict where the release that is there says something else than what was asked for."""
    images = content.images
    other = [
        name for name in sorted({*images, *row["images"]}) if images.get(name) != row["images"].get(name)
    ]
    reasons = [
        f"image {name} is {images.get(name)} now, the release has {row['images'].get(name)}" for name in other
    ]
    if read_process(services, row["source"]) != content.process:
        reasons.append("the project's process was changed since")
    if reasons:
        raise Conflict(
            f"release {row['version']} of {row['project']} is there already, with other content",
            hint="A release never changes: give the new content a new version.",
            problems=reasons,
        )


def _require(tx: Connection, project: str, version: str) -> RowMapping:
    row = releases.row(tx, project, version)
    if row is None:
        raise NotFound(
            f"project {project} has no release {version}",
            hint=f"Create it: `tidegate release create {project} {version}`.",
        )
    return row


def _view(row: RowMapping) -> ReleaseView:
    return ReleaseView(
        project=row["project"],
        version=row["version"],
        images=dict(row["images"]),
        secrets=dict(row["secrets"]),
        created_at=row["created_at"],
        created_by=row["created_by"],
    )
