"""Reports: numbered, masked, written to the journal, sent, and kept until the coordinator has confirmed them.

One thread sends. A broker that is away only means that reports wait in the journal; what is sent but not confirmed
is sent again, each time a little later.
"""

import logging
import threading
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from tasks import clock
from tasks.bodies import Body
from tasks.envelope import COORDINATOR, Payload, SignedArgs, sign
from tasks.keys import HostKeys
from tasks.publishing import BrokerUnavailable, Outgoing, Sender
from tasks.queues import COORDINATOR as COORDINATOR_QUEUE
from tasks.reports import report_name
from workers.journal import Journal, Written

RESEND_FIRST, RESEND_LAST = 5.0, 30.0  # seconds until what is not confirmed is sent again
PAUSE_AWAY = 1.0  # seconds between two tries while the broker is away
VALID_FOR = 3600.0  # seconds; each sending signs anew
IDLE = 3600.0
BATCH = 200  # reports that are sent at once

log = logging.getLogger("tidegate.worker")


@dataclass(frozen=True)
class Post:
    """Signs and sends what this host says; raises BrokerUnavailable."""

    host: str
    keys: HostKeys
    sender: Sender

    def send(self, kind: str, body: Body, *, written: Written | None = None, attempt: str = "") -> None:
        """Send one report at once: one of the host itself, or one about an order that was not accepted."""
        data = body.model_dump(mode="json")
        self.sender.send(
            COORDINATOR_QUEUE,
            report_name(kind),
            self.signed(kind, data, written, attempt),
            task_id=clock.new_id("r"),
            summary=f"{self.host} · {kind}" + (f" · {attempt}" if attempt else ""),
        )

    def send_written(self, reports: Iterable[Written]) -> None:
        """Send reports of the journal in few round trips."""
        self.sender.send_all(
            Outgoing(
                queue=COORDINATOR_QUEUE,
                name=report_name(each.kind),
                args=self.signed(each.kind, each.body, each, each.attempt),
                task_id=f"{each.attempt}.r{each.seq}",
                summary=f"{self.host} · {each.kind} · {each.attempt}",
            )
            for each in reports
        )

    def signed(self, kind: str, body: dict[str, Any], written: Written | None, attempt: str) -> SignedArgs:
        now = clock.now().timestamp()
        payload = Payload(
            from_=self.host,
            to=COORDINATOR,
            kind=kind,
            deployment=written.deployment if written else None,
            task=written.task if written else None,
            attempt=attempt or None,
            epoch=written.epoch if written else 0,
            seq=written.seq if written else 0,
            iat=now,
            exp=now + VALID_FOR,
            body=body,
        )
        return sign(payload, self.keys)


@dataclass
class _Sent:
    """When a report was last sent, and how long to wait for its confirmation."""

    at: float
    patience: float


class Reporter:
    """Writes reports for running attempts, and sends them from a thread of its own."""

    def __init__(self, journal: Journal, post: Post, resend_first: float = RESEND_FIRST) -> None:
        self._resend_first = resend_first
        self._journal = journal
        self._post = post
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._sent: dict[tuple[str, int], _Sent] = {}
        self._through = 0  # the last row of the journal that was ever sent
        self._guard = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="reporter", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self, within: float = 5.0) -> None:
        """Send what can be sent at once, then end; the rest waits in the journal for the next start."""
        self._stop.set()
        self._wake.set()
        self._thread.join(within)

    def report(self, attempt: str, kind: str, body: Body, *, final: bool = False) -> None:
        """Write a report of an attempt; when this returns it is on the disk and will be sent. Texts must be masked."""
        now = clock.now().timestamp() if final else None
        self._journal.write(attempt, kind, body.model_dump(mode="json"), now)
        self._wake.set()

    def wake(self) -> None:
        """Send what is in the journal now."""
        self._wake.set()

    def confirmed(self, attempt: str, through: int, *, final: bool) -> None:
        """Drop what the coordinator has stored."""
        self._journal.confirm(attempt, through, final=final)
        with self._guard:
            kept = {k: sent for k, sent in self._sent.items() if k[0] != attempt or k[1] > through}
            self._sent = kept

    def send_again(self, attempt: str) -> None:
        """The coordinator asked for this attempt again: it has not got its reports."""
        self._journal.reopen(attempt)
        with self._guard:
            self._sent = {key: sent for key, sent in self._sent.items() if key[0] != attempt}
            self._through = 0
        self._wake.set()

    def _run(self) -> None:
        pause = 0.0
        while not self._stop.is_set():
            self._wake.wait(pause)
            self._wake.clear()
            try:
                pause = self._round()
            except Exception:  # a full disk, most likely: what is said later must still be sent
                log.exception("reports could not be sent and are tried again")
                self._stop.wait(PAUSE_AWAY)
                pause = 0.0
        with suppress(Exception):  # the last try; what it leaves waits in the journal
            self._round()

    def _round(self) -> float:
        """Send what is new and what waits too long for its confirmation; returns the seconds until the next look."""
        due = [*self._overdue(), *self._journal.unconfirmed(self._through, BATCH)]
        try:
            if due:
                self._post.send_written(due)
        except BrokerUnavailable as error:
            log.warning("%s; reports wait in the journal", error)
            self._stop.wait(PAUSE_AWAY)
            return 0.0
        self._remember(due)
        if len(due) >= BATCH:
            return 0.0
        with self._guard:
            next_at = min((sent.at + sent.patience for sent in self._sent.values()), default=None)
        return IDLE if next_at is None else max(next_at - clock.monotonic(), 0.05)

    def _overdue(self) -> list[Written]:
        now = clock.monotonic()
        with self._guard:
            if not any(now - sent.at >= sent.patience for sent in self._sent.values()):
                return []
        waiting = self._journal.unconfirmed(0, BATCH)
        return [each for each in waiting if each.row <= self._through and self._is_due(each, now)]

    def _is_due(self, report: Written, now: float) -> bool:
        with self._guard:
            sent = self._sent.get((report.attempt, report.seq))
        return sent is None or now - sent.at >= sent.patience

    def _remember(self, reports: list[Written]) -> None:
        now = clock.monotonic()
        with self._guard:
            for each in reports:
                before = self._sent.get((each.attempt, each.seq))
                patience = min(before.patience * 2, RESEND_LAST) if before else self._resend_first
                self._sent[each.attempt, each.seq] = _Sent(now, patience)
                self._through = max(self._through, each.row)
