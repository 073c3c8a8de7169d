"""The replacement's decisions: the whole happy path, the ways back, and a crash after any call."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.workers.simulated import CrashedError, SimulatedEngine, converge
from workers.docker.instance import Instance, Move, Seen, Wanted, next_move

NEW = Wanted(attempt="a1", spec="new")


def instance(spec="old", attempt="a0", *, running=False, begun=True, promoted=True):
    return Instance(f"{spec}-{attempt}", spec, attempt, running, begun, promoted)


OLD = instance(running=True)
STOPPED = instance()
CANDIDATE = instance("new", "a1", begun=False, promoted=False)
TRIAL = instance("new", "a1", running=True, promoted=False)


@pytest.mark.parametrize(
    ("seen", "proven", "move"),
    [
        (Seen(), False, Move("create", "next")),
        (Seen(live=OLD), False, Move("create", "next")),
        (Seen(live=OLD, next=instance("x", "other")), False, Move("remove", "next")),
        (Seen(live=OLD, next=CANDIDATE), False, Move("stop", "live")),
        (Seen(live=STOPPED, next=CANDIDATE, previous=STOPPED), False, Move("remove", "previous")),
        (Seen(live=STOPPED, next=CANDIDATE), False, Move("rename", "live", "previous")),
        (Seen(next=CANDIDATE, previous=STOPPED), False, Move("rename", "next", "live")),
        (Seen(live=CANDIDATE, previous=STOPPED), False, Move("start", "live")),
        (Seen(live=TRIAL, previous=STOPPED), False, Move("prove", "live")),
        (Seen(live=TRIAL, previous=STOPPED), True, Move("promote", "live")),
        (Seen(live=instance("new", "a1", running=True)), True, Move("done")),
        (Seen(live=instance("new", "a1", promoted=False)), False, Move("give_up")),
        (Seen(live=instance("new", "a0", running=True)), False, Move("prove", "live")),
        (Seen(live=instance("new", "a0")), False, Move("start", "live")),
    ],
)
def test_replace(seen, proven, move):
    """Towards the new one, each sight has exactly one next move."""
    assert next_move(seen, Wanted("a1", "new", "replace", proven)) == move


@pytest.mark.parametrize(
    ("seen", "proven", "move"),
    [
        (Seen(live=TRIAL, previous=STOPPED), False, Move("stop", "live")),
        (Seen(live=CANDIDATE, previous=STOPPED), False, Move("remove", "live")),
        (
            Seen(live=instance("new", "a1", promoted=False), failed=STOPPED),
            False,
            Move("remove", "failed"),
        ),
        (Seen(live=instance("new", "a1", promoted=False)), False, Move("rename", "live", "failed")),
        (Seen(previous=STOPPED, next=CANDIDATE), False, Move("rename", "previous", "live")),
        (Seen(live=STOPPED, next=CANDIDATE), False, Move("start", "live")),
        (Seen(live=OLD, next=CANDIDATE), True, Move("remove", "next")),
        (Seen(live=OLD), True, Move("done")),
        (Seen(), False, Move("done")),
    ],
)
def test_restore(seen, proven, move):
    """Towards the old one, serving comes before tidying."""
    assert next_move(seen, Wanted("a1", "new", "restore", proven)) == move


def test_an_unproven_live_one_does_not_push_out_the_previous_one():
    """What was never healthy goes to `failed`, so that the way back stays."""
    unproven = instance("half", "a0", promoted=False)
    assert next_move(Seen(live=unproven, next=CANDIDATE, previous=STOPPED), NEW) == Move(
        "rename", "live", "failed"
    )


maybe_old = st.sampled_from([None, STOPPED, OLD])
kept = st.sampled_from([None, instance("older", "a00")])
stale = st.sampled_from([None, instance("x", "other", begun=False, promoted=False)])


@given(
    live=maybe_old,
    next_=stale,
    previous=kept,
    failed=kept,
    healthy=st.booleans(),
    dies=st.booleans(),
    crashes=st.lists(st.integers(1, 14), max_size=6),
)
def test_it_converges_through_any_crashes(  # noqa: PLR0917 - one per generated value
    live, next_, previous, failed, healthy, dies, crashes
):
    """Whatever is found and wherever it is killed: one wanted instance runs, or the old one; created at most once."""
    found = {"live": live, "next": next_, "previous": previous, "failed": failed}
    engine = SimulatedEngine(
        {k: v for k, v in found.items() if v},
        frozenset({"new"}) if healthy else frozenset(),
        frozenset({"new"}) if dies else frozenset(),
    )
    journal = ["replace"]
    for after in [*crashes, 10**9]:
        engine.crash_after, engine.calls = after, 0
        try:
            converge(engine, NEW, journal)
            break
        except CrashedError:
            continue
    live_now = engine.places.get("live")
    running = [place for place, each in engine.places.items() if each.running]
    assert engine.created <= 1
    assert "next" not in engine.places
    if healthy and not dies:
        assert (running, live_now.spec, live_now.promoted) == (["live"], "new", True)
    elif live or previous:
        assert (running, live_now.spec) == (["live"], "old" if live else "older")
    else:
        assert running == []


@given(crash=st.integers(1, 14), live=maybe_old, healthy=st.booleans())
def test_two_attempts_one_after_the_other(crash, live, healthy):
    """An attempt that was lost half-way is no obstacle to the next one."""
    engine = SimulatedEngine({"live": live} if live else {}, frozenset({"new"}) if healthy else frozenset())
    engine.crash_after = crash
    journal = ["replace"]
    with contextlib.suppress(CrashedError):
        converge(engine, NEW, journal)
    engine.crash_after = 10**9
    converge(engine, Wanted("a2", "new"), ["replace"])
    specs = {place: each.spec for place, each in engine.places.items() if each.running}
    assert specs == ({"live": "new"} if healthy else ({"live": "old"} if live else {}))
