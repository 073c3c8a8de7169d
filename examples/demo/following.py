"""Watching a deployment through the API: one row a stage, alive in a terminal, with the time each took."""

from __future__ import annotations

from dataclasses import dataclass, field

from coordinator.cli.client import Client
from coordinator.cli.documents import Deployment, Interruption, Stage
from coordinator.cli.snapshots import FINAL
from examples.demo.errors import DemoError
from examples.demo.programs import Programs
from examples.demo.rows import Row, State
from examples.demo.screen import Screen
from tasks.clock import monotonic

TITLES = {
    "backup": "backup",
    "web/canary": "canary",
    "web/gate": "gate",
    "web": "fan-out",
    "mailer": "mailer",
}
LONGEST = 180.0  # seconds for a deployment between two stops


@dataclass
class Watch:
    """One deployment as seen until now. `opened` and `done` are seconds of the monotonic clock, by stage."""

    client: Client
    programs: Programs
    screen: Screen
    deployment: str
    hosts: dict[str, list[str]]  # of each stage, from the plan
    opened: dict[str, float] = field(default_factory=dict)
    done: dict[str, float] = field(default_factory=dict)

    def until_gate(self) -> Interruption:
        """Return the open gate; DemoError when the deployment ends or asks for anything else."""
        found = self._until(frozenset({"waiting"}))
        asked = found["interruptions"][0]
        if asked["kind"] != "gate":
            raise DemoError(f"{self.deployment} asks for help: {asked['instructions']} {self._failures()}")
        return asked

    def until_end(self) -> Deployment:
        """Return the ended deployment, whatever its status."""
        return self._until(FINAL)

    def succeeded(self) -> Deployment:
        """Wait for the end; DemoError with the failed tasks' reasons when it is not a good one."""
        found = self.until_end()
        if found["status"] != "succeeded":
            raise DemoError(f"{self.deployment} {found['status']}: {found['reason']} {self._failures()}")
        return found

    def look(self) -> Deployment:
        """Read it once, and note which stages opened and ended."""
        found = self.client.deployment(self.deployment)
        now = monotonic()
        for stage in found["stages"]:
            if stage["status"] != "waiting":
                self.opened.setdefault(stage["key"], now)
            if stage["status"] == "done":
                self.done.setdefault(stage["key"], now)
        return found

    @property
    def took(self) -> dict[str, float]:
        """Seconds by part, of the stages that have ended."""
        return {TITLES.get(key, key): at - self.opened[key] for key, at in self.done.items()}

    def _until(self, statuses: frozenset[str]) -> Deployment:
        told = frozenset(self.done)
        with self.screen.rows() as rows:

            def arrived() -> Deployment | None:
                found = self.look()
                ended = found["status"] in FINAL
                shown = [stage for stage in found["stages"] if stage["key"] not in told]
                rows.show([self._row(stage, ended=ended) for stage in shown])
                return found if found["status"] in statuses or found["interruptions"] else None

            found = self.programs.wait(arrived, f"{self.deployment} to be {' or '.join(statuses)}", LONGEST)
        if found is None or found["status"] not in statuses:
            raise DemoError(f"{self.deployment} does not go on: {self._failures()}")
        return found

    def _row(self, stage: Stage, *, ended: bool) -> Row:
        key = stage["key"]
        asks = stage["kind"] == "gate"
        spent = self.done.get(key, monotonic()) - self.opened[key] if key in self.opened else None
        where = "a person decides" if asks else " ".join(self.hosts.get(key, []))
        return Row(TITLES.get(key, key), where, _state(stage, asks=asks, ended=ended), spent)

    def _failures(self) -> str:
        failed = [
            task for stage in TITLES for task in self.client.tasks(self.deployment, stage) if task["error"]
        ]
        return " ".join(f"{task['key']}: {task['error']['message']}" for task in failed if task["error"])


def _state(stage: Stage, *, asks: bool, ended: bool) -> State:
    """A stage that was open when the deployment ended did not succeed: a gate that was rejected, for one."""
    if stage["status"] == "done":
        return "failed" if stage["failed"] else "done"
    if stage["status"] == "open":
        return "failed" if ended else "asks" if asks else "open"
    return "waiting"
