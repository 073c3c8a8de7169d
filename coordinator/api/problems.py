"""Problem documents (RFC 9457): what every refusal looks like on the wire."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from fastapi.responses import JSONResponse

from config.problems import Problem

MEDIA_TYPE: Final = "application/problem+json"
_KINDS: Final[Mapping[int, tuple[str, str]]] = {
    400: ("malformed", "Malformed"),
    401: ("unauthorized", "No valid key"),
    403: ("forbidden", "Forbidden"),
    404: ("not-found", "Not found"),
    405: ("method-not-allowed", "Method not allowed"),
    409: ("conflict", "Conflict"),
    412: ("precondition-failed", "Changed meanwhile"),
    413: ("too-large", "Too large"),
    415: ("unsupported-media-type", "Unsupported media type"),
    422: ("invalid", "Invalid"),
    500: ("internal", "Internal error"),
    503: ("unavailable", "Unavailable"),
}
_OTHER: Final = ("http", "Refused")

SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "hint", "retryable", "instance", "problems"],
    "properties": {
        "type": {"type": "string", "examples": ["urn:tidegate:problem:conflict"]},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "One sentence for people."},
        "hint": {"type": "string", "description": "What to do next; may be empty."},
        "retryable": {"type": "boolean", "description": "Whether the same request may work later."},
        "instance": {"type": "string"},
        "problems": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["sentence"],
                "properties": {
                    "sentence": {"type": "string"},
                    "path": {"type": ["string", "null"]},
                    "line": {"type": ["integer", "null"]},
                    "column": {"type": ["integer", "null"]},
                    "expected": {"type": ["string", "null"]},
                    "nearest": {"type": ["string", "null"]},
                },
            },
        },
    },
}


@dataclass(frozen=True, slots=True)
class Refusal:
    """What was refused and why, before it has a place."""

    status: int
    detail: str
    hint: str = ""
    retryable: bool = False
    problems: tuple[Mapping[str, Any], ...] = ()
    headers: Mapping[str, str] | None = None

    def response(self, instance: str) -> JSONResponse:
        """Return the answer to a request for `instance` (its path)."""
        kind, title = _KINDS.get(self.status, _OTHER)
        content = {
            "type": f"urn:tidegate:problem:{kind}",
            "title": title,
            "status": self.status,
            "detail": printable(self.detail),
            "hint": self.hint,
            "retryable": self.retryable,
            "instance": printable(instance),
            "problems": list(self.problems),
        }
        return JSONResponse(content, self.status, dict(self.headers or {}), media_type=MEDIA_TYPE)


def sentences(texts: Iterable[str]) -> tuple[Mapping[str, Any], ...]:
    """Return problems that are only sentences."""
    return tuple(_problem(text, None) for text in texts)


def declared(problems: Iterable[Problem]) -> tuple[Mapping[str, Any], ...]:
    """Return the problems of a declaration, each with its place."""
    return tuple(_problem(str(problem), problem) for problem in problems)


def printable(text: str) -> str:
    """Return text that can be encoded and shown."""
    return "".join(each if each.isprintable() or each == "\n" else "?" for each in text)


def _problem(sentence: str, problem: Problem | None) -> Mapping[str, Any]:
    return {
        "sentence": printable(sentence),
        "path": problem.path if problem else None,
        "line": problem.line if problem else None,
        "column": problem.column if problem else None,
        "expected": problem.expected or None if problem else None,
        "nearest": problem.nearest if problem else None,
    }
