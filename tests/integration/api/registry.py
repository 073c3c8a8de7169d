"""An image registry on loopback: real HTTP, version 2 of the API as far as digests need it, with its bad days."""

import hashlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit


class Registry:
    """Serves the manifests that tests push. `wants`: None, "token" (given to everybody), "basic", or "refuse"."""

    def __init__(self):
        self.manifests = {}  # (repository, tag or digest) -> bytes
        self.wants = None
        self.names_digests = True
        self.answers = None  # a status for every request
        self.requests = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self._server.registry = self
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)

    @property
    def host(self):
        return f"127.0.0.1:{self._server.server_address[1]}"

    def start(self):
        self._thread.start()

    def stop(self):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)

    def push(self, repository, tag, content=None):
        """Put a manifest under a tag; return its digest."""
        body = json.dumps({"schemaVersion": 2, "content": content or f"{repository}:{tag}"}).encode()
        digest = f"sha256:{hashlib.sha256(body).hexdigest()}"
        self.manifests[repository, tag] = self.manifests[repository, digest] = body
        return digest


class _Handler(BaseHTTPRequestHandler):
    @property
    def registry(self):
        return self.server.registry

    def do_HEAD(self):
        self._answer()

    def do_GET(self):
        self._answer()

    def _answer(self):
        address = urlsplit(self.path)
        self.registry.requests.append((self.command, address.path, dict(self.headers)))
        if self.registry.answers is not None:
            self._send(self.registry.answers)
        elif address.path == "/token":
            self._token(parse_qs(address.query))
        elif self.registry.wants and self.headers.get("Authorization") != "Bearer t0ken":
            self._challenge()
        else:
            self._manifest(address.path)

    def _token(self, query):
        good = self.registry.wants == "token" and query.get("scope", [""])[0].endswith(":pull")
        self._send(200 if good else 401, json.dumps({"token": "t0ken"}).encode() if good else b"")

    def _challenge(self):
        bearer = f'Bearer realm="http://{self.registry.host}/token",service="test",scope="repository:shop/web:pull"'
        self._send(
            401,
            headers={"WWW-Authenticate": 'Basic realm="r"' if self.registry.wants == "basic" else bearer},
        )

    def _manifest(self, path):
        repository, _, tag = path.removeprefix("/v2/").partition("/manifests/")
        body = self.registry.manifests.get((repository, tag))
        if body is None:
            self._send(404)
            return
        digest = f"sha256:{hashlib.sha256(body).hexdigest()}"
        self._send(200, body, {"Docker-Content-Digest": digest} if self.registry.names_digests else {})

    def _send(self, status, body=b"", headers=None):
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_arguments):
        pass
