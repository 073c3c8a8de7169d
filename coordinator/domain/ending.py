"""How a deployment ends: when, and as what."""

from dataclasses import replace

from coordinator.domain.decision import AbandonInFlight, CancelInFlight, ReleaseLock, StopWaiting
from coordinator.domain.draft import Draft
from coordinator.domain.events import CancelRequested, TimerKind
from coordinator.domain.states import (
    Deployment,
    DeploymentStatus,
    InterruptionStatus,
    Verdict,
)


def outcome(deployment: Deployment) -> DeploymentStatus:
    """Fold what is known about the tasks into the deployment's final status.

    A failure that was tolerated or accepted is never painted green: the deployment is degraded.
    """
    if deployment.verdict is Verdict.CANCELLED:
        return DeploymentStatus.CANCELLED
    if deployment.verdict is Verdict.FAILED or deployment.stages_left:
        return DeploymentStatus.FAILED
    return DeploymentStatus.DEGRADED if deployment.failed else DeploymentStatus.SUCCEEDED


def end_if_over(draft: Draft) -> None:
    """End the deployment when no host is busy with it, and its plan is done or its verdict is in."""
    deployment = draft.deployment
    over = deployment.stages_left == 0 or deployment.verdict is not None
    if over and deployment.in_flight == 0 and not deployment.status.is_final:
        end(draft)


def end(draft: Draft) -> None:
    draft.change(status=outcome(draft.deployment), ended_at=draft.now, held=False)
    withdraw_interruptions(draft)
    draft.clear_timers(None)
    draft.do(StopWaiting(), ReleaseLock())


def withdraw_interruptions(draft: Draft) -> None:
    """Take back what needs no answer any more."""
    for interruption in draft.interruptions:
        if interruption.status is InterruptionStatus.OPEN:
            draft.save(replace(interruption, status=InterruptionStatus.WITHDRAWN))
    draft.change(open_interruptions=0)


def give_verdict(draft: Draft, verdict: Verdict, reason: str) -> None:
    """Nothing new starts from here on; the deployment ends when the last running task did."""
    if draft.deployment.verdict is None:
        draft.change(verdict=verdict, reason=reason, held=False)
        withdraw_interruptions(draft)
    end_if_over(draft)


def cancel(draft: Draft, event: CancelRequested) -> None:
    """Stop what runs, start nothing more, and wait for the hosts no longer than the grace period."""
    deployment = draft.deployment
    if deployment.status.is_final or deployment.verdict is Verdict.CANCELLED:
        return
    reason = f"cancelled by {event.by}"
    draft.change(verdict=Verdict.CANCELLED, reason=reason, held=False)
    if deployment.status is DeploymentStatus.RUNNING:
        draft.change(status=DeploymentStatus.CANCELLING)
        withdraw_interruptions(draft)
    if deployment.in_flight:
        draft.do(CancelInFlight(reason))
        draft.timer(TimerKind.GRACE, "", draft.now + event.grace)
    end_if_over(draft)


def abandon(draft: Draft) -> None:
    """The grace period is over: end without the hosts that did not answer, and say so."""
    lost = draft.deployment.in_flight
    draft.do(
        CancelInFlight(draft.deployment.reason), AbandonInFlight()
    )  # the first cancel may have been lost
    draft.change(in_flight=0, reason=f"{draft.deployment.reason}; {lost} task(s) did not stop in time")
    end_if_over(draft)
