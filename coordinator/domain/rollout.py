"""One declaration into stages: canary, bake, gate, and the fan-out through a sliding window."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from config.process import Step
from config.rollout import Gate
from config.steps.approve import Approve
from coordinator.domain.plan import PlannedStage
from coordinator.domain.states import GateTerms, Limits, StageKind


@dataclass(frozen=True, slots=True)
class StageOutline:
    """A stage before its tasks are rendered; `hosts` is empty for the coordinator's own."""

    stage: PlannedStage
    hosts: tuple[str, ...] = ()


def outline(step: Step, hosts: Sequence[str], needs: tuple[str, ...]) -> tuple[StageOutline, ...]:
    """Compile a step that runs on hosts. Canary hosts are done with: the fan-out holds only the others."""
    return tuple(_chained(_parts(step, hosts), needs))


def outline_approval(step: Step, approval: Approve, needs: tuple[str, ...]) -> tuple[StageOutline, ...]:
    """Compile an `approve` step: one gate."""
    return (StageOutline(_own_stage(step, step.id, StageKind.GATE, needs, gate=_terms(approval))),)


def _parts(step: Step, hosts: Sequence[str]) -> Iterator[StageOutline]:
    rollout, total = step.rollout, len(hosts)
    canaries, rest = tuple(hosts[: rollout.canary]), tuple(hosts[rollout.canary :])
    window = rollout.window(total)
    if canaries:
        # A failing canary has done its duty: it is never among the failures that are tolerated.
        yield _host_stage(step, f"{step.id}/canary", canaries, window=len(canaries), tolerated=0)
    if rollout.bake > timedelta():
        yield StageOutline(_own_stage(step, f"{step.id}/bake", StageKind.BAKE, (), bake=rollout.bake))
    if rollout.gate is not None:
        yield StageOutline(_own_stage(step, f"{step.id}/gate", StageKind.GATE, (), gate=_terms(rollout.gate)))
    if rest:
        yield _host_stage(step, step.id, rest, window=window, tolerated=rollout.tolerated(total))


def _chained(parts: Iterator[StageOutline], needs: tuple[str, ...]) -> Iterator[StageOutline]:
    """Let each part need the one before it; the first needs what the step needs."""
    for part in parts:
        yield StageOutline(_needing(part.stage, needs), part.hosts)
        needs = (part.stage.key,)


def _needing(stage: PlannedStage, needs: tuple[str, ...]) -> PlannedStage:
    return replace(stage, needs=needs)


def _host_stage(step: Step, key: str, hosts: tuple[str, ...], *, window: int, tolerated: int) -> StageOutline:
    stage = PlannedStage(
        key=key,
        step=step.id,
        uses=step.uses,
        kind=StageKind.HOSTS,
        needs=(),
        total=len(hosts),
        window=min(window, len(hosts)),
        tolerated=tolerated,
        on_failure=step.rollout.on_failure,
        limits=_limits(step),
    )
    return StageOutline(stage, hosts)


def _own_stage(
    step: Step,
    key: str,
    kind: StageKind,
    needs: tuple[str, ...],
    *,
    gate: GateTerms | None = None,
    bake: timedelta = timedelta(),
) -> PlannedStage:
    return PlannedStage(
        key=key,
        step=step.id,
        uses=kind.value,
        kind=kind,
        needs=needs,
        total=1,
        window=1,
        tolerated=0,
        on_failure="stop",
        limits=_limits(step),
        gate=gate,
        bake=bake,
    )


def _limits(step: Step) -> Limits:
    return Limits(
        retries=step.retries,
        retry_delay=step.retry_delay,
        timeout=step.timeout,
        start_within=step.start_within,
    )


def _terms(gate: Gate | Approve) -> GateTerms:
    return GateTerms(instructions=gate.instructions, approvers=tuple(gate.approvers), timeout=gate.timeout)
