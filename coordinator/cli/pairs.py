"""Options of the form NAME=VALUE."""

from coordinator.cli.errors import WrongUse


def pairs(given: list[str] | None, option: str) -> dict[str, str]:
    """Return `["a=b"]` as `{"a": "b"}`; raises WrongUse for what has no `=`, no name, or stands twice."""
    found: dict[str, str] = {}
    for each in given or ():
        name, equals, value = each.partition("=")
        if not equals or not name:
            raise WrongUse(f"{option} {each!r} is not of the form NAME=VALUE.")
        if name in found:
            raise WrongUse(f"{option} gives {name!r} twice.", hint="Give each name once.")
        found[name] = value
    return found
