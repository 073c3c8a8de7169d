"""A misspelt query parameter is refused: `?dry-run=true` must not apply anything."""

from collections.abc import Iterator

from fastapi import Request
from fastapi.dependencies.models import Dependant

from config.expectations import one_of
from config.problems import Problem, closest
from coordinator.conductor.errors import Invalid


def refuse_unknown(request: Request) -> None:
    """Raise Invalid for a query parameter that the route does not know, or one given twice."""
    dependant = getattr(request.scope.get("route"), "dependant", None)
    if not isinstance(dependant, Dependant):
        return
    known = sorted(set(_names(dependant)))
    given = [name for name, _ in request.query_params.multi_items()]
    problems = [_unknown(name, known) for name in dict.fromkeys(given) if name not in known]
    problems += [_twice(name) for name in dict.fromkeys(given) if given.count(name) > 1]
    if problems:
        raise Invalid("the query is not understood", problems=[str(problem) for problem in problems])


def _names(dependant: Dependant) -> Iterator[str]:
    yield from (field.alias for field in dependant.query_params)
    for inner in dependant.dependencies:
        yield from _names(inner)


def _unknown(name: str, known: list[str]) -> Problem:
    expected = one_of(known) if known else "no parameters"
    return Problem("query", name, None, None, "unknown parameter", expected, closest(name, known))


def _twice(name: str) -> Problem:
    return Problem("query", name, None, None, "this parameter is given more than once", "it once")
