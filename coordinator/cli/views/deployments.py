"""How deployments are shown: a list, and one with what happens and what failed."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from rich.text import Text

from coordinator.cli import times
from coordinator.cli.documents import Deployment, DeploymentHeader, Stage, Task
from coordinator.cli.screen import Block, Cell, Grid
from coordinator.cli.views import interruptions
from coordinator.cli.words import status

_MOST = 50  # tasks shown unless all are asked for
_QUIET = frozenset({"waiting", "ready", "succeeded"})


def deployments(items: list[DeploymentHeader], now: datetime) -> Iterator[Block]:
    if not items:
        yield "No deployments. Start one with `tidegate deploy PROJECT VERSION ENVIRONMENT`."
        return
    headings = ("deployment", "release", "environment", "status", "started", "took", "by")
    yield Grid(headings, tuple(_header(item, now) for item in items))


def _header(item: DeploymentHeader, now: datetime) -> tuple[Cell, ...]:
    return (
        item["id"],
        item["release"],
        item["environment"],
        status(item["status"]),
        times.moment(item["started_at"] or item["created_at"], now),
        times.between(item["started_at"], item["ended_at"], now),
        item["created_by"],
    )


def deployment(
    found: Deployment, tasks: Iterable[Task], url: str, now: datetime, *, every_task: bool
) -> Iterator[Block]:
    """Show the deployment, its stages, its tasks (those that run or went wrong, or all), and what waits."""
    yield headline(found)
    yield _when(found, now)
    if found["reason"]:
        yield f"Reason: {found['reason']}"
    yield ""
    yield Grid(("stage", "does", "status", "done", "running", "failed"), tuple(map(_stage, found["stages"])))
    noted = [task for task in tasks if every_task or (task["status"] not in _QUIET and task["host"])]
    if noted:
        yield ""
        shown = noted if every_task else noted[:_MOST]
        yield Grid(("task", "attempt", "status", "what it says"), tuple(map(_task, shown)))
        if len(shown) < len(noted):
            yield f"and {len(noted) - len(shown)} more: tidegate status {found['id']} --tasks"
    for interruption in found["interruptions"]:
        yield ""
        yield from interruptions.waiting(
            interruption, interruptions.shortest_name(found, interruption), url, now
        )


def headline(found: DeploymentHeader) -> Text:
    """`shop-42-k7q2: shop 1.1.0 to production, running`."""
    about = f"{found['id']}: {found['project']} {found['release']} to {found['environment']}, "
    return Text.assemble(about, status(found["status"]))


def _when(found: DeploymentHeader, now: datetime) -> str:
    made = f"Created {times.moment(found['created_at'], now)} by {found['created_by']}"
    if found["started_at"] is None:
        return f"{made}; not started"
    took = times.between(found["started_at"], found["ended_at"], now)
    if found["ended_at"] is None:
        return f"{made}; running for {took}"
    return f"{made}; ended {times.moment(found['ended_at'], now)} after {took}"


def _stage(stage: Stage) -> tuple[Cell, ...]:
    done = f"{stage['succeeded']} of {stage['total']}"
    alive = str(stage["alive"] or "") if stage["kind"] == "hosts" else ""
    return stage["key"], stage["uses"], status(_word(stage)), done, alive, str(stage["failed"] or "")


def _word(stage: Stage) -> str:
    if stage["failed"] and stage["status"] != "waiting":
        return "failed"
    if stage["status"] == "open" and stage["kind"] != "hosts":
        return "waiting"
    return {"open": "running", "waiting": "not reached"}.get(stage["status"], stage["status"])


def _task(task: Task) -> tuple[Cell, ...]:
    return task["key"], str(task["attempt"] or ""), status(task["status"]), says(task)


def says(task: Task) -> str:
    """Return the task's error and its hint, or its progress: `pulling web: 12 of 27 MB`; empty for neither."""
    error = task["error"]
    if error is not None:
        return " ".join(part for part in (error["message"], error["hint"]) if part)
    progress = task.get("progress")
    if progress is None:
        return ""
    if not progress["total"]:
        return progress["text"]
    amount = f"{_number(progress['done'] or 0)} of {_number(progress['total'])} {progress['unit']}".rstrip()
    return f"{progress['text']}: {amount}" if progress["text"] else amount


def _number(value: float) -> str:
    return f"{value:.0f}" if value >= 10 or value == int(value) else f"{value:.1f}"  # noqa: PLR2004 - two digits say enough
