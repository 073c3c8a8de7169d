"""pydantic's errors as problems: in the file's words, with line and column, and what was expected."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final, TypeVar, get_args

from pydantic import ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails, PydanticCustomError

from config.declared import Declared
from config.document import Document
from config.expectations import OneOf, Parsed, Reads, one_of
from config.places import Place, existing, shorten, show_place
from config.problems import REFUSAL, Problem, closest
from config.secret import Secret
from config.templates import has_template

M = TypeVar("M", bound=Declared)

_SHOWN: Final = 60  # characters of a wrong value that are repeated
_MAPPING: Final = "a mapping of keys and values"
_LIST: Final = "a list such as [a, b]"
_CONTAINERS: Final = {
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
        told = [
            each for each in mistakes if not (templates and _open_until_rendered(each)) and _is_told(each)
        ]
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


def _is_told(error: ErrorDetails) -> bool:
    """A default that hangs on a wrong value is no mistake of its own."""
    return error["type"] != "default_factory_not_called"


def _open_until_rendered(error: ErrorDetails) -> bool:
    given = error["input"]
    return error["type"] == REFUSAL and isinstance(given, str) and has_template(given)


def _problem(error: ErrorDetails, model: type[Declared], document: Document, at: Place) -> Problem:
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
    message, expected, nearest = _told(error, model)
    return document.problem(place, message, expected, nearest=nearest)


def _told(error: ErrorDetails, model: type[Declared]) -> tuple[str, str, str | None]:
    """Return message, expected and nearest of a value that was refused."""
    found = f"found {describe(error['input'])}"
    if error["type"] == "model_type":
        return found, _model_at(model, error["loc"]).example, None
    if error["type"] in _CONTAINERS:
        return found, _CONTAINERS[error["type"]], None
    if error["type"] != REFUSAL:  # from a step kind of somebody else, in pydantic's words
        _, wanted, expected = error["msg"].partition("Input should be ")
        return (found, expected, None) if wanted else (error["msg"].removeprefix("Value error, "), "", None)
    context = error["ctx"]
    return context["message"] or found, context["expected"], context["nearest"]


def _unknown_key(model: type[Declared], document: Document, place: Place) -> Problem:
    key, keys = str(place[-1]), sorted(_fields(model))
    if key in model.later:
        return document.problem(place, model.later[key], key=True)
    nearest = model.meant.get(key) or closest(key, keys)
    return document.problem(place, "unknown key", one_of(keys), nearest=nearest, key=True)


def _missing(field: FieldInfo | None, document: Document, place: Place) -> Problem:
    problem = document.problem(place[:-1], "this key is missing", _expected(field) if field else "")
    return replace(problem, path=show_place(place))


def _expected(field: FieldInfo) -> str:
    """Ask the field's own reader what it would have liked."""
    if any(isinstance(each, OneOf) for each in field.metadata):
        return one_of(get_args(field.annotation))
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


def _model_at(model: type[Declared], location: tuple[str | int, ...]) -> type[Declared]:
    for step in location:
        field = _fields(model).get(str(step))
        inner = _declared_in(field.annotation) if field else None
        model = inner or model
    return model


def _fields(model: type[Declared]) -> dict[str, FieldInfo]:
    """By the keys of the file."""
    return {field.alias or name: field for name, field in model.model_fields.items()}


def _declared_in(annotation: object) -> type[Declared] | None:
    """Return the model inside `tuple[Step, ...]`, `Gate | None` and their like."""
    if isinstance(annotation, type) and issubclass(annotation, Declared):
        return annotation
    inner = (_declared_in(each) for each in get_args(annotation))
    return next((each for each in inner if each is not None), None)
