"""What routes ask of a request: the services, who asks, pages, bodies, tags and keys against repetition."""

import json
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Final, TypeVar

from fastapi import Depends, Header, Query, Request
from pydantic import ValidationError
from starlette.exceptions import HTTPException

from config.declared import Declared
from config.expectations import Reads, shaped, true_or_false, whole
from coordinator.api.guard import credential_of
from coordinator.api.invalid_requests import BodyModelError
from coordinator.conductor.etags import Expectation, Outdated
from coordinator.conductor.services import Person, Services

M = TypeVar("M", bound=Declared)
YAML_TYPES: Final = ("application/yaml", "application/x-yaml", "text/yaml", "text/x-yaml", "text/plain")
LARGEST_SERIAL: Final = 2**53 - 1


def services_of(request: Request) -> Services:
    found = request.app.state.services
    if not isinstance(found, Services):
        raise TypeError("the application was made without services")
    return found


def person_of(request: Request) -> Person:
    return credential_of(request).person


async def yaml_of(request: Request) -> bytes:
    """Return the body, which says that it is YAML, or says nothing."""
    kind = request.headers.get("Content-Type", YAML_TYPES[0]).partition(";")[0].strip().lower()
    if kind not in YAML_TYPES:
        raise HTTPException(415, f"the body is expected as {YAML_TYPES[0]}, not as {kind}")
    return await request.body()


def json_of(model: type[M]) -> Callable[[Request], Awaitable[M]]:
    """Return a dependency that reads the body as `model`; what does not fit is told key by key."""

    async def read(request: Request) -> M:
        kind = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if kind != "application/json":
            raise HTTPException(415, f"the body is expected as application/json, not as {kind or 'nothing'}")
        found = _parsed(await request.body())
        try:
            return model.model_validate(found, by_alias=True, by_name=False)
        except ValidationError:
            raise BodyModelError(model, found) from None

    return read


def expected_state(request: Request) -> Expectation:
    """Return the check that If-Match and If-None-Match ask for."""
    wanted, unwanted = request.headers.get("If-Match"), request.headers.get("If-None-Match")

    def check(tag: str | None) -> None:
        if wanted is not None and (tag is None or not _names(wanted, tag)):
            raise Outdated(tag)
        if unwanted is not None and tag is not None and _names(unwanted, tag):
            raise Outdated(tag)

    return check


def _names(header: str, tag: str) -> bool:
    """Say whether a list of entity tags names `tag`, or any."""
    given = [each.strip().removeprefix("W/").strip('"') for each in header.split(",")]
    return "*" in given or tag in given


def _parsed(body: bytes) -> Any:  # noqa: ANN401 - any JSON
    try:
        return json.loads(body.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        where = (
            f" (line {error.lineno}, column {error.colno})" if isinstance(error, json.JSONDecodeError) else ""
        )
        raise HTTPException(400, f"the body is not JSON in UTF-8{where}") from None


ServicesHere = Annotated[Services, Depends(services_of)]
Caller = Annotated[Person, Depends(person_of)]
YamlBody = Annotated[bytes, Depends(yaml_of)]
ExpectedState = Annotated[Expectation, Depends(expected_state)]
Limit = Annotated[
    Annotated[int, whole(1, 500, "a whole number from 1 to 500")],
    Query(description="How many at most, 1 to 500."),
]
Cursor = Annotated[str | None, Query(description="`next` of the page before.", max_length=1000)]
Switch = Annotated[bool, Reads(true_or_false, {"type": "boolean"})]
FileName = Annotated[
    Annotated[str, shaped(r"[^\x00-\x1f\x7f]{1,200}", "a file's name of at most 200 characters")],
    Query(description="How problems name the file."),
]
Serial = Annotated[int, whole(0, LARGEST_SERIAL, "the number of a log entry, 0 for the beginning")]
IdempotencyKey = Annotated[
    Annotated[str, shaped(r"[!-~]{1,200}", "1 to 200 visible ASCII characters")] | None,
    Header(alias="Idempotency-Key", description="The same key with the same request gets the same answer."),
]
