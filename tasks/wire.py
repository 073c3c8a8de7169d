"""What may come off a queue, judged before anything else sees it.

Whoever can push to a queue can push anything; stock Celery exits on about half of what does not parse, and obeys
callbacks, chains and delays that a message carries. So one narrow shape passes, and it is built anew from the few
fields that we use: a Celery task message (protocol 2) in JSON with the three texts of a signed envelope.
Errors: Unfit. Its text never holds a part of the message's body.
"""

import base64
import json
import re
from typing import Any

MAX_BYTES = 4 * 1024 * 1024  # a payload of 1 MiB, quoted twice and in base64, is less
MAX_SUMMARY = 200
_ARGUMENTS = 3
_NAME = re.compile(r"[A-Za-z0-9_.\-]{1,120}")
_ID = re.compile(r"[A-Za-z0-9_.@:/+\-]{1,400}")
_NEVER_USED = ("eta", "expires", "group", "chord", "stamped_headers", "stamps")
_NO_LIMITS: tuple[object, ...] = (None, [None, None])


class Unfit(ValueError):  # noqa: N818 - a verdict on a message, not a failure of ours
    """A message is dropped; the text says why, without its body. Sending it again cannot help."""


def read(item: bytes, queue: str) -> dict[str, Any]:
    """Return the message found on `queue` in the form of kombu's virtual transports; raises Unfit."""
    if len(item) > MAX_BYTES:
        raise Unfit(f"it has more than {MAX_BYTES} bytes")
    message = _mapping(_json(item, "it"), "it")
    headers = _mapping(message.get("headers"), "its headers")
    properties = _mapping(message.get("properties"), "its properties")
    if message.get("content-type") != "application/json":
        raise Unfit("its content type is not application/json")
    _check_address(properties, queue)
    _check_headers(headers)
    _check_body(message.get("body"), properties.get("body_encoding"))
    return {
        "body": message["body"],
        "content-type": "application/json",
        "content-encoding": "utf-8",
        "headers": _headers(headers),
        "properties": _properties(properties, headers["id"], queue),
    }


def _json(text: bytes, what: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):  # not UTF-8, not JSON, numbers without end, or nested too deep
        raise Unfit(f"{what} is not JSON") from None


def _mapping(value: object, what: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise Unfit(f"{what} should be a mapping")
    return value


def _matches(pattern: re.Pattern[str], value: object) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None


def _check_address(properties: dict[str, Any], queue: str) -> None:
    """Refuse what names another queue: given back or retried, it would be forwarded there in our name."""
    if not _matches(_ID, properties.get("delivery_tag")):
        raise Unfit("its delivery tag is missing")
    info = _mapping(properties.get("delivery_info"), "its delivery_info")
    if info.get("exchange") != "" or info.get("routing_key") != queue:
        raise Unfit("its delivery_info names another queue")


def _check_headers(headers: dict[str, Any]) -> None:
    if not _matches(_NAME, headers.get("task")):
        raise Unfit("its task name is missing")
    if not _matches(_ID, headers.get("id")):
        raise Unfit("its task id is missing")
    used = [field for field in _NEVER_USED if headers.get(field)]
    if headers.get("timelimit") not in _NO_LIMITS:
        used.append("timelimit")
    if used:
        raise Unfit(f"it carries {', '.join(used)}, which Tidegate never uses")


def _check_body(body: object, encoding: object) -> None:
    if not isinstance(body, str) or encoding != "base64":
        raise Unfit("its body is not base64")
    try:
        decoded = base64.b64decode(body, validate=True)
    except ValueError:
        raise Unfit("its body is not base64") from None
    match _json(decoded, "its body"):
        case [[str(), str(), str()], dict() as named, dict() as embedded] if not named:
            canvas = [field for field, value in embedded.items() if value]
        case _:
            raise Unfit(f"its body should hold {_ARGUMENTS} texts")
    if canvas:
        raise Unfit("it carries callbacks, errbacks, a chain or a chord, which Tidegate never uses")


def _headers(found: dict[str, Any]) -> dict[str, Any]:
    return {
        "lang": "py",
        "task": found["task"],
        "id": found["id"],
        "root_id": found["id"],
        "parent_id": None,
        "group": None,
        "retries": 0,
        "eta": None,
        "expires": None,
        "timelimit": [None, None],
        "ignore_result": True,
        "shadow": _printable(found.get("shadow")) or None,
        "argsrepr": _printable(found.get("argsrepr")) or "-",  # else Celery shows the arguments themselves
        "kwargsrepr": "{}",
    }


def _properties(found: dict[str, Any], identity: str, queue: str) -> dict[str, Any]:
    return {
        "correlation_id": identity,
        "delivery_tag": found["delivery_tag"],
        "delivery_mode": 2,
        "delivery_info": {"exchange": "", "routing_key": queue, "redelivered": False},
        "priority": 0,
        "body_encoding": "base64",
    }


def _printable(text: object) -> str:
    """Return one printable line for logs and Flower, or "" when there is none."""
    return "".join(c for c in text if c.isprintable())[:MAX_SUMMARY] if isinstance(text, str) else ""
