"""`tidegate logs`: what tasks wrote, so far or as it happens."""

from typing import Annotated

import typer

from coordinator.cli.documents import LogEntry
from coordinator.cli.exits import Exit
from coordinator.cli.following import StatusSeen, follow
from coordinator.cli.parameters import DeploymentId
from coordinator.cli.session import Session
from coordinator.cli.views import lines


def logs(
    session: Session,
    deployment: DeploymentId,
    *,
    task: Annotated[
        str | None, typer.Option("--task", metavar="TASK", help="Only this task, such as web@web-1.")
    ] = None,
    keep_on: Annotated[
        bool,
        typer.Option(
            "--follow", "-f", help="Go on until the deployment ends; --json prints a document a line."
        ),
    ] = False,
) -> Exit:
    """Print the output of a deployment's tasks."""
    session.client.deployment(deployment)  # an unknown one, or a coordinator that is away, is said at once
    if keep_on:
        return _follow(session, deployment, task)
    entries = _print_all(session, deployment, task)
    session.screen.show({"items": entries}, ())
    if not entries:
        session.screen.notice("No output yet.")
    return Exit.SUCCEEDED


def _print_all(session: Session, deployment: str, task: str | None) -> list[LogEntry]:
    entries: list[LogEntry] = []
    after, more = 0, True
    while more:
        page = session.client.logs(deployment, task=task, after=after)
        for entry in page["items"]:
            entries.append(entry)
            _print(session, entry)
        after, more = page["after"], page["more"]
    return entries


def _follow(session: Session, deployment: str, task: str | None) -> Exit:
    told = ""
    try:
        for seen in follow(session.client.calls, deployment, task=task, notice=session.screen.notice):
            if isinstance(seen, StatusSeen):
                if seen.status != told:  # it is said again after a broken connection
                    _tell(session, deployment, seen.status)
                told = seen.status
            elif session.screen.json_only:
                session.screen.document(seen, indent=None)
            else:
                _print(session, seen)
    except KeyboardInterrupt:
        session.screen.notice(
            f"\n{deployment} goes on without you. Cancel it with: tidegate cancel {deployment}"
        )
        return Exit.INTERRUPTED
    return Exit.SUCCEEDED


def _tell(session: Session, deployment: str, status: str) -> None:
    session.screen.notice(lines.stamped(f"{deployment} {status}"))
    if status == "waiting":
        session.screen.notice(
            lines.indented(f"It waits for a person; how to answer: tidegate status {deployment}")
        )


def _print(session: Session, entry: LogEntry) -> None:
    for line in lines.log(entry):
        session.screen.say(line)
