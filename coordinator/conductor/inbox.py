"""What hosts say: checked, stored once, turned into events, and confirmed.

A report may come twice, late or never. It is stored by (attempt, number) in the transaction that handles its event;
the final one is confirmed after the commit, and the host repeats whatever was not confirmed.
"""

import logging
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError
from sqlalchemy import Connection

from coordinator.conductor import joining
from coordinator.conductor.errors import ConductorError
from coordinator.conductor.events import handle, handle_in, retrying
from coordinator.conductor.orders import control
from coordinator.conductor.services import Services
from coordinator.conductor.texts import storable
from coordinator.domain.events import Event, Outcome, TaskAccepted, TaskFinished
from coordinator.domain.states import TaskError, parse_attempt_id
from coordinator.store import hearing, reports, timers
from coordinator.store.slices import lock_deployment
from tasks.control import Confirm, ControlSender, Welcome
from tasks.envelope import COORDINATOR, Payload, Refused, SignedArgs, read_unverified, verify
from tasks.keys import verify_key
from tasks.publishing import BrokerUnavailable
from tasks.reports import NUMBERED, Failure, Finished, Hello, Lease
from tasks.reports import Refused as RefusedReport

log = logging.getLogger(__name__)

FINAL = frozenset({"finished", "refused"})
CONFIRM_EVERY = 16  # reports of one attempt


@dataclass(frozen=True, slots=True)
class Inbox:
    """Receives one report at a time; safe from several threads and processes."""

    services: Services
    controls: ControlSender

    def receive(self, kind: str, args: SignedArgs) -> None:
        """Take in a report of this kind. What is not genuine, or not the sender's to say, is logged and dropped."""
        if kind == "join":
            self._join(args)
            return
        try:
            payload = self._verified(kind, args)
            if kind in NUMBERED:
                self._numbered(payload)
            elif kind == "hello":
                self._hello(payload)
            else:
                self._lease(payload.from_, Lease.model_validate(payload.body).attempts)
        except Refused as error:
            log.warning("dropped a report (%s): %s", error.code, error)
        except ValidationError as error:
            fields = sorted({".".join(map(str, found["loc"])) for found in error.errors()})
            log.warning("dropped a report of kind %s: it does not fit at %s", kind, ", ".join(fields))

    def _verified(self, kind: str, args: SignedArgs) -> Payload:
        claimed = read_unverified(args)
        with self.services.store.read() as tx:
            known = hearing.sign_key(tx, claimed.from_, args[2])
        text, ahead = known or (None, 0.0)
        key = verify_key(text) if text else None
        now = self.services.now()
        payload = verify(args, keys=lambda *_: key, to=COORDINATOR, kind=kind, now=now, offset=-ahead)
        return payload.model_copy(update={"body": storable(payload.body)})

    def _join(self, args: SignedArgs) -> None:
        try:
            host = joining.admit(self.services, args)
        except (ConductorError, Refused) as error:
            log.warning("a join was refused: %s", error)
            return
        self._say(host, "welcome", Welcome(host=host).model_dump())
        self.services.wake()

    def _hello(self, payload: Payload) -> None:
        hello = Hello.model_validate(payload.body)
        now = self.services.now()
        said = {
            "incarnation": hello.incarnation,
            "worker_version": hello.version,
            "clock_offset": hello.clock - now.timestamp(),
            "engine": hello.engine,
        }
        with self.services.store.write() as tx:
            hearing.note_seen(tx, payload.from_, said, now)
        self._lease(payload.from_, hello.running)

    def _lease(self, host: str, attempts: tuple[str, ...]) -> None:
        """Renew the leases of what still runs; what was given up and still runs is taken back."""
        by_deployment: dict[str, dict[str, int]] = defaultdict(dict)
        for identity in attempts:
            parsed = parse_attempt_id(identity)
            if parsed is not None and parsed[1].endswith(f"@{host}"):
                by_deployment[parsed[0]][parsed[1]] = parsed[2]
        now = self.services.now()
        revived: list[tuple[str, str, int]] = []
        with self.services.store.write() as tx:
            hearing.note_seen(tx, host, {}, now)
            for deployment, tasks in by_deployment.items():
                timers.renew_leases(tx, deployment, list(tasks), now + self.services.pace.lease)
                found = hearing.given_up(tx, deployment, list(tasks))
                revived += [(deployment, key, number) for key, number in found if tasks[key] == number]
        for deployment, key, number in revived:
            handle(self.services, deployment, TaskAccepted(key, number))

    def _numbered(self, payload: Payload) -> None:
        identity = payload.attempt or ""
        parsed = parse_attempt_id(identity)
        if parsed is None or not parsed[1].endswith(f"@{payload.from_}"):
            log.warning("dropped a report from %s about %r: not its attempt", payload.from_, identity[:100])
            return
        event = _event(payload, parsed[1], parsed[2])
        through = retrying(lambda: self._store(payload, parsed[0], identity, event))
        if _is_confirmed(payload):
            confirm = Confirm(attempt=identity, through=through, final=payload.kind in FINAL)
            self._say(payload.from_, "confirm", confirm.model_dump())
        self.services.wake()

    def _store(self, payload: Payload, deployment: str, identity: str, event: Event | None) -> int:
        """Keep the report and handle its event in one transaction; return up to where reports are complete.

        The deployment's row is held for logs too, so that who follows them by number misses none.
        """
        with self.services.store.write() as tx:
            lock_deployment(tx, deployment)
            if reports.attempt_row(tx, identity) is None:
                log.warning("%s reports about %s, which is not known here", payload.from_, identity)
                return payload.seq
            if self._keep(tx, payload, deployment, identity) and event is not None:
                handle_in(self.services, tx, deployment, event)
            return reports.contiguous(tx, identity) if _is_confirmed(payload) else 0

    def _keep(self, tx: Connection, payload: Payload, deployment: str, identity: str) -> bool:
        new = reports.store(
            tx,
            attempt=identity,
            deployment=deployment,
            seq=payload.seq,
            kind=payload.kind,
            body=payload.body,
            now=self.services.now(),
        )
        if new and payload.kind == "progress":
            reports.note_progress(tx, identity, payload.body)
        if new and payload.kind == "finished":
            said = Finished.model_validate(payload.body)
            reports.note_final(tx, identity, payload.seq, said.outputs, said.facts)
        return new

    def _say(self, host: str, kind: str, body: dict[str, Any]) -> None:
        """Leave a control message; when it is lost the host asks again by repeating itself."""
        try:
            self.controls.send(host, control(self.services, host, kind, body, self.services.now()))
        except BrokerUnavailable as error:
            log.info("%s for %s is left for its next report: %s", kind, host, error)


def _is_confirmed(payload: Payload) -> bool:
    """Whether the host is told what is stored: at the end, and now and then, else it would repeat a long log."""
    return payload.kind in FINAL or payload.seq % CONFIRM_EVERY == 0


def _event(payload: Payload, task: str, attempt: int) -> Event | None:
    """Return what a numbered report means for the deployment; logs and progress mean nothing."""
    make = _EVENTS.get(payload.kind)
    return make(payload, task, attempt) if make else None


def _accepted(_payload: Payload, task: str, attempt: int) -> Event:
    return TaskAccepted(task, attempt)


def _refused(payload: Payload, task: str, attempt: int) -> Event:
    said = RefusedReport.model_validate(payload.body)
    error = TaskError(
        said.code, said.reason, "Look at the host's clock and its newest order", retryable=False
    )
    return TaskFinished(task, attempt, Outcome.REFUSED, error)


def _finished(payload: Payload, task: str, attempt: int) -> Event:
    said = Finished.model_validate(payload.body)
    return TaskFinished(task, attempt, Outcome(said.outcome), _error(said.error), dict(said.outputs))


def _error(said: Failure | None) -> TaskError | None:
    return TaskError(said.code, said.message, said.hint, retryable=said.retryable) if said else None


_EVENTS: dict[str, Callable[[Payload, str, int], Event]] = {
    "accepted": _accepted,
    "refused": _refused,
    "finished": _finished,
}
