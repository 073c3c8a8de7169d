"""What happens to an order that arrives: verified, journalled, run; or refused; or answered from the journal."""

import logging
from collections.abc import Sequence
from datetime import datetime
from typing import NoReturn

from celery.exceptions import Ignore
from nacl.signing import VerifyKey
from pydantic import ValidationError

from tasks import clock, envelope
from tasks.celery_app import Delivery
from tasks.envelope import COORDINATOR, Payload, SignedArgs
from tasks.keys import PublicKeys
from tasks.orders import RunStep, run_step
from tasks.publishing import BrokerUnavailable
from tasks.reports import Finished, Refused
from workers.errors import Cancelled, LeftForRecovery, StepFailed, WorkerError
from workers.journal import Entry, Journal, Written
from workers.reporter import Post, Reporter
from workers.runner import Runner

log = logging.getLogger("tidegate.worker")


class TrustedCoordinator:
    """The one party whose orders and control messages count; its key came with the join file."""

    def __init__(self, keys: PublicKeys) -> None:
        self._key_id = keys.key_id
        self._key = keys.verify_key()

    def __call__(self, sender: str, key_id: str) -> VerifyKey | None:
        return self._key if (sender, key_id) == (COORDINATOR, self._key_id) else None


class Executor:
    """Takes orders from the queue of this host, in a thread of Celery's for each."""

    def __init__(
        self,
        *,
        host: str,
        coordinator: TrustedCoordinator,
        journal: Journal,
        reporter: Reporter,
        post: Post,
        runner: Runner,
    ) -> None:
        self._host = host
        self._coordinator = coordinator
        self._journal = journal
        self._reporter = reporter
        self._post = post
        self._runner = runner

    def receive(self, kind: str, _delivery: Delivery, args: SignedArgs) -> None:
        """Handle one order of `kind`, to its end.

        Raises Ignore when this is not its end (repeated, left for the next start), StepFailed or Cancelled when it
        was refused or did not end well: Flower shows these, and their texts hold no secret.
        """
        entry = self._accepted(kind, args, clock.now())
        self._reporter.wake()
        log.info("%s accepted: %s of %s %s", entry.attempt, kind, entry.project, entry.order["release"])
        try:
            finished = self._runner.run(entry)
        except LeftForRecovery:
            log.info("%s is left for the next start of the worker", entry.attempt)
            raise Ignore from None
        log.info("%s ended: %s", entry.attempt, finished.outcome)
        error = shown(finished)
        if error is not None:
            raise error

    # -- acceptance -----------------------------------------------------------------------------------------

    def _accepted(self, kind: str, args: Sequence[object], now: datetime) -> Entry:
        """Return the journalled entry; raises as `receive` after answering otherwise."""
        try:
            payload = envelope.verify(args, keys=self._coordinator, to=self._host, kind=kind, now=now)
        except envelope.Refused as refused:
            self._not_genuine(args, refused)
        entry = self._entry(payload, now)
        if self._journal.find(entry.attempt) is not None:
            self._repeated(entry.attempt)
        self._check(payload, entry)
        if not self._journal.accept(entry):
            self._repeated(entry.attempt)
        return entry

    def _entry(self, payload: Payload, now: datetime) -> Entry:
        if not payload.attempt or not payload.deployment or not payload.task:
            self._refuse(payload, "malformed", "the order names no deployment, task and attempt")
        try:
            order = run_step(payload.body)
        except ValidationError as error:
            fields = sorted({".".join(map(str, problem["loc"])) for problem in error.errors()})
            self._refuse(payload, "malformed", f"the order does not fit at {', '.join(fields)}")
        return Entry(
            attempt=payload.attempt,
            epoch=payload.epoch,
            project=order.project,
            environment=order.environment,
            task=payload.task,
            deployment=payload.deployment,
            kind=payload.kind,
            order=order.model_dump(mode="json"),
            created=now.timestamp(),
        )

    def _check(self, payload: Payload, entry: Entry) -> None:
        """Refuse what must not run although it is genuine."""
        order = RunStep.model_validate(entry.order)
        reason = self._journal.cancelled(entry.attempt)
        seen = self._journal.epoch(entry.project, entry.environment)
        if order.host != self._host or order.uses != payload.kind:
            self._refuse(
                payload, "wrong_receiver", f"the order is {order.uses} for {order.host}, not for {self._host}"
            )
        if reason is not None:
            self._refuse(payload, "cancelled", f"cancelled before it started: {reason}")
        if entry.epoch < seen:
            self._refuse(
                payload,
                "old_epoch",
                f"the order is of epoch {entry.epoch}, but {entry.project} in {entry.environment} is at {seen} here:"
                " a newer deployment has begun",
            )

    # -- other answers --------------------------------------------------------------------------------------

    def _not_genuine(self, args: Sequence[object], refused: envelope.Refused) -> NoReturn:
        """Answer only what the coordinator has really signed; anybody can write the rest."""
        log.warning("refused an order (%s): %s", refused.code, refused)
        if not isinstance(refused, envelope.Expired | envelope.WrongReceiver | envelope.WrongKind):
            raise StepFailed(refused.code, "the order is not the coordinator's") from None
        # from here on the signature is known to be the coordinator's
        payload = envelope.read_unverified(args)
        if payload.attempt and self._journal.find(payload.attempt) is not None:
            self._repeated(payload.attempt)
        self._refuse(payload, refused.code, str(refused))

    def _repeated(self, attempt: str) -> NoReturn:
        """The order is known: its reports are the answer."""
        log.info("%s came again; its reports are sent again", attempt)
        self._reporter.send_again(attempt)
        raise Ignore

    def _refuse(self, payload: Payload, code: str, reason: str) -> NoReturn:
        """Report the refusal, at once and once: an order that stays unanswered is sent again by itself."""
        log.warning("refused %s (%s): %s", payload.attempt, code, reason)
        about = Written(
            attempt=payload.attempt or "",
            seq=1,
            kind="refused",
            body={},
            deployment=payload.deployment or "",
            task=payload.task or "",
            epoch=payload.epoch,
        )
        try:
            self._post.send(
                "refused", Refused(reason=reason, code=code), written=about, attempt=about.attempt
            )
        except BrokerUnavailable as error:
            log.warning("%s", error)
        raise StepFailed(code, f"the host refused the order: {reason}") from None


def shown(finished: Finished) -> WorkerError | None:
    """Return what Flower is to show of an attempt that did not end well."""
    if finished.error is None:
        return None
    if finished.outcome == "cancelled":
        return Cancelled(finished.error.message)
    return StepFailed(finished.error.code, finished.error.message)
