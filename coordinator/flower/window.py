# mypy: disable-error-code="misc, import-untyped"
# Flower and Tornado publish no types that hold, so their classes are Any to us.
"""Flower as a window: behind a password as a whole, nothing to press, and nothing asked of the workers."""

import asyncio
import hmac
from base64 import b64decode
from typing import Any

from celery import Celery
from flower.app import Flower
from flower.options import options
from flower.urls import settings
from flower.views.broker import BrokerView
from tornado.httputil import HTTPServerRequest
from tornado.ioloop import IOLoop
from tornado.web import RedirectHandler, RequestHandler

from coordinator.flower.events import HostEvents
from tasks.celery_app import address
from tasks.queues import COORDINATOR, host_queue

USER = "tidegate"
LOOKING = frozenset({"GET", "HEAD"})
ASKED_WITH_POST = "/tasks/datatable"  # the tasks page sends its long query in a body; it only reads
WITHOUT_PASSWORD = "/healthcheck"  # noqa: S105 - a path; it says OK and nothing else
TASKS_KEPT = 10_000


class Refusal(RequestHandler):
    """Answers for every page that is not shown, whatever the method."""

    def initialize(self, status: int, reason: str) -> None:
        self._status, self._reason_given = status, reason

    def check_xsrf_cookie(self) -> None:
        """Nothing is done here that a cookie would have to protect; the answer should name the true reason."""

    def prepare(self) -> None:
        self.set_status(self._status)
        if self._status == 401:  # noqa: PLR2004 - Unauthorized
            self.set_header("WWW-Authenticate", 'Basic realm="Tidegate", charset="UTF-8"')
        self.set_header("Content-Type", "text/plain; charset=UTF-8")
        self.finish(f"{self._reason_given}\n")


class Queues(BrokerView):
    """The broker's page, with the queues of the hosts that were heard."""

    def get_active_queue_names(self) -> list[str]:
        return [COORDINATOR, *(host_queue(host) for host in sorted(self.application.events.state.workers))]


class Window(Flower):
    """Flower's own pages and API, guarded before any of its handlers is reached."""

    def __init__(self, app: Celery, password: str) -> None:
        options.read_only = True
        options.basic_auth = [f"{USER}:{password}"]  # also what makes Flower refuse requests of other sites
        options.tasks_columns = "name,args,state,worker,received,started,runtime,uuid"
        options.enable_events = False  # would be remote control
        loop = IOLoop.current()
        heard = HostEvents(
            app, io_loop=loop, max_tasks_in_memory=TASKS_KEPT, max_workers_in_memory=options.max_workers
        )
        super().__init__(options=options, capp=app, events=heard, io_loop=loop, **settings)
        self._expected = options.basic_auth[0].encode()
        # A worker's own page shows answers to remote control, which is off: its tasks are the next best.
        self.add_handlers(
            ".*",
            [(r"/broker", Queues), (r"/worker/.+", RedirectHandler, {"url": "/tasks", "permanent": False})],
        )

    def find_handler(self, request: HTTPServerRequest, **kwargs: Any) -> Any:  # noqa: ANN401 - Tornado's signature
        refused = self._refused(request)
        if refused is None:
            return super().find_handler(request, **kwargs)
        status, reason = refused
        return self.get_handler_delegate(request, Refusal, {"status": status, "reason": reason})

    @property
    def broker_uri(self) -> str:
        return address(self.capp)

    @property
    def broker_uri_with_password(self) -> str:
        """For Flower's own connection; Celery's text for it begins with our transport, which Flower does not know."""
        return str(self.capp.conf.broker_url)

    def update_workers(self, workername: str | None = None) -> "asyncio.Future[None]":  # noqa: ARG002 - Flower's signature
        """Ask nothing: workers take no remote control, and what they say by themselves is enough."""
        done: asyncio.Future[None] = asyncio.Future()
        done.set_result(None)
        return done

    def _refused(self, request: HTTPServerRequest) -> tuple[int, str] | None:
        if request.path == WITHOUT_PASSWORD and request.method in LOOKING:
            return None
        if not hmac.compare_digest(_credentials(request), self._expected):
            return 401, "The user is tidegate; the password is in the file that `tidegate up` named."
        if request.method in LOOKING or (request.method == "POST" and request.path == ASKED_WITH_POST):
            return None
        return 403, "Flower is read-only here: deploy, cancel and approve with `tidegate`."


def _credentials(request: HTTPServerRequest) -> bytes:
    scheme, _, text = request.headers.get("Authorization", "").partition(" ")
    try:
        return b64decode(text, validate=True) if scheme.lower() == "basic" else b""
    except ValueError:
        return b""
