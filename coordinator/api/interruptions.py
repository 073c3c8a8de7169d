"""/interruptions: what deployments ask people, and the answers."""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from sqlalchemy import Connection

from coordinator.api.answers import Answer, Page, gives, page, position, tagged, takes
from coordinator.api.bodies import AnswerBody
from coordinator.api.parameters import Caller, Cursor, Limit, ServicesHere, json_of
from coordinator.conductor import interruptions
from coordinator.conductor.errors import Invalid, NotFound
from coordinator.store import views

router = APIRouter(prefix="/interruptions", tags=["interruptions"])
Status = Literal["open", "answered", "expired", "withdrawn", "all"]
_INTERRUPTION = {
    "id": "shop-42-k7q2.web/gate",
    "deployment": "shop-42-k7q2",
    "kind": "gate",
    "task": "web/gate",
    "plan_hash": "9f86d081...",
    "instructions": "Open the canary and place one order",
    "approvers": ["release-managers"],
    "choices": ["approve", "reject"],
    "opened_at": "2026-11-23T05:00:00Z",
    "expires_at": "2026-11-26T05:00:00Z",
    "status": "open",
    "choice": None,
    "answered_by": None,
    "answered_at": None,
    "note": "",
}


@router.get("", responses=gives({"items": [_INTERRUPTION], "next": None}))
def list_interruptions(
    services: ServicesHere,
    deployment: str | None = None,
    status: Status = "open",
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Page[Answer]:
    """List interruptions, the oldest first; only open ones unless asked otherwise."""
    wanted = None if status == "all" else status
    with services.store.read() as tx:
        found = views.interruptions_page(
            tx, deployment=deployment, status=wanted, limit=limit, after=_after(cursor)
        )
    return page(found, limit, _position(found[-1]) if found else None)


@router.get("/{interruption:path}", responses=gives(_INTERRUPTION))
def get_interruption(request: Request, services: ServicesHere, interruption: str) -> Response:
    """Return one interruption, open or not."""
    with services.store.read() as tx:
        return tagged(request, _require(tx, interruption))


@router.post(
    "/{interruption:path}/answer",
    responses=gives({**_INTERRUPTION, "status": "answered", "choice": "approve"}, 403, 409, 413, 415),
    openapi_extra=takes(AnswerBody),
)
def answer_interruption(
    request: Request,
    services: ServicesHere,
    by: Caller,
    interruption: str,
    body: Annotated[AnswerBody, Depends(json_of(AnswerBody))],
) -> Response:
    """Answer once; a second or late answer gets 409 with who answered when."""
    given = interruptions.Answer(body.choice, by, body.note, body.plan_hash)
    interruptions.answer(services, interruption, given)
    with services.store.read() as tx:
        return tagged(request, _require(tx, interruption))


def _require(tx: Connection, interruption: str) -> Answer:
    found = views.interruption(tx, interruption)
    if found is None:
        raise NotFound(
            f"there is no interruption {interruption}", hint="`tidegate status` shows the open ones."
        )
    return found


def _position(item: Answer) -> tuple[Any, ...]:
    return (item["opened_at"].isoformat(), item["id"])


def _after(cursor: str | None) -> tuple[datetime, str] | None:
    given = position(cursor, str, str)
    if given is None:
        return None
    try:
        at = datetime.fromisoformat(given[0])
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise Invalid("the cursor is not one of this list", hint="Pass `next` of the page before, as it is.")
    return at, given[1]
