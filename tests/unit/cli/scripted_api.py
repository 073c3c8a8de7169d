"""A real HTTP server on loopback that gives the answers a test wrote down, and keeps what it was asked."""

import json
import socket
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qsl, unquote, urlsplit

KEY = "tg_test"
DROP = object()  # an answer that never comes: the connection is closed after the request was read


@dataclass(frozen=True)
class Answer:
    """A status with a body: JSON unless it is bytes; `chunks` are sent one by one, without a length."""

    status: int = 200
    body: object = None
    headers: dict[str, str] = field(default_factory=dict)
    media: str = "application/json"


@dataclass(frozen=True)
class Asked:
    """What the command line sent."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    @property
    def json(self):
        return json.loads(self.body)


class ScriptedApi:
    """Answers by method and path, in the order written down; the last answer stays."""

    def __init__(self):
        self.asked: list[Asked] = []
        self._answers: dict[tuple[str, str], list[object]] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = False
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def wrap(self, context):
        """Speak TLS from now on."""
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)

    def on(self, method, path, *answers):
        """Say what follows; a dict or list is a 200 with that document."""
        self._answers[method, f"/api/v1{path}"] = [
            answer if isinstance(answer, Answer) or answer is DROP else Answer(body=answer)
            for answer in answers
        ]

    def answer(self, asked):
        self.asked.append(asked)
        if asked.headers.get("authorization") != f"Bearer {KEY}":
            return problem(401, "The API key is not known.")
        answers = self._answers.get((asked.method, asked.path))
        if not answers:
            return problem(404, f"Nothing is at {asked.path}.")
        return answers.pop(0) if len(answers) > 1 else answers[0]

    @property
    def lines(self):
        """What was asked, each as `GET /deployments/shop-1-aaaa`."""
        return [f"{asked.method} {asked.path.removeprefix('/api/v1')}" for asked in self.asked]

    @contextmanager
    def running(self):
        thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            thread.join()
            self._server.server_close()


def problem(status, detail, *, hint="", problems=(), **more):
    """Return a problem as the API writes it."""
    body = {
        "type": "urn:tidegate:problem:test",
        "title": "Test",
        "status": status,
        "detail": detail,
        "hint": hint,
    }
    body |= {"retryable": False, "problems": [{"sentence": each} for each in problems], **more}
    return Answer(status, body, media="application/problem+json")


def lost(api):
    """Return what is said when an answer is DROPped."""
    return f"The coordinator at {api.url} broke off: server disconnected without sending a response."


def page(*items):
    return {"items": list(items), "next": None}


def sent_events(*events):
    """Return a stream: each event as (name, id or None, document)."""
    text = ": still here\n\n"
    for name, serial, document in events:
        number = "" if serial is None else f"id: {serial}\n"
        text += f"event: {name}\n{number}data: {json.dumps(document, ensure_ascii=False)}\n\n"
    return Answer(200, text.encode(), media="text/event-stream")


def free_port():
    """Return a port on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _handler(api):
    class Handler(BaseHTTPRequestHandler):
        def _handle(self):
            parts = urlsplit(self.path)
            length = int(self.headers.get("content-length", 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            query = dict(parse_qsl(parts.query))
            asked = Asked(self.command, unquote(parts.path), query, headers, self.rfile.read(length))
            answer = api.answer(asked)
            if answer is DROP:
                self.close_connection = True
                return
            self._send(answer)

        def _send(self, answer):
            body = b"" if answer.body is None else answer.body
            data = body if isinstance(body, bytes) else json.dumps(body).encode()
            self.send_response(answer.status)
            for name, value in {"Content-Type": answer.media, **answer.headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PUT = do_DELETE = _handle  # noqa: N815 - names of the standard library

        def log_message(self, *_):
            """Say nothing: the tests read stderr."""

    return Handler
