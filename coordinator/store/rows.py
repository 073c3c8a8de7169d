"""Rows of the running side to domain values and back."""

from dataclasses import asdict
from datetime import timedelta
from typing import Any

from sqlalchemy import RowMapping

from coordinator.domain.states import (
    Deployment,
    DeploymentStatus,
    GateTerms,
    Interruption,
    InterruptionKind,
    InterruptionStatus,
    Limits,
    Stage,
    StageKind,
    StageStatus,
    Task,
    TaskError,
    TaskStatus,
    Verdict,
)

DEPLOYMENT_FIELDS = (
    "plan_hash",
    "epoch",
    "stages_left",
    "in_flight",
    "failed",
    "open_interruptions",
    "guidances",
    "held",
    "reason",
    "started_at",
    "ended_at",
)
COUNTERS = ("unmet", "alive", "succeeded", "failed", "accepted")


def deployment_of(row: RowMapping) -> Deployment:
    return Deployment(
        id=row["id"],
        status=DeploymentStatus(row["status"]),
        verdict=Verdict(row["verdict"]) if row["verdict"] else None,
        **{name: row[name] for name in DEPLOYMENT_FIELDS},
    )


def deployment_values(deployment: Deployment) -> dict[str, Any]:
    """Return the columns an event can change."""
    values = {name: getattr(deployment, name) for name in DEPLOYMENT_FIELDS}
    return values | {"status": deployment.status.value, "verdict": deployment.verdict}


def stage_of(row: RowMapping) -> Stage:
    return Stage(
        deployment=row["deployment"],
        key=row["key"],
        step=row["step"],
        kind=StageKind(row["kind"]),
        status=StageStatus(row["status"]),
        total=row["total"],
        window=row["window"],
        tolerated=row["tolerated"],
        on_failure=row["on_failure"],
        limits=Limits(
            retries=row["retries"],
            retry_delay=timedelta(seconds=row["retry_delay"]),
            timeout=timedelta(seconds=row["timeout"]),
            start_within=timedelta(seconds=row["start_within"]),
        ),
        gate=_gate_of(row["gate"]),
        bake=timedelta(seconds=row["bake"]),
        **{name: row[name] for name in COUNTERS},
    )


def stage_values(stage: Stage) -> dict[str, Any]:
    """Return the columns an event can change."""
    return {name: getattr(stage, name) for name in COUNTERS} | {"status": stage.status.value}


def _gate_of(value: dict[str, Any] | None) -> GateTerms | None:
    if value is None:
        return None
    timeout = timedelta(seconds=value["timeout"])
    return GateTerms(instructions=value["instructions"], approvers=tuple(value["approvers"]), timeout=timeout)


def gate_value(terms: GateTerms | None) -> dict[str, Any] | None:
    if terms is None:
        return None
    return {
        "instructions": terms.instructions,
        "approvers": list(terms.approvers),
        "timeout": terms.timeout.total_seconds(),
    }


def task_of(row: RowMapping) -> Task:
    return Task(
        deployment=row["deployment"],
        key=row["key"],
        stage=row["stage"],
        position=row["position"],
        host=row["host"],
        status=TaskStatus(row["status"]),
        attempt=row["attempt"],
        sends=row["sends"],
        error=TaskError(**row["error"]) if row["error"] else None,
    )


def task_values(task: Task) -> dict[str, Any]:
    """Return the columns an event can change."""
    return {
        "status": task.status.value,
        "attempt": task.attempt,
        "sends": task.sends,
        "error": error_value(task.error),
    }


def error_value(error: TaskError | None) -> dict[str, Any] | None:
    return asdict(error) if error else None


def interruption_of(row: RowMapping) -> Interruption:
    values = dict(row)
    values["kind"] = InterruptionKind(row["kind"])
    values["status"] = InterruptionStatus(row["status"])
    values["approvers"] = tuple(row["approvers"])
    return Interruption(**values)


def interruption_values(interruption: Interruption) -> dict[str, Any]:
    values = asdict(interruption)
    values["approvers"] = list(interruption.approvers)
    return values | {"kind": interruption.kind.value, "status": interruption.status.value}
