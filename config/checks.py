"""What one part of a process file says about another.

Works on the plain data, and looks only at what has the right type: so it finds its mistakes also where the models
have found theirs, and the reader gets all of them at once.
"""

from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from typing import Final, TypeAlias

from config.document import Document
from config.expectations import one_of
from config.explaining import describe
from config.frozen import Json
from config.places import Place
from config.problems import Problem, closest
from config.templates import has_template

Steps: TypeAlias = list[tuple[Place, dict[str, Json]]]

_OUTSIDE_WITH: Final = "a template stands only in values under with"


def check_structure(document: Document) -> Iterator[Problem]:
    """Yield what is wrong between steps, scopes and names; parameters are not looked at."""
    steps = steps_of(document)
    yield from _check_emptiness(document)
    yield from _check_environments(document)
    yield from _check_scopes(document)
    yield from _check_ids(document, steps)
    yield from _check_needs(document, steps)
    yield from _check_bakes(document, steps)
    for place, text in texts_outside_with(document):
        if has_template(text):
            yield document.problem(place, _OUTSIDE_WITH, "the value itself")


def steps_of(document: Document) -> Steps:
    """Return each step that is a mapping, with its place."""
    listed = document.data.get("process")
    steps = listed if isinstance(listed, list) else []
    return [(("process", at), step) for at, step in enumerate(steps) if isinstance(step, dict)]


def mapping_at(document: Document, key: str) -> dict[str, Json]:
    """Return the mapping under a key of the file, empty where there is none."""
    value = document.data.get(key)
    return value if isinstance(value, dict) else {}


def texts_at(value: Json, place: Place) -> Iterator[tuple[Place, str]]:
    """Yield each text in `value` with its place."""
    if isinstance(value, str):
        yield place, value
    elif isinstance(value, Mapping):
        for key, each in value.items():
            yield from texts_at(each, (*place, key))
    elif isinstance(value, list | tuple):
        for at, each in enumerate(value):
            yield from texts_at(each, (*place, at))


def texts_outside_with(document: Document) -> Iterator[tuple[Place, str]]:
    for place, text in texts_at(document.data, ()):
        if not (place[0] == "process" and place[2:3] == ("with",)):
            yield place, text


def _check_emptiness(document: Document) -> Iterator[Problem]:
    for key, what in (("process", "at least one step"), ("environments", "at least one environment")):
        if document.data.get(key) == []:
            yield document.problem((key,), "the list is empty", what)


def _check_environments(document: Document) -> Iterator[Problem]:
    names = environments_of(document)
    for at, name in enumerate(names):
        if name is not None and name in names[:at]:
            yield document.problem(("environments", at), f"{name} stands twice", "each environment once")


def environments_of(document: Document) -> list[str | None]:
    listed = document.data.get("environments")
    return [each if isinstance(each, str) else None for each in listed] if isinstance(listed, list) else []


def _check_scopes(document: Document) -> Iterator[Problem]:
    for name, values in mapping_at(document, "variables").items():
        seen: set[tuple[str, ...]] = set()
        for at, value in enumerate(values if isinstance(values, list) else []):
            if isinstance(value, dict):
                place = ("variables", name, at)
                scope = tuple(str(value.get(key)) for key in ("environment", "role", "host"))
                if scope in seen:
                    message = "a value above it has the same scope"
                    yield document.problem(place, message, "one value for each scope")
                seen.add(scope)
                yield from _check_scope(document, place, value.get("environment"))


def _check_scope(document: Document, place: Place, environment: Json) -> Iterator[Problem]:
    known = list(dict.fromkeys(each for each in environments_of(document) if each is not None))
    if isinstance(environment, str) and known and environment not in known:
        message = f"{describe(environment)} is none of the environments"
        nearest = closest(environment, known)
        yield document.problem((*place, "environment"), message, one_of(known), nearest=nearest)


def _check_ids(document: Document, steps: Steps) -> Iterator[Problem]:
    first: dict[str, Place] = {}
    for place, step in steps:
        name = step.get("id")
        if not isinstance(name, str):
            continue
        if name in first:
            other = document.problem(first[name], "").path
            yield document.problem((*place, "id"), f"{name} is the id of {other} already", "an id of its own")
        first.setdefault(name, place)


def _check_needs(document: Document, steps: Steps) -> Iterator[Problem]:
    ids = _ids(steps)
    for place, step in steps:
        needs = step.get("needs")
        for at, need in enumerate(needs if isinstance(needs, list) else []):
            if isinstance(need, str) and need not in ids and not has_template(need):
                message, expected = (
                    f"{describe(need)} is the id of no step",
                    one_of(ids) if ids else "a step's id",
                )
                nearest = closest(need, ids)
                yield document.problem((*place, "needs", at), message, expected, nearest=nearest)
    circle = _circle(steps) if len(ids) == len(steps) else []
    if circle:
        place = next(place for place, step in steps if step.get("id") == circle[0])
        message = f"these steps wait for each other for ever: {' -> '.join(circle)}"
        yield document.problem((*place, "needs"), message, "needs that lead to a first step")


def _circle(steps: Steps) -> list[str]:
    """Return ids of steps each of which waits for the next, the first again at the end; empty: there are none."""
    ids = _ids(steps)
    graph: dict[str, list[str]] = {}
    above: list[str] = []
    for _, step in steps:
        needs, name = step.get("needs"), str(step.get("id"))
        listed = [str(each) for each in needs] if isinstance(needs, list) else above
        graph.setdefault(name, []).extend(each for each in listed if each in ids)
        above = [name]
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as found:
        return [str(each) for each in reversed(found.args[1])]
    return []


def _ids(steps: Steps) -> list[str]:
    """Return each id once."""
    return list(dict.fromkeys(name for _, step in steps if isinstance(name := step.get("id"), str)))


def _check_bakes(document: Document, steps: Steps) -> Iterator[Problem]:
    for place, step in steps:
        rollout = step.get("rollout")
        if not isinstance(rollout, dict) or rollout.get("canary", 0) != 0:
            continue
        if rollout.get("bake", 0) not in (0, "0", "0s"):
            message = "bake watches the canary hosts, and there are none"
            yield document.problem((*place, "rollout", "bake"), message, "canary: 1 beside it")
