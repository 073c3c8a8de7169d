"""Whether each step's kind, hosts, parameters, templates and images fit what is declared around them."""

from collections.abc import Iterator, Mapping
from typing import Final, TypeAlias

from pydantic import ValidationError

from config.checks import mapping_at, steps_of, texts_at
from config.document import Document
from config.expectations import one_of
from config.explaining import describe, read_model
from config.frozen import Json
from config.places import Place
from config.problems import Problem, closest
from config.steps.parameters import StepParameters
from config.templates import (
    RESERVED_KEYS,
    Revealed,
    SecretVersion,
    TemplateError,
    names_in,
    placeholders,
    render,
)
from config.variables import BUILT_IN, HOST_BUILT_IN

Kinds: TypeAlias = Mapping[str, type[StepParameters]]

_ON_HOSTS_ONLY: Final = frozenset({"hosts", "rollout", "retries", "retry_delay", "timeout", "start_within"})
"""Keys of a step that say how work on a host is done."""

LATER_KINDS: Final = {
    "build_image": "build_image comes with the other ways of using Docker in a later version; use deploy_image",
    "deploy_package": "deploy_package comes with packages in a later version; use deploy_image",
    "deploy_compose": "deploy_compose comes with the care of the host in a later version; use deploy_image",
}


def check_steps(document: Document, kinds: Kinds) -> Iterator[Problem]:
    """Yield what is wrong inside the steps, as far as it needs their kind."""
    for place, step in steps_of(document):
        uses = step.get("uses")
        kind = kinds.get(uses) if isinstance(uses, str) else None
        if kind is not None:
            yield from _check_step(document, place, step, kind)
        elif isinstance(uses, str):
            yield _unknown_kind(document, (*place, "uses"), uses, kinds)


def _unknown_kind(document: Document, place: Place, uses: str, kinds: Kinds) -> Problem:
    if uses in LATER_KINDS:
        return document.problem(place, LATER_KINDS[uses])
    expected = one_of(sorted(kinds))
    return document.problem(
        place, f"{describe(uses)} is no step kind", expected, nearest=closest(uses, kinds)
    )


def _check_step(
    document: Document, place: Place, step: dict[str, Json], kind: type[StepParameters]
) -> Iterator[Problem]:
    yield from _check_hosts(document, place, step, kind)
    given, at = step.get("with", {}), (*place, "with")
    if not isinstance(given, dict):
        return
    mistakes = [*_check_templates(document, at, given, kind), *_check_reserved(document, at, given)]
    yield from mistakes
    data = given if mistakes else _as_far_as_known(document, given)
    yield from read_model(kind, data, document, at, templates=True)[1]
    yield from _check_images(document, at, given, kind, data)


def _check_hosts(
    document: Document, place: Place, step: dict[str, Json], kind: type[StepParameters]
) -> Iterator[Problem]:
    uses = str(step["uses"])
    if kind.runs_on == "host":
        if step.get("hosts") is None:
            message = f"{uses} runs on hosts, and none are selected"
            yield document.problem(place, message, "hosts such as {role: web}")
        return
    for key in sorted(_ON_HOSTS_ONLY & step.keys()):
        message = f"{uses} runs on no host: it is the coordinator's own"
        expected = f"{key} under with" if key in kind.model_fields else f"no {key}"
        yield document.problem((*place, key), message, expected, key=True)


def _check_templates(
    document: Document, at: Place, given: dict[str, Json], kind: type[StepParameters]
) -> Iterator[Problem]:
    for place, text in texts_at(given, at):
        try:
            names = names_in(text)
        except TemplateError as broken:
            yield document.problem(place, str(broken))
            continue
        for name in sorted(names):
            yield from _check_name(document, place, name, kind)


def _check_name(document: Document, place: Place, name: str, kind: type[StepParameters]) -> Iterator[Problem]:
    if name in HOST_BUILT_IN and kind.runs_on != "host":
        yield document.problem(place, f"{name} means nothing in a step that runs on no host")
    declared = mapping_at(document, "variables")
    if name in declared or name in BUILT_IN:
        return
    known = [*declared, *sorted(BUILT_IN)]
    expected = "a name declared under variables, or one of Tidegate's own such as tidegate.release"
    nearest = closest(name, known)
    yield document.problem(place, f"the variable {name} is not declared", expected, nearest=nearest)


def _check_reserved(document: Document, at: Place, value: Json) -> Iterator[Problem]:
    if isinstance(value, dict):
        for key in sorted(RESERVED_KEYS & value.keys()):
            yield document.problem((*at, key), "this key is Tidegate's own", "another key", key=True)
        for key, each in value.items():
            yield from _check_reserved(document, (*at, key), each)
    elif isinstance(value, list):
        for position, each in enumerate(value):
            yield from _check_reserved(document, (*at, position), each)


def _check_images(
    document: Document, at: Place, given: dict[str, Json], kind: type[StepParameters], data: object
) -> Iterator[Problem]:
    images = mapping_at(document, "images")
    for name in _image_names(kind, data):
        if name in images:
            continue
        place = next(((*at, key) for key, value in given.items() if value == name), at)
        expected = one_of(images) if images else "a name declared under images"
        message = f"{describe(name)} is none of the images"
        yield document.problem(place, message, expected, nearest=closest(name, images))


def _image_names(kind: type[StepParameters], data: object) -> tuple[str, ...]:
    """Return the images of parameters, without those keys in which there are mistakes."""
    for _ in range(2):
        try:
            return kind.model_validate(data, by_alias=True, by_name=False).image_names()
        except ValidationError as error:
            broken = {each["loc"][0] for each in error.errors(include_url=False) if each["loc"]}
            items = data.items() if isinstance(data, Mapping) else ()
            data = {key: value for key, value in items if key not in broken}
    return ()


def _as_far_as_known(document: Document, given: dict[str, Json]) -> Revealed:
    """Put an empty Secret where a secret will stand, so that it is refused where others could read it."""
    variables = mapping_at(document, "variables")

    def look_up(name: str) -> str | SecretVersion:
        values = variables.get(name)
        scoped = values if isinstance(values, list) else []
        secret = any(isinstance(each, dict) and each.get("secret") is True for each in scoped)
        return SecretVersion(name, "") if secret else f"{{{{ {name} }}}}"

    return placeholders(render(given, look_up))
