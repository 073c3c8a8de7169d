"""Sends what the outbox holds, after the commit and never inside a transaction.

At least once: a relay that dies between sending and removing is followed by another that sends again, and the
host answers the second from its journal.
"""

import logging
import threading
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy.exc import SQLAlchemyError

from coordinator.cipher import CipherError
from coordinator.conductor.events import handle
from coordinator.conductor.orders import UndeliverableError, build_cancel, build_order
from coordinator.conductor.services import Services
from coordinator.domain.events import Outcome, TaskFinished
from coordinator.domain.states import TaskError
from coordinator.store import outbox
from coordinator.store.outbox import Posted
from tasks.control import ControlSender
from tasks.envelope import Malformed
from tasks.publishing import BrokerUnavailable, Outgoing, Sender

log = logging.getLogger(__name__)

WAVE = 200
CLAIM = timedelta(seconds=15)
IDLE = 0.25  # seconds between looks when nobody wakes it: another process may have committed orders
AWAY = 1.0  # seconds between tries while the broker is away


@dataclass(frozen=True, slots=True)
class Relay:
    """One per coordinator process; several side by side share the outbox."""

    services: Services
    sender: Sender
    controls: ControlSender
    woken: threading.Event

    def run(self, stop: threading.Event) -> None:
        """Send until `stop` is set, whatever happens meanwhile."""
        while not stop.is_set():
            self.woken.clear()
            try:
                busy = self.send_wave() == WAVE
            except BrokerUnavailable as error:
                log.warning("orders wait: %s", error)
                stop.wait(AWAY)
                continue
            except Exception:
                log.exception("orders wait and are tried again; see whether the database answers")
                stop.wait(AWAY)
                continue
            if not busy:
                self.woken.wait(IDLE)

    def send_wave(self) -> int:
        """Send up to one wave of messages; return how many were taken. Raises BrokerUnavailable."""
        posted = self._claimed()
        if not posted:
            return 0
        serials = [item.serial for item in posted]
        try:
            self._send(posted)
        except BrokerUnavailable:
            with self.services.store.write() as tx:
                outbox.release(tx, serials)
            raise
        with self.services.store.write() as tx:
            outbox.remove(tx, serials)
        return len(posted)

    def _claimed(self) -> list[Posted]:
        now = self.services.now()
        with self.services.store.read() as tx:
            if not outbox.has_free(tx, now):
                return []
        with self.services.store.write() as tx:
            return outbox.claim(tx, now, now + CLAIM, WAVE)

    def _send(self, posted: list[Posted]) -> None:
        built = [self._build(item) for item in posted if item.kind == "order"]
        orders = [order for order in built if order is not None]
        if len(orders) == 1:
            order = orders[0]
            self.sender.send(
                order.queue, order.name, order.args, task_id=order.task_id, summary=order.summary
            )
        elif orders:
            self.sender.send_all(orders)
        for item in posted:
            if item.kind == "cancel":
                self.controls.send(item.host, build_cancel(self.services, item))

    def _build(self, posted: Posted) -> Outgoing | None:
        try:
            return build_order(self.services, posted)
        except UndeliverableError as error:
            self._give_up(posted, str(error))
        except SQLAlchemyError:
            raise
        except Exception as error:  # one order that cannot be built keeps no other waiting
            log.exception("the order for %s of %s cannot be built", posted.task, posted.deployment)
            known = isinstance(error, CipherError | Malformed)  # their sentences hold no value
            why = str(error) if known else f"{type(error).__name__}, the coordinator's log says where"
            self._give_up(posted, f"the order cannot be built: {why}")
        return None

    def _give_up(self, posted: Posted, why: str) -> None:
        failed = TaskError("undeliverable", why, "Correct it and answer `retry`", retryable=False)
        event = TaskFinished(posted.task, posted.attempt, Outcome.REFUSED, failed)
        handle(self.services, posted.deployment, event)
