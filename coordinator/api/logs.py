"""/deployments/{id}/logs: what tasks said, page by page or followed while they run."""

from typing import Annotated, Any

from fastapi import APIRouter, Header, Request
from fastapi.responses import StreamingResponse

from coordinator.api.answers import Answer, gives
from coordinator.api.deployments import require
from coordinator.api.following import Follower
from coordinator.api.parameters import LARGEST_SERIAL, Limit, Serial, ServicesHere
from coordinator.store import views

router = APIRouter(prefix="/deployments/{deployment}/logs", tags=["logs"])
LastEventId = Annotated[str | None, Header(alias="Last-Event-ID", description="The last `id` that was seen.")]
_ENTRY = {
    "serial": 17,
    "attempt": "shop-42-k7q2.web@web-1.1",
    "task": "web@web-1",
    "host": "web-1",
    "lines": [{"at": "2026-11-23T05:00:00Z", "stream": "stdout", "text": "pulling"}],
}
_STREAM: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Events `log`, `status` and, when the deployment has ended and all is sent, `end`.",
        "content": {
            "text/event-stream": {
                "schema": {"type": "string"},
                "example": 'event: end\ndata: {"status": "succeeded"}\n\n',
            }
        },
    }
}


@router.get("", responses=gives({"items": [_ENTRY], "after": 17, "more": False}))
def list_logs(
    services: ServicesHere, deployment: str, task: str | None = None, after: Serial = 0, limit: Limit = 500
) -> Answer:
    """Return entries in the order they arrived; pass `after` of the answer to go on from there."""
    with services.store.read() as tx:
        require(tx, deployment)
        found = views.logs(tx, deployment, task=task, after_serial=after, limit=limit)
    last = found[-1]["serial"] if found else after
    return {"items": found, "after": last, "more": len(found) >= limit}


@router.get("/follow", response_class=StreamingResponse, responses=_STREAM)
def follow_logs(
    request: Request,
    services: ServicesHere,
    deployment: str,
    *,
    task: str | None = None,
    after: Serial = 0,
    last_event_id: LastEventId = None,
) -> StreamingResponse:
    """Follow a deployment as server-sent events until it has ended and everything is sent."""
    with services.store.read() as tx:
        require(tx, deployment)
    follower = Follower(services, deployment, task, _start(last_event_id, after), request.app.state.stopping)
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(
        follower.events(request.is_disconnected), media_type="text/event-stream", headers=headers
    )


def _start(last_event_id: str | None, after: int) -> int:
    """Return from where to go on: the last event that the client saw wins; what is no number is as none."""
    given = last_event_id or ""
    seen = (
        int(given) if given.isascii() and given.isdigit() and len(given) <= len(str(LARGEST_SERIAL)) else None
    )
    return after if seen is None else min(seen, LARGEST_SERIAL)
