"""The API's documents as far as the command line reads them; the coordinator may send more."""

from typing import Any, Literal, TypedDict


class Applied(TypedDict):
    """The answer to applying a process."""

    name: str
    revision: int
    environments: list[str]
    steps: list[dict[str, Any]]
    secrets: list[str]
    changed: bool
    notes: list[str]


class Inventory(TypedDict):
    """The answer to applying an inventory."""

    hosts: list[dict[str, Any]]
    added: list[str]
    changed: list[str]
    removed: list[str]
    not_in_file: list[str]


class Host(TypedDict):
    name: str
    address: str
    environments: list[str]
    roles: list[str]
    labels: dict[str, str]
    status: str
    join_pending: bool
    seen_at: str | None
    worker_version: str | None
    in_use: int


class NewHost(TypedDict):
    host: Host
    join: dict[str, Any]
    notes: list[str]


class Key(TypedDict):
    id: str
    name: str
    groups: list[str]
    created_at: str
    created_by: str
    revoked_at: str | None


class NewKey(Key):
    key: str


class Secret(TypedDict):
    name: str
    environment: str | None
    role: str | None
    host: str | None
    declared: bool
    version: str | None
    versions: int
    set_at: str | None
    set_by: str | None


class Release(TypedDict):
    project: str
    version: str
    images: dict[str, str]
    created_at: str
    created_by: str


class Gate(TypedDict):
    instructions: str
    approvers: list[str]
    timeout: float


class PlannedStage(TypedDict):
    key: str
    step: str
    uses: str
    kind: Literal["hosts", "bake", "gate"]
    needs: list[str]
    total: int
    window: int
    hosts: list[str]
    images: dict[str, str]
    notes: list[str]
    bake: float
    gate: Gate | None


class Plan(TypedDict):
    project: str
    release: str
    environment: str
    hash: str
    hosts: list[str]
    stages: list[PlannedStage]


class Stage(TypedDict):
    key: str
    step: str
    uses: str
    kind: Literal["hosts", "bake", "gate"]
    status: Literal["waiting", "open", "done"]
    total: int
    alive: int
    succeeded: int
    failed: int


class Interruption(TypedDict):
    id: str
    deployment: str
    kind: Literal["gate", "guidance"]
    task: str
    plan_hash: str
    instructions: str
    approvers: list[str]
    choices: list[str]
    opened_at: str
    expires_at: str
    status: str
    choice: str | None
    answered_by: str | None
    answered_at: str | None
    note: str


class DeploymentHeader(TypedDict):
    id: str
    project: str
    environment: str
    release: str
    status: str
    reason: str
    plan_hash: str
    created_at: str
    created_by: str
    started_at: str | None
    ended_at: str | None


class Deployment(DeploymentHeader):
    stages: list[Stage]
    interruptions: list[Interruption]


class TaskError(TypedDict):
    code: str
    message: str
    hint: str
    retryable: bool


class Progress(TypedDict):
    done: float | None
    total: float | None
    unit: str
    text: str


class _Task(TypedDict):
    key: str
    stage: str
    host: str | None
    status: str
    attempt: int
    error: TaskError | None


class Task(_Task, total=False):
    progress: Progress | None


class LogLine(TypedDict):
    at: str
    stream: str
    text: str


class LogEntry(TypedDict):
    serial: int
    attempt: str
    task: str
    host: str
    lines: list[LogLine]


class LogPage(TypedDict):
    items: list[LogEntry]
    after: int
    more: bool
