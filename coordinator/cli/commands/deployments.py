"""`tidegate plan`, `deploy`, `status`, `cancel`."""

from typing import Annotated

import typer

from coordinator.cli.documents import Deployment, Task
from coordinator.cli.errors import CliError, Unreachable, WrongUse
from coordinator.cli.exits import Exit
from coordinator.cli.parameters import (
    DeploymentId,
    EnvironmentName,
    IdempotencyKey,
    Limit,
    ProjectName,
    ReleaseVersion,
)
from coordinator.cli.screen import Block
from coordinator.cli.session import Session
from coordinator.cli.views import deployments, plans
from coordinator.cli.waiting import wait
from tasks.clock import new_id, now

Wait = Annotated[bool, typer.Option("--wait", help="Stay until it has ended; the exit code tells how.")]
ExitWhenWaiting = Annotated[
    bool,
    typer.Option(
        "--exit-when-waiting", help="With --wait: leave with exit code 3 when it waits for a person."
    ),
]


def plan(
    session: Session, project: ProjectName, version: ReleaseVersion, environment: EnvironmentName
) -> None:
    """Show what a deployment would do. Nothing is changed."""
    found = session.client.plan(project, version, environment)
    session.screen.show(found, plans.plan(found))


def deploy(
    session: Session,
    project: ProjectName,
    version: ReleaseVersion,
    environment: EnvironmentName,
    *,
    stay: Wait = False,
    exit_when_waiting: ExitWhenWaiting = False,
    idempotency_key: IdempotencyKey = None,
) -> Exit:
    """Deploy a release to an environment."""
    made = _create(session, project, version, environment, idempotency_key or new_id("cli", 24))
    if stay or exit_when_waiting:
        return wait(session, made["id"], exit_when_waiting=exit_when_waiting)
    lines: list[Block] = [deployments.headline(made), f"Follow it with: tidegate status {made['id']} --wait"]
    session.screen.show(made, lines)
    return Exit.SUCCEEDED


def _create(session: Session, project: str, version: str, environment: str, key: str) -> Deployment:
    try:
        return session.client.deploy(project, version, environment, idempotency_key=key)
    except Unreachable as error:
        if error.nothing_sent:
            raise
        again = f"tidegate deploy {project} {version} {environment} --idempotency-key {key}"
        hint = f"Repeat it with the same key, which cannot make a second one: {again}"
        raise CliError(f"{error.message} Whether the deployment was made is not known.", hint=hint) from error


def status(
    session: Session,
    deployment: Annotated[
        str | None, typer.Argument(metavar="DEPLOYMENT", help="The deployment; without it, a list.")
    ] = None,
    *,
    project: Annotated[
        str | None, typer.Option("--project", metavar="PROJECT", help="Only of this project.")
    ] = None,
    environment: Annotated[
        str | None, typer.Option("--environment", metavar="ENVIRONMENT", help="Only to this one.")
    ] = None,
    only: Annotated[
        str | None, typer.Option("--status", metavar="STATUS", help="Only in this status, such as running.")
    ] = None,
    limit: Limit = 20,
    tasks: Annotated[
        bool, typer.Option("--tasks", help="Show every task, not only those that run or went wrong.")
    ] = False,
    stay: Wait = False,
    exit_when_waiting: ExitWhenWaiting = False,
) -> Exit:
    """List deployments, or show one.

    The list begins with the newest. One is shown with its stages, what failed and why, and what waits for a person.
    """
    if deployment is None and (tasks or stay or exit_when_waiting):
        raise WrongUse("--tasks, --wait and --exit-when-waiting are for one deployment, and none is given.")
    if deployment is None:
        found = session.client.deployments(project=project, environment=environment, status=only, limit=limit)
        session.screen.show({"items": found}, deployments.deployments(found, now()))
    elif stay or exit_when_waiting:
        return wait(session, deployment, exit_when_waiting=exit_when_waiting)
    else:
        _show(session, deployment, every_task=tasks)
    return Exit.SUCCEEDED


def _show(session: Session, deployment: str, *, every_task: bool) -> None:
    found = session.client.deployment(deployment)
    tasks = session.client.tasks(deployment) if every_task else _noted_tasks(session, found)
    url = session.client.calls.url
    blocks = deployments.deployment(found, tasks, url, now(), every_task=every_task)
    session.screen.show({**found, "tasks": tasks}, blocks)


def _noted_tasks(session: Session, deployment: Deployment) -> list[Task]:
    """Return the tasks of stages in which something runs or failed."""
    stages = [stage["key"] for stage in deployment["stages"] if stage["alive"] or stage["failed"]]
    return [task for stage in stages for task in session.client.tasks(deployment["id"], stage)]


def cancel(session: Session, deployment: DeploymentId) -> None:
    """Cancel a deployment.

    Nothing new starts, and hosts are asked to stop what runs.
    """
    found = session.client.cancel(deployment)
    lines: list[Block] = [deployments.headline(found)]
    if found["status"] == "cancelling":
        lines.append(f"Hosts are asked to stop. Follow it with: tidegate status {deployment} --wait")
    session.screen.show(found, lines)
