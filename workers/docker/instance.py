"""The convergent replacement of a step's instance, decided one move at a time from what is seen.

Names: `N` the live instance, `N.next` the candidate before the switch, `N.previous` the last one that was
healthy (stopped, kept for rollback), `N.failed` the last one that was not (stopped, kept for its log).
An instance that has been healthy once has the restart policy `unless-stopped`: it is *promoted*.

Nothing is remembered between moves but the goal and whether the live one was proven healthy: so every crash is
only another sight to begin from.
"""

from dataclasses import dataclass
from typing import Literal

Place = Literal["live", "next", "previous", "failed"]
Goal = Literal["replace", "restore"]
Verb = Literal["create", "stop", "remove", "rename", "start", "prove", "promote", "give_up", "done"]


@dataclass(frozen=True)
class Instance:
    """A container as far as the replacement cares. `begun`: it was started at least once."""

    id: str
    spec: str
    attempt: str
    running: bool
    begun: bool
    promoted: bool


@dataclass(frozen=True)
class Seen:
    """What the engine holds under the four names."""

    live: Instance | None = None
    next: Instance | None = None
    previous: Instance | None = None
    failed: Instance | None = None


@dataclass(frozen=True)
class Wanted:
    """`proven`: the live one, as it runs now, has passed its health check in this run."""

    attempt: str
    spec: str
    goal: Goal = "replace"
    proven: bool = False


@dataclass(frozen=True)
class Move:
    """The next call: `verb` on the container in `place`; a rename goes `to` another place."""

    verb: Verb
    place: Place = "live"
    to: Place = "live"


DONE = Move("done")
GIVE_UP = Move("give_up")  # the candidate ended by itself: from here on the goal is to restore


def next_move(seen: Seen, wanted: Wanted) -> Move:
    """Return the one move that leads from `seen` nearer to the goal.

    `replace` ends when the live instance has the wanted spec and is proven and promoted. `restore` ends when the
    candidate is out of the way and the previous instance, if there is one, is live and proven.
    """
    return _replace(seen, wanted) if wanted.goal == "replace" else _restore(seen, wanted)


def is_candidate(instance: Instance | None, wanted: Wanted) -> bool:
    """Whether this is the new one on trial: of this attempt or the same as wanted, and never yet healthy."""
    return (
        instance is not None
        and not instance.promoted
        and (instance.attempt == wanted.attempt or instance.spec == wanted.spec)
    )


def _replace(seen: Seen, wanted: Wanted) -> Move:
    live, candidate = seen.live, seen.next
    if live is not None and live.spec == wanted.spec:
        return _settle(live, seen, wanted)
    if candidate is not None and candidate.attempt != wanted.attempt:
        return Move("remove", "next")
    if candidate is None:
        return Move("create", "next")
    if live is None:
        return Move("rename", "next", "live")
    if live.running:
        return Move("stop", "live")
    return _make_room(live, seen)


def _make_room(live: Instance, seen: Seen) -> Move:
    """The stopped old one becomes `previous`; one that was never healthy does not push out one that was."""
    place: Place = "previous" if live.promoted or seen.previous is None else "failed"
    taken = seen.previous if place == "previous" else seen.failed
    return Move("remove", place) if taken is not None else Move("rename", "live", place)


def _settle(live: Instance, seen: Seen, wanted: Wanted) -> Move:
    """The live one is the wanted one: start it, prove it, promote it."""
    if not live.running:
        return GIVE_UP if live.begun and not live.promoted else Move("start")
    if not wanted.proven:
        return Move("prove")
    if not live.promoted:
        return Move("promote")
    return Move("remove", "next") if seen.next is not None else DONE


def _restore(seen: Seen, wanted: Wanted) -> Move:
    live = seen.live
    if live is not None and is_candidate(live, wanted):
        return _step_aside(live, seen)
    if live is None:
        return Move("rename", "previous", "live") if seen.previous is not None else _tidy(seen)
    if not live.running:
        return Move("start")
    return _tidy(seen) if wanted.proven else Move("prove")


def _step_aside(live: Instance, seen: Seen) -> Move:
    if live.running:
        return Move("stop")
    if not live.begun:
        return Move("remove")  # it has no log worth keeping
    return Move("remove", "failed") if seen.failed is not None else Move("rename", "live", "failed")


def _tidy(seen: Seen) -> Move:
    return Move("remove", "next") if seen.next is not None else DONE
