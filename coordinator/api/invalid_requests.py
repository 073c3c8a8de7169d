"""Requests that do not fit their models, said in the words of the configuration's own errors."""

from typing import Any

from fastapi.exceptions import RequestValidationError

from config.declared import Declared
from config.document import Document
from config.explaining import describe, read_model
from config.problems import REFUSAL, Problem
from coordinator.api.problems import Refusal, declared

BODY = "body"


class BodyModelError(RequestValidationError):
    """A body that does not fit its model, with the model, so that the nearest valid key can be named."""

    def __init__(self, model: type[Declared], body: Any) -> None:  # noqa: ANN401 - any JSON
        super().__init__([], body=body)
        self.model = model


def explained(error: RequestValidationError) -> Refusal:
    """Return the refusal for a request that does not fit: 400 no JSON, 415 no JSON type, 422 otherwise."""
    if isinstance(error, BodyModelError):
        return _of_problems(_of_body(error))
    return _of_problems([_of_parameter(each) for each in error.errors()])


def _of_body(error: BodyModelError) -> list[Problem]:
    if not isinstance(error.body, dict):
        return [Problem(BODY, "", None, None, f"found {describe(error.body)}", "a JSON object")]
    _, problems = read_model(error.model, error.body, Document(BODY, error.body))
    return list(problems)


def _of_parameter(error: dict[str, Any]) -> Problem:
    """Return the problem of one query parameter, header or part of the path."""
    place, *names = error["loc"]
    path = ".".join(str(name) for name in names)
    if error["type"] == REFUSAL:
        context = error["ctx"]
        message = context["message"] or f"found {describe(error['input'])}"
        return Problem(str(place), path, None, None, message, context["expected"], context["nearest"])
    if error["type"] == "missing":
        return Problem(str(place), path, None, None, "it is missing")
    return Problem(str(place), path, None, None, str(error["msg"]))


def _of_problems(problems: list[Problem]) -> Refusal:
    if len(problems) == 1:
        return Refusal(422, str(problems[0]), problems=declared(problems))
    return Refusal(422, f"the request has {len(problems)} problems", problems=declared(problems))
