"""One HTTP GET, as probes need it: the standard library's client, since httpx would cost an idle worker 5 MB.

Follows no redirect, trusts no proxy settings of the machine, checks certificates of https.
"""

import http.client
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

LONGEST_BODY = 1024 * 1024  # bytes


@dataclass(frozen=True)
class Answer:
    """What came back; `body` only as far as it was asked for."""

    status: int
    body: str = ""


class NoAnswer(Exception):  # noqa: N818 - what happened; the text says why, in one line
    """Nobody answered, or not in HTTP."""


def get(url: str, headers: Mapping[str, str], timeout: float, *, read: bool = False) -> Answer:
    """Ask once; `timeout` in seconds is for connecting and for each wait. Raises NoAnswer."""
    parts = urlsplit(url)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        connection = _connection(parts.scheme, parts.hostname or "", parts.port, timeout)
        try:
            connection.request("GET", target, headers={"User-Agent": "tidegate", **headers})
            answer = connection.getresponse()
            body = answer.read(LONGEST_BODY).decode(errors="replace") if read else ""
            return Answer(answer.status, body)
        finally:
            connection.close()
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise NoAnswer(f"{type(error).__name__}: {error}" if str(error) else type(error).__name__) from None


def _connection(scheme: str, host: str, port: int | None, timeout: float) -> http.client.HTTPConnection:
    if scheme == "https":
        return http.client.HTTPSConnection(host, port, timeout=timeout, context=ssl.create_default_context())
    return http.client.HTTPConnection(host, port, timeout=timeout)
