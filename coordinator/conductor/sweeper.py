"""Does what is due: deadlines, continuations, places on hosts that became free, locks that became free.

Everything it does is found in rows, so that what another process left undone (killed between two commits) is taken
up within a second. Several coordinators side by side may all sweep: each row is taken once, under its
deployment's lock.
"""

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy.exc import OperationalError, SQLAlchemyError

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
PAUSE = 1.0  # seconds after a failure
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
    _hosts_may_speak: bool = False

    def run(self, stop: threading.Event) -> None:
        """Sweep until `stop` is set, whatever happens meanwhile.

        Hosts get time to speak first: their leases stood still while we were away.
        """
        while not stop.is_set():
            self.woken.clear()
            try:
                if not self._hosts_may_speak:
                    self._let_hosts_speak()
                busy = self.sweep()
            except Exception as error:
                if not (isinstance(error, OperationalError) and is_deadlock(error)):
                    log.exception("sweeping failed and is tried again; see whether the database answers")
                    stop.wait(PAUSE)
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
        return self._each(found, partial(self._fire, now))

    def _each(self, found: Sequence[tuple[Any, ...]], act: Callable[..., None]) -> bool:
        """Act on each; return whether anything was done. What breaks on one keeps no other waiting."""
        done = 0
        for item in found:
            try:
                act(*item)
                done += 1
            except SQLAlchemyError:
                raise
            except Exception:
                log.exception("a defect: sweeping %s failed; it is tried again, the others go on", item)
        return bool(done)

    def _fire(self, now: datetime, deployment: str, kind: TimerKind, subject: str) -> None:
        with self.services.store.write() as tx:
            lock_deployment(tx, deployment)
            if timers.take(tx, deployment, kind, subject, now):
                handle_in(self.services, tx, deployment, TimerFired(kind, subject))
        self.services.wake()

    def _continuations(self) -> bool:
        with self.services.store.read() as tx:
            found = timers.continuing(tx, AT_ONCE)
        return self._each(found, self._continue)

    def _continue(self, deployment: str, stage: str) -> None:
        with self.services.store.write() as tx:
            lock_deployment(tx, deployment)
            if timers.take_continuation(tx, deployment, stage):
                handle_in(self.services, tx, deployment, StageDue(stage))
        self.services.wake()

    def _offers(self) -> bool:
        with self.services.store.read() as tx:
            found = timers.offers(tx, AT_ONCE)
        return self._each(
            found, lambda deployment, task: handle(self.services, deployment, SlotOffered(task))
        )

    def _locks(self) -> bool:
        with self.services.store.read() as tx:
            found = deployments.startable(tx, AT_ONCE)
        return self._each(found, partial(start_next, self.services))

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
        self._hosts_may_speak = True
