"""The coordinator's short messages: confirm, cancel, welcome; read in a thread of their own, never behind steps."""

import logging
import sqlite3
import threading

from pydantic import ValidationError

from tasks import clock, envelope
from tasks.control import CONTROLS, Cancel, Confirm, ControlReceiver, Welcome
from tasks.envelope import KeyLookup, SignedArgs
from workers.journal import Journal
from workers.reporter import Reporter
from workers.runner import Runner

LISTEN = 5.0  # seconds of one wait

log = logging.getLogger("tidegate.worker")


class Control:
    """Listens on the control list of this host and acts at once."""

    def __init__(
        self,
        *,
        host: str,
        coordinator: KeyLookup,
        receiver: ControlReceiver,
        journal: Journal,
        reporter: Reporter,
        runner: Runner,
    ) -> None:
        self.welcomed = threading.Event()
        self._host = host
        self._coordinator = coordinator
        self._receiver = receiver
        self._journal = journal
        self._reporter = reporter
        self._runner = runner
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._listen, name="control", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._receiver.close()
        self._thread.join(LISTEN)

    def handle(self, args: SignedArgs) -> None:
        """Act on one message; one that is not genuine or not understood is only logged, without its body."""
        try:
            payload = envelope.verify(args, keys=self._coordinator, to=self._host, kind=None, now=clock.now())
            model = CONTROLS.get(payload.kind)
            if model is None:
                log.warning("dropped a control message of kind %r: not known here", payload.kind)
                return
            self._act(model.model_validate(payload.body))
        except envelope.Refused as refused:
            log.warning("refused a control message (%s): %s", refused.code, refused)
        except ValidationError:
            log.warning("dropped a control message that does not fit")
        except sqlite3.Error:  # a full disk, most likely: the coordinator repeats itself
            log.exception("the journal cannot be used")

    def _act(self, message: object) -> None:
        match message:
            case Welcome():
                self.welcomed.set()
            case Confirm():
                self._reporter.confirmed(message.attempt, message.through, final=message.final)
            case Cancel():
                self._journal.cancel(message.attempt, message.reason, clock.now().timestamp())
                self._runner.cancel(message.attempt)

    def _listen(self) -> None:
        while not self._stop.is_set():
            args = self._receiver.receive(LISTEN)
            if args is not None:
                self.handle(args)
