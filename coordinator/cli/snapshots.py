"""A deployment at one moment, and what changed between two moments."""

from collections.abc import Iterator
from dataclasses import dataclass

from coordinator.cli.client import Client
from coordinator.cli.documents import Deployment, Interruption, Stage, Task

FINAL = frozenset({"succeeded", "degraded", "failed", "cancelled"})
_QUIET = frozenset({"waiting", "ready"})  # not worth a line: nothing has been done yet


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The header, every task read so far by its key, and the interruptions that were closed since the last look."""

    deployment: Deployment
    tasks: dict[str, Task]
    closed: tuple[Interruption, ...] = ()

    @property
    def status(self) -> str:
        return self.deployment["status"]

    @property
    def running(self) -> tuple[Task, ...]:
        return tuple(task for task in self.tasks.values() if task["status"] == "running" and task["host"])


def look(client: Client, deployment: str, before: Snapshot | None) -> Snapshot:
    """Read the header, and the tasks of those stages only in which something can have changed."""
    found = client.deployment(deployment)
    known = {stage["key"]: stage for stage in before.deployment["stages"]} if before else {}
    tasks = dict(before.tasks) if before else {}
    for stage in found["stages"]:
        if _may_have_changed(stage, known.get(stage["key"])):
            tasks.update((task["key"], task) for task in client.tasks(deployment, stage["key"]))
    closed = tuple(client.interruption(identity) for identity in _closed(before, found))
    return Snapshot(found, tasks, closed)


def _may_have_changed(stage: Stage, before: Stage | None) -> bool:
    if before is None:
        return stage["status"] != "waiting"
    return stage["status"] == "open" or stage != before


def changed_tasks(before: Snapshot | None, after: Snapshot) -> Iterator[Task]:
    """Return tasks whose status or attempt is another one now, in the order of the plan.

    Gates are left out: their interruptions are told instead.
    """
    gates = {stage["key"] for stage in after.deployment["stages"] if stage["kind"] == "gate"}
    for key, task in after.tasks.items():
        earlier = before.tasks.get(key) if before else None
        same = earlier and (earlier["status"], earlier["attempt"]) == (task["status"], task["attempt"])
        if not same and task["stage"] not in gates and task["status"] not in _QUIET:
            yield task


def opened(before: Snapshot | None, after: Snapshot) -> Iterator[Interruption]:
    """Return interruptions that were not open before."""
    known = {each["id"] for each in before.deployment["interruptions"]} if before else set()
    return (each for each in after.deployment["interruptions"] if each["id"] not in known)


def _closed(before: Snapshot | None, found: Deployment) -> Iterator[str]:
    still = {each["id"] for each in found["interruptions"]}
    was = before.deployment["interruptions"] if before else ()
    return (each["id"] for each in was if each["id"] not in still)
