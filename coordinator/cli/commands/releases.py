"""`tidegate release`: immutable snapshots of a process with its images by digest."""

from typing import Annotated

import typer

from coordinator.cli.pairs import pairs
from coordinator.cli.parameters import IdempotencyKey, Limit, ProjectName, ReleaseVersion
from coordinator.cli.session import Session
from coordinator.cli.views import declared
from tasks.clock import new_id, now


def create(
    session: Session,
    project: ProjectName,
    version: ReleaseVersion,
    *,
    image: Annotated[
        list[str] | None,
        typer.Option(
            "--image",
            metavar="NAME=TAG",
            help="NAME=TAG (or NAME=sha256:...), when an image's tag is not the version.",
        ),
    ] = None,
    idempotency_key: IdempotencyKey = None,
) -> None:
    """Create a release: the process as applied now, each image's tag resolved to its digest."""
    tags = pairs(image, "--image")
    answer = session.client.create_release(
        project, version, tags, idempotency_key=idempotency_key or new_id("cli", 24)
    )
    session.screen.show(answer, declared.release(answer, now()))


def list_releases(
    session: Session,
    project: Annotated[
        str | None, typer.Argument(metavar="PROJECT", help="Only releases of this project.")
    ] = None,
    *,
    limit: Limit = 20,
) -> None:
    """List releases, the newest first."""
    found = session.client.releases(project, limit=limit)
    session.screen.show({"items": found}, declared.releases(found, now()))


def show(session: Session, project: ProjectName, version: ReleaseVersion) -> None:
    """Show a release: its images by digest, and secrets without a value."""
    found = session.client.release(project, version)
    session.screen.show(found, declared.release(found, now()))
