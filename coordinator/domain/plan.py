"""The plan as a value: stages in order, and their tasks. Frozen, deterministic, hashed.

A stage is the barrier: what follows needs the stage, not each of its tasks, so a plan of n hosts after n hosts
has 2n tasks and one edge, never n².
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from typing import Any

from config.process import Process
from coordinator.domain.states import GateTerms, Limits, StageKind


@dataclass(frozen=True, slots=True)
class Release:
    """An immutable snapshot: version, process, images by digest, secrets by version id."""

    project: str
    version: str
    process: Process
    images: Mapping[str, str]  # name in `images:` -> repository@sha256:...
    secrets: Mapping[str, str] = field(default_factory=dict)  # secret key -> version id, see secret_key


def secret_key(name: str, environment: str | None, role: str | None, host: str | None) -> str:
    """Name one declared secret value: `DB_PASSWORD`, `DB_PASSWORD?environment=production&role=web`."""
    scope = {"environment": environment, "role": role, "host": host}
    given = "&".join(f"{key}={value}" for key, value in scope.items() if value)
    return f"{name}?{given}" if given else name


@dataclass(frozen=True, slots=True)
class PlannedTask:
    """One node of the plan. `parameters` are rendered for its host; secrets stand in them as version ids."""

    key: str
    stage: str
    position: int
    host: str | None = None
    parameters: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PlannedStage:
    """Tasks that open together; `needs` are the stages that must be done first."""

    key: str
    step: str
    uses: str
    kind: StageKind
    needs: tuple[str, ...]
    total: int
    window: int
    tolerated: int
    on_failure: str
    limits: Limits
    images: dict[str, str] = field(default_factory=dict)
    gate: GateTerms | None = None
    bake: timedelta = timedelta()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """The DAG of tasks a deployment executes."""

    project: str
    release: str
    environment: str
    stages: tuple[PlannedStage, ...]
    tasks: tuple[PlannedTask, ...]

    @property
    def hash(self) -> str:
        """SHA-256 in hex over everything that decides what will be done; equal inputs give equal hashes."""
        text = json.dumps(asdict(self), sort_keys=True, separators=(",", ":"), default=_plain)
        return hashlib.sha256(text.encode()).hexdigest()

    def tasks_of(self, stage: str) -> tuple[PlannedTask, ...]:
        return tuple(task for task in self.tasks if task.stage == stage)

    @property
    def hosts(self) -> tuple[str, ...]:
        """Every host the plan touches, in plan order, once."""
        return tuple(dict.fromkeys(task.host for task in self.tasks if task.host is not None))


def _plain(value: object) -> float:
    if isinstance(value, timedelta):
        return value.total_seconds()
    raise TypeError(f"{type(value).__name__} has no place in a plan")
