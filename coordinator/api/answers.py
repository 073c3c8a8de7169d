"""What routes answer: pages, tagged things, texts; and what the OpenAPI document says about it."""

import base64
import binascii
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

from fastapi import Request
from fastapi.encoders import jsonable_encoder
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from pydantic import BaseModel

from coordinator.api.bodies import Body
from coordinator.api.problems import MEDIA_TYPE, SCHEMA
from coordinator.conductor.errors import Invalid
from coordinator.conductor.etags import tag_of

T = TypeVar("T")
Answer = dict[str, Any]
NO_STORE = {"Cache-Control": "no-store"}


class Page(BaseModel, Generic[T]):
    """One page of a list; `next` is the cursor of the following one, None at the end."""

    items: list[T]
    next: str | None = None


def encoded(content: object) -> Any:  # noqa: ANN401 - any JSON
    """Return content as JSON, with times as everywhere in this API: `2026-11-23T05:00:00.123456Z`."""
    return jsonable_encoder(content, custom_encoder={datetime: _utc})


def page(found: Sequence[T], limit: int, position: Sequence[Any] | None) -> Page[T]:
    """Return a page; `position` is that of its last item, from which the next page goes on."""
    more = len(found) >= limit and position is not None
    return Page(items=list(found), next=_cursor(position) if more else None)


def position(cursor: str | None, *kinds: type) -> tuple[Any, ...] | None:
    """Return what `page` was given as position; Invalid for a cursor that is not from here."""
    if cursor is None:
        return None
    try:
        found = json.loads(base64.urlsafe_b64decode(cursor.encode("ascii")))
    except (ValueError, binascii.Error, RecursionError):
        found = None
    fits = isinstance(found, list) and [type(each) for each in found] == list(kinds)
    if not fits or any(isinstance(each, int) and not 0 <= each < 2**53 for each in found):
        raise Invalid("the cursor is not one of this list", hint="Pass `next` of the page before, as it is.")
    return tuple(found)


def tagged(request: Request, content: object, status: int = 200) -> Response:
    """Return content with the tag of its state, or 304 where the caller has it already."""
    body = encoded(content)
    tag = f'"{tag_of(body)}"'
    if request.method == "GET" and tag in request.headers.get("If-None-Match", ""):
        return Response(status_code=304, headers={"ETag": tag})
    return JSONResponse(body, status, {"ETag": tag})


def named(content: object, tag: str, status: int = 200) -> Response:
    """Return content with a tag that its use case gave it."""
    return JSONResponse(encoded(content), status, {"ETag": f'"{tag}"'})


def yaml(text: str) -> Response:
    return PlainTextResponse(text, media_type="application/yaml")


def takes(body: type[Body]) -> dict[str, Any]:
    """Describe the body that a route reads as JSON."""
    content = {"schema": body.model_json_schema(), "example": body.sample}
    return {"requestBody": {"required": True, "content": {"application/json": content}}}


def takes_yaml(example: str) -> dict[str, Any]:
    """Describe a body of YAML text."""
    content = {"schema": {"type": "string"}, "example": example}
    return {"requestBody": {"required": True, "content": {"application/yaml": content}}}


def gives(example: Any, *refused: int, status: int = 200) -> dict[int | str, dict[str, Any]]:  # noqa: ANN401 - any JSON
    """Describe a route's good answer by an example, and the refusals beside those that every route has."""
    good = {"description": "Done.", "content": {"application/json": {"example": example}}}
    return {status: good, **dict.fromkeys(refused, _REFUSED)}


_REFUSED = {
    "description": "Refused; the problem document says why.",
    "content": {MEDIA_TYPE: {"schema": SCHEMA}},
}
EVERYWHERE: dict[int | str, dict[str, Any]] = dict.fromkeys((400, 401, 404, 422, 503), _REFUSED)


def _cursor(position: Sequence[Any] | None) -> str:
    return base64.urlsafe_b64encode(json.dumps(position).encode()).decode("ascii")


def _utc(time: datetime) -> str:
    return time.astimezone(UTC).isoformat().replace("+00:00", "Z")
