"""Answering what a deployment asks people. Each question is answered once."""

from dataclasses import dataclass

from sqlalchemy import Connection

from coordinator.conductor.errors import Conflict, Forbidden, Invalid, NotFound
from coordinator.conductor.events import handle_in, retrying
from coordinator.conductor.services import Person, Services
from coordinator.domain.events import InterruptionAnswered
from coordinator.domain.states import Interruption, InterruptionStatus
from coordinator.store import interruptions
from coordinator.store.slices import lock_deployment


@dataclass(frozen=True, slots=True)
class Answer:
    """What a person decided; `plan_hash` is the plan they were shown, when they say so."""

    choice: str
    by: Person
    note: str = ""
    plan_hash: str | None = None


def answer(services: Services, interruption: str, given: Answer) -> None:
    """Carry out the answer, or refuse it: answered already, late, not theirs, another plan, no such choice."""

    def once() -> None:
        with services.store.write() as tx:
            asked = _locked(tx, interruption)
            _check(services, asked, given)
            event = InterruptionAnswered(interruption, given.choice, given.by.name, given.note)
            handle_in(services, tx, asked.deployment, event)

    retrying(once)
    services.wake()


def _locked(tx: Connection, identity: str) -> Interruption:
    """Read the interruption with its deployment's row held, so that of two answers one is the first."""
    found = interruptions.find(tx, identity)
    if found is None:
        raise NotFound(f"interruption {identity} does not exist", hint="tidegate status shows the open ones")
    lock_deployment(tx, found.deployment)
    return interruptions.find(tx, identity) or found


def _check(services: Services, asked: Interruption, given: Answer) -> None:
    if asked.status is not InterruptionStatus.OPEN:
        raise Conflict(closed_sentence(asked), hint=f"see tidegate status {asked.deployment}")
    if services.now() >= asked.expires_at:
        raise Conflict(f"{asked.id} expired at {asked.expires_at:%Y-%m-%d %H:%M} UTC", hint="deploy again")
    if given.choice not in asked.choices:
        raise Invalid(f"{given.choice} is no answer to {asked.id}", hint=f"one of {', '.join(asked.choices)}")
    if given.plan_hash is not None and given.plan_hash != asked.plan_hash:
        raise Conflict(
            f"the answer is about plan {given.plan_hash[:12]}, but {asked.id} asks about {asked.plan_hash[:12]}",
            hint="look at the plan again and answer anew",
        )
    if not may_answer(asked, given.by):
        raise Forbidden(
            f"{given.by.name} may not answer {asked.id}", hint=f"ask one of: {', '.join(asked.approvers)}"
        )


def may_answer(asked: Interruption, person: Person) -> bool:
    """Say whether the person is named, or in a group that is; an empty list lets everybody answer."""
    return (
        not asked.approvers
        or person.name in asked.approvers
        or not set(person.groups).isdisjoint(asked.approvers)
    )


def closed_sentence(asked: Interruption) -> str:
    """`shop-1-k7q2.web/gate was answered already: approve by alice at 2026-03-06 12:00:05 UTC`."""
    when = f"{asked.answered_at:%Y-%m-%d %H:%M:%S} UTC" if asked.answered_at else "an unknown time"
    match asked.status:
        case InterruptionStatus.ANSWERED:
            return f"{asked.id} was answered already: {asked.choice} by {asked.answered_by} at {when}"
        case InterruptionStatus.EXPIRED:
            return f"{asked.id} expired unanswered at {when}"
        case _:
            return f"{asked.id} was withdrawn: it no longer needs an answer"
