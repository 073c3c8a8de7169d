"""Reads what came back: a JSON document, or the error that it is."""

from typing import Any

import httpx

from coordinator.cli.errors import CliError, NoAnswer, Refused, Unreachable

AWAY = frozenset({502, 503, 504})  # a proxy without a coordinator behind it, or a coordinator without a part
_STRANGER = "Is --url (or TIDEGATE_URL) the coordinator's address, and does nothing else answer in its place?"


def document(response: httpx.Response, url: str) -> Any:  # noqa: ANN401 - a JSON document; the client knows its type
    """Return the JSON document of a good answer, None where it is empty."""
    if not response.content:
        return None
    try:
        return response.json()
    except ValueError:
        raise NoAnswer(f"What answers at {url} is not a coordinator.", hint=_STRANGER) from None


def refusal(response: httpx.Response, url: str) -> CliError:
    """Return the error that an answer other than a good one stands for."""
    body = _problem(response)
    if body is not None:
        return Refused(response.status_code, body, pause=_pause(response))
    said = f"{response.status_code} {response.reason_phrase}".strip()
    if response.is_redirect:
        target = response.headers.get("location", "another address")
        return NoAnswer(f"{url} redirects to {target}.", hint="Give the coordinator's own address in --url.")
    if response.status_code in AWAY:
        return Unreachable(f"The coordinator behind {url} is away ({said}).", hint="Try again in a moment.")
    return NoAnswer(f"What answers at {url} is not a coordinator ({said}).", hint=_STRANGER)


def _problem(response: httpx.Response) -> dict[str, Any] | None:
    if not response.headers.get("content-type", "").startswith("application/problem+json"):
        return None
    try:
        body = response.json()
    except ValueError:
        return None
    return body if isinstance(body, dict) else None


def _pause(response: httpx.Response) -> float:
    asked = response.headers.get("retry-after", "")
    return float(asked) if asked.isdigit() else 0.0
