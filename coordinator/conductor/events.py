"""Handling one event: load the slice, decide, save, and go on with what follows, in one transaction."""

import logging
from collections import deque
from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from coordinator.conductor.services import Services
from coordinator.domain.advance import advance
from coordinator.domain.events import Event
from coordinator.domain.pace import DEFAULT_PACE, Pace
from coordinator.store.saving import save
from coordinator.store.slices import load_slice, lock_deployment

T = TypeVar("T")
log = logging.getLogger(__name__)

TRIES = 5


def handle(services: Services, deployment: str, event: Event) -> None:
    """Handle `event` in a transaction of its own, and tell the relay and the sweeper."""

    def once() -> None:
        with services.store.write() as tx:
            handle_in(services, tx, deployment, event)

    retrying(once)
    services.wake()


def retrying(transaction: Callable[[], T]) -> T:
    """Run a transaction again when PostgreSQL ended it because it and another waited for each other."""
    for _ in range(TRIES - 1):
        try:
            return transaction()
        except OperationalError as error:
            if not is_deadlock(error):
                raise
            log.info("a transaction met a deadlock and is tried again")
    return transaction()


def handle_in(services: Services, tx: Connection, deployment: str, event: Event) -> None:
    """Handle `event` and all that follows from it within `tx`."""
    carry_out(tx, deployment, event, services.now(), services.pace)


def carry_out(
    tx: Connection, deployment: str, event: Event, now: datetime, pace: Pace = DEFAULT_PACE
) -> None:
    """Load, decide and save until nothing more follows."""
    pending: deque[Event] = deque([event])
    while pending:
        header = lock_deployment(tx, deployment)
        if header is None:
            return
        current = pending.popleft()
        decided = advance(load_slice(tx, header, current, pace), current, now)
        save(tx, deployment, decided, now)
        pending.extend(decided.follow_ups)


def is_deadlock(error: OperationalError) -> bool:
    return getattr(error.orig, "sqlstate", None) in {"40P01", "40001"}
