"""`advance(state, event, now) -> Decision`: the only state machine of Tidegate.

It decides; it does nothing. The store saves the rows and commits the effects with them in one transaction
(orders go to the outbox), the conductor handles the follow-up events in that same transaction, and each
`Continue` in one of its own. A slice holds a bounded number of rows, so an event costs the same at 10 and at
10,000 hosts.

    DeploymentStarted -> root stages open -> StageDue -> tasks SENT (or READY, waiting for their host)
    TaskAccepted -> RUNNING -> TaskFinished -> StageDue -> the next tasks, or the stage is DONE and what follows opens
    a failure above what the stage tolerates -> its policy: pause (an interruption), stop, continue
"""

from datetime import datetime

from coordinator.domain import deciding, ending, filling, finishing, timing
from coordinator.domain.decision import Decision, Slice
from coordinator.domain.draft import Draft
from coordinator.domain.events import (
    CancelRequested,
    DeploymentStarted,
    Event,
    InterruptionAnswered,
    SlotOffered,
    StageDue,
    TaskAccepted,
    TaskFinished,
    TimerFired,
)


def advance(state: Slice, event: Event, now: datetime) -> Decision:
    """Return what changes because of `event`; an event that no longer matters changes nothing."""
    draft = Draft(state, now)
    match event:
        case DeploymentStarted():
            filling.start(draft, event)
        case StageDue():
            filling.look_at_stage(draft)
        case SlotOffered():
            filling.offer_slot(draft)
        case TaskAccepted():
            finishing.accept(draft, event)
        case TaskFinished():
            finishing.finish(draft, event)
        case TimerFired():
            timing.fire(draft, event)
        case InterruptionAnswered():
            deciding.answer(draft, event)
        case CancelRequested():
            ending.cancel(draft, event)
    return draft.decide()
