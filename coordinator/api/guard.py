"""What is checked before any route sees a request: a known key, a body of a decent size, readable text.

Nothing but `/healthz` is answered without a key, whether the address exists or not.
"""

import logging
from collections.abc import Iterator
from typing import Final
from urllib.parse import unquote_to_bytes

from anyio import to_thread
from fastapi import Request
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from coordinator.api.problems import Refusal
from coordinator.api.refusing import of_database
from coordinator.conductor.keys import Credential, authenticate
from coordinator.conductor.services import Services

OPEN_PATHS: Final = frozenset({"/healthz"})
LARGEST_BODY: Final = 1024 * 1024
LARGEST_INVENTORY: Final = 16 * 1024 * 1024
_LARGER: Final = {"/api/v1/inventory": LARGEST_INVENTORY}
_log = logging.getLogger(__name__)


class Guard:
    """ASGI middleware around all routes; the caller's credential is left in the request's state."""

    def __init__(self, app: ASGIApp, services: Services) -> None:
        self._app, self._services = app, services

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        refusal = _unreadable(scope) or await self._stranger(scope) or _oversized(scope)
        if refusal is not None:
            await refusal.response(scope["path"])(scope, receive, send)
            return
        await self._app(scope, _limited(receive, _limit(scope)), send)

    async def _stranger(self, scope: Scope) -> Refusal | None:
        """Recognise who asks, or return what a stranger is told."""
        if scope["path"] in OPEN_PATHS:
            return None
        scheme, _, token = Request(scope).headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return _unknown("no key was sent", "Send the header `Authorization: Bearer tg_...`.")
        try:
            credential = await to_thread.run_sync(authenticate, self._services, token.strip())
        except SQLAlchemyError as error:
            return of_database(error)
        if credential is None:
            return _unknown("the key is not known here, or was revoked", "Ask an admin for a new key.")
        scope.setdefault("state", {})["credential"] = credential
        return None


def credential_of(request: Request) -> Credential:
    """Return who asks, as the guard recognised them."""
    found = request.state.credential
    if not isinstance(found, Credential):
        raise TypeError("a route was reached without the guard")
    return found


def _unknown(detail: str, hint: str) -> Refusal:
    return Refusal(401, detail, hint, headers={"WWW-Authenticate": 'Bearer realm="tidegate"'})


def _unreadable(scope: Scope) -> Refusal | None:
    for part in _texts(scope):
        try:
            text = unquote_to_bytes(part).decode("utf-8")
        except UnicodeDecodeError:
            return Refusal(400, "the address is not UTF-8", "Encode it as UTF-8, then percent-encode it.")
        if "\0" in text:
            return Refusal(400, "the address contains a NUL byte", "Leave it out.")
    return None


def _texts(scope: Scope) -> Iterator[bytes]:
    yield scope.get("raw_path") or scope["path"].encode("utf-8", "surrogatepass")
    yield scope["query_string"]


def _limit(scope: Scope) -> int:
    return _LARGER.get(scope["path"], LARGEST_BODY)


def _oversized(scope: Scope) -> Refusal | None:
    length = Request(scope).headers.get("Content-Length", "0")
    if length.isascii() and length.isdigit() and int(length[:20]) > _limit(scope):
        return Refusal(413, _too_large(_limit(scope)))
    return None


def _limited(receive: Receive, limit: int) -> Receive:
    """Count the bytes of a body that did not say its length, and refuse the one too many."""
    seen = 0

    async def counting() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > limit:
            raise HTTPException(413, _too_large(limit))
        return message

    return counting


def _too_large(limit: int) -> str:
    return f"the body is larger than {limit // 1024} KiB"
