"""Every exception that a request can end with, as a problem document."""

import logging
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.exc import DataError, InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.exceptions import HTTPException

from config.problems import DeclarationError
from coordinator.api.invalid_requests import explained
from coordinator.api.problems import Refusal, declared, sentences
from coordinator.cipher import CipherError
from coordinator.conductor import errors
from coordinator.conductor.etags import Outdated

RETRY_AFTER = "5"  # seconds
_log = logging.getLogger(__name__)

_STATUS: dict[type[errors.ConductorError], int] = {
    errors.NotFound: 404,
    errors.Invalid: 422,
    errors.Conflict: 409,
    errors.Forbidden: 403,
    errors.Unavailable: 503,
}
DATABASE_AWAY = Refusal(
    503,
    "the database cannot be reached now",
    hint="Try again in some seconds; if it lasts, look at the coordinator's log.",
    retryable=True,
    headers={"Retry-After": RETRY_AFTER},
)
DEFECT = Refusal(
    500,
    "the coordinator failed at this request; this is a defect of Tidegate, not of the request",
    hint="The coordinator's log says more; please report it.",
)


def install(app: FastAPI) -> None:
    """Answer every refusal, and every defect, with a problem document."""
    answers: dict[type[Exception], Callable[[Any], Refusal]] = {
        errors.ConductorError: of_use_case,
        DeclarationError: of_declaration,
        RequestValidationError: explained,
        HTTPException: of_http,
        SQLAlchemyError: of_database,
        CipherError: _of_cipher,
    }
    for kind, answer in answers.items():
        app.add_exception_handler(kind, _handler(answer))
    app.add_exception_handler(Exception, _handler(lambda _error: DEFECT))


def of_use_case(error: errors.ConductorError) -> Refusal:
    if isinstance(error, Outdated):
        headers = {"ETag": f'"{error.tag}"'} if error.tag else {}
        return Refusal(412, error.message, error.hint, headers=headers)
    status = next((status for kind, status in _STATUS.items() if isinstance(error, kind)), 500)
    unavailable = isinstance(error, errors.Unavailable)
    return Refusal(
        status,
        error.message,
        error.hint,
        retryable=unavailable,
        problems=sentences(error.problems),
        headers={"Retry-After": RETRY_AFTER} if unavailable else None,
    )


def of_declaration(error: DeclarationError) -> Refusal:
    count = len(error.problems)
    found = "one problem" if count == 1 else f"{count} problems"
    return Refusal(
        422,
        f"{error.source} has {found}; nothing was changed",
        "Correct what is named and send it again.",
        problems=declared(error.problems),
    )


def of_http(error: HTTPException) -> Refusal:
    """Take what the framework refuses; its short words become sentences."""
    detail = str(error.detail)
    if detail == HTTPStatus(error.status_code).phrase or error.status_code == HTTPStatus.BAD_REQUEST:
        detail = _SENTENCES.get(error.status_code, detail)
    return Refusal(error.status_code, detail, headers=error.headers)


_SENTENCES = {
    400: "the body cannot be read: expected JSON in UTF-8, not nested deeper than a few levels",
    404: "there is nothing at this address; the API begins at /api/v1",
    405: "this address does not take this method; the header Allow names those it takes",
}


def of_database(error: SQLAlchemyError) -> Refusal:
    if isinstance(error, OperationalError | InterfaceError | PoolTimeoutError):
        _log.warning("the database did not answer: %s", error)
        return DATABASE_AWAY
    if isinstance(error, DataError):  # the models check sizes; this keeps what they miss from being a defect
        _log.warning("the database refused a value: %s", error.orig)
        return Refusal(422, "a value in the request is too long, too large or cannot be stored")
    _log.error("the database refused a statement", exc_info=error)
    return DEFECT


def _of_cipher(error: CipherError) -> Refusal:
    _log.error("a secret cannot be decrypted: %s", error)
    return Refusal(
        503, "a stored secret cannot be read now", "Look at the coordinator's log.", retryable=True
    )


def _handler(answer: Callable[[Any], Refusal]) -> Callable[[Request, Exception], JSONResponse]:
    def handle(request: Request, error: Exception) -> JSONResponse:
        return answer(error).response(request.url.path)

    return handle
