"""pydantic's errors as problems: in the file's words, with line and column, and what was expected."""

from collections.abc import Iterable, Mapping
from typing import Final, TypeVar, get_args

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails, PydanticCustomError

from config.declared import Declared
from config.document import Document
from config.expectations import Parsed, Reads, one_of
from config.places import Place, existing, shorten
from config.problems import REFUSAL, Problem, closest
from config.secret import Secret
from config.templates import has_template

M = TypeVar("M", bound=BaseModel)

_SHOWN: Final = 60  # characters of a wrong value that are repeated
_MAPPING: Final = "a mapping of keys and values"
_LIST: Final = "a list such as [a, b]"
_CONTAINERS: Final = {
    "model_type": _MAPPING,
    "dict_type": _MAPPING,
    "tuple_type": _LIST,
    "list_type": _LIST,
}


def read_model(
    model: type[M], data: object, document: Document, at: Place = (), *, templates: bool = False
) -> tuple[M | None, tuple[Problem, ...]]:
    """Return the model that `data`, standing at `at` in the document, declares, or one problem per mistake.

    With `templates`, a text with a template is no mistake: rendering may still put it right. The model is then
    None although there are no problems.
    """
    try:
        return model.model_validate(data, by_alias=True, by_name=False), ()
    except ValidationError as error:
        mistakes = error.errors(include_url=False)
        told = [each for each in mistakes if not (templates and _open_until_rendered(each))]
        return None, tuple(_problem(each, model, document, at) for each in told)


def describe(value: object) -> str:
    """`text "abc"`, `5`, `true`, `a list`, `nothing`."""
    if value is None:
        return "nothing"
    if isinstance(value, Secret):
        return "a secret"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return shorten(str(value), _SHOWN)
    if isinstance(value, str):
        return f'text "{shorten(value, _SHOWN)}"'
    return "a mapping" if isinstance(value, Mapping) else "a list"


def in_order(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Return the problems from top to bottom, each once."""
    return tuple(sorted(dict.fromkeys(problems), key=lambda each: (each.line or 0, each.column or 0)))


def _open_until_rendered(error: ErrorDetails) -> bool:
    given = error["input"]
    return error["type"] == REFUSAL and isinstance(given, str) and has_template(given)


def _problem(error: ErrorDetails, model: type[BaseModel], document: Document, at: Place) -> Problem:
    location = tuple(error["loc"])
    if error["type"] == "extra_forbidden":
        return _unknown_key(_model_at(model, location[:-1]), document, (*at, *location))
    if error["type"] == "missing":
        field = _fields(_model_at(model, location[:-1])).get(str(location[-1]))
        return _missing(field, document, (*at, *location))
    if location and location[-1] == "[key]":
        context = error.get("ctx", {})
        return document.problem(
            (*at, *location[:-1]), "this key is no such name", context["expected"], key=True
        )
    place = existing(document.data, (*at, *location))
    if error["type"] in _CONTAINERS:
        return document.problem(place, f"found {describe(error['input'])}", _CONTAINERS[error["type"]])
    if error["type"] != REFUSAL:
        return document.problem(place, error["msg"])
    context = error["ctx"]
    message = context["message"] or f"found {describe(error['input'])}"
    return document.problem(place, message, context["expected"], nearest=context["nearest"])


def _unknown_key(model: type[BaseModel], document: Document, place: Place) -> Problem:
    key, keys = str(place[-1]), sorted(_fields(model))
    later = model.later if issubclass(model, Declared) else {}
    meant = model.meant if issubclass(model, Declared) else {}
    if key in later:
        return document.problem(place, later[key], key=True)
    nearest = meant.get(key) or closest(key, keys)
    return document.problem(place, "unknown key", one_of(keys), nearest=nearest, key=True)


def _missing(field: FieldInfo | None, document: Document, place: Place) -> Problem:
    problem = document.problem(place[:-1], "this key is missing", _expected(field) if field else "")
    path = document.problem(place, "").path
    return Problem(
        problem.source, path, problem.line, problem.column, problem.message, problem.expected, problem.nearest
    )


def _expected(field: FieldInfo) -> str:
    """Ask the field's own reader what it would have liked."""
    readers = [each.read for each in field.metadata if isinstance(each, Reads)]
    if isinstance(field.annotation, type) and issubclass(field.annotation, Parsed):
        readers.append(field.annotation.parse)
    for read in readers:
        try:
            read(None)
        except PydanticCustomError as refused:
            return str((refused.context or {}).get("expected", ""))
    listed = getattr(field.annotation, "__origin__", None) is tuple
    return _LIST if listed else _MAPPING if _declared_in(field.annotation) else ""


def _model_at(model: type[BaseModel], location: tuple[str | int, ...]) -> type[BaseModel]:
    for step in location:
        field = _fields(model).get(str(step))
        inner = _declared_in(field.annotation) if field else None
        model = inner or model
    return model


def _fields(model: type[BaseModel]) -> dict[str, FieldInfo]:
    """By the keys of the file."""
    return {field.alias or name: field for name, field in model.model_fields.items()}


def _declared_in(annotation: object) -> type[Declared] | None:
    """Return the model inside `tuple[Step, ...]`, `Gate | None` and their like."""
    if isinstance(annotation, type) and issubclass(annotation, Declared):
        return annotation
    inner = (_declared_in(each) for each in get_args(annotation))
    return next((each for each in inner if each is not None), None)
