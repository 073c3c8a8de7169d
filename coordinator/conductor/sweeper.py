"""Does what is due: deadlines, continuations, places on hosts that became free, locks that became free.

Everything it does is found in rows, so that what another process left undone (killed between two commits) is taken
up within a second. Several coordinators side by side may all sweep: each row is taken once, under its
deployment's lock.
"""

import logging
import threading
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.exc import OperationalError

from coordinator.conductor import idempotency
from coordinator.conductor.deployments import start_next
from coordinator.conductor.events import handle, handle_in, is_deadlock
from coordinator.conductor.services import Services
from coordinator.domain.events import SlotOffered, StageDue, TimerFired, TimerKind
from coordinator.store import deployments, timers
from coordinator.store.slices import lock_deployment
from tasks.publishing import BrokerUnavailable, Sender

log = logging.getLogger(__name__)

AT_ONCE = 100
IDLE = 0.25  # seconds between looks when nobody wakes it
PING_EVERY = 2.0  # seconds
FORGET_EVERY = timedelta(hours=1)


@dataclass(slots=True)
class Sweeper:
    """One per coordinator process."""

    services: Services
    sender: Sender
    woken: threading.Event
    _pinged_at: datetime | None = None
    _broker_away: bool = False
    _forgot_at: datetime | None = None

    def run(self, stop: threading.Event) -> None:
        """Sweep until `stop` is set. Hosts get time to speak first: their leases stood still while we were away."""
        self._let_hosts_speak()
        while not stop.is_set():
            self.woken.clear()
            try:
                busy = self.sweep()
            except OperationalError as error:
                if not is_deadlock(error):
                    log.exception("the database does not answer; sweeping goes on when it does")
                    stop.wait(IDLE)
                continue
            if not busy:
                self.woken.wait(IDLE)

    def sweep(self) -> bool:
        """Do what is due now; return whether there may be more."""
        self._watch_broker()
        self._forget()
        return any([self._timers(), self._continuations(), self._offers(), self._locks()])

    def _timers(self) -> bool:
        """Fire what is due. A host's silence means nothing while we cannot hear it."""
        now = self.services.now()
        with self.services.store.read() as tx:
            found = timers.due(tx, now, AT_ONCE, deaf=self._broker_away)
        for deployment, kind, subject in found:
            self._fire(deployment, kind, subject, now)
        return bool(found)

    def _fire(self, deployment: str, kind: TimerKind, subject: str, now: datetime) -> None:
        with self.services.store.write() as tx:
            lock_deployment(tx, deployment)
            if timers.take(tx, deployment, kind, subject, now):
                handle_in(self.services, tx, deployment, TimerFired(kind, subject))
        self.services.wake()

    def _continuations(self) -> bool:
        with self.services.store.read() as tx:
            found = timers.continuing(tx, AT_ONCE)
        for deployment, stage in found:
            with self.services.store.write() as tx:
                lock_deployment(tx, deployment)
                if timers.take_continuation(tx, deployment, stage):
                    handle_in(self.services, tx, deployment, StageDue(stage))
            self.services.wake()
        return bool(found)

    def _offers(self) -> bool:
        with self.services.store.read() as tx:
            found = timers.offers(tx, AT_ONCE)
        for deployment, task in found:
            handle(self.services, deployment, SlotOffered(task))
        return bool(found)

    def _locks(self) -> bool:
        with self.services.store.read() as tx:
            found = deployments.startable(tx, AT_ONCE)
        for project, environment in found:
            start_next(self.services, project, environment)
        return bool(found)

    def _forget(self) -> None:
        """Drop what is kept for a while only."""
        now = self.services.now()
        if self._forgot_at is None or now - self._forgot_at > FORGET_EVERY:
            self._forgot_at = now
            with self.services.store.write() as tx:
                idempotency.forget(tx, now)

    def _watch_broker(self) -> None:
        now = self.services.now()
        if self._pinged_at is not None and (now - self._pinged_at).total_seconds() < PING_EVERY:
            return
        self._pinged_at = now
        try:
            self.sender.ping()
        except BrokerUnavailable as error:
            if not self._broker_away:
                log.warning("hosts cannot be heard, their leases stand still: %s", error)
            self._broker_away = True
            return
        if self._broker_away:
            log.info("the broker is back; hosts have %s to speak", self.services.pace.lease)
            self._broker_away = False
            self._let_hosts_speak()

    def _let_hosts_speak(self) -> None:
        with self.services.store.write() as tx:
            timers.postpone(tx, self.services.now() + self.services.pace.lease)
