from datetime import timedelta

import pytest

from coordinator.cli import times
from coordinator.cli.errors import Refused, Unreachable
from coordinator.cli.patience import LONGEST_ABSENCE, Patience
from coordinator.cli.progress import ProgressTeller
from coordinator.cli.snapshots import Snapshot
from coordinator.cli.words import shortened
from tests.unit.cli import samples


def test_durations_are_said_with_two_units():
    """Seconds become what people say, at most two units, hours up to a hundred."""
    seconds = (0, 0.42, 1, 59.6, 200, 3600, 259_200, 258_500, 440_000, 8.7e6)
    assert [times.duration(each) for each in seconds] == [
        "0 s", "0.4 s", "1 s", "1 min", "3 min 20 s", "1 h", "72 h", "71 h 48 min", "5 d 2 h", "100 d 16 h",
    ]  # fmt: skip


def test_times_are_local_and_short_today():
    """The API's UTC becomes local time; the date is left out today; a deadline says what is left of it."""
    now = times.parse("2026-05-01T20:00:00Z")
    assert (
        times.moment("2026-05-01T10:00:00.5Z", now),
        times.moment("2026-04-30T23:30:00+00:00", now),
        times.moment("2026-04-30T10:00:00Z", now),
        times.moment(None, now),
        times.deadline("2026-05-01T20:00:30Z", now),
        times.deadline("2026-05-01T19:00:00Z", now),
        times.ago("2026-05-01T19:59:48Z", now),
        times.ago((now + timedelta(seconds=3)).isoformat(), now),
    ) == (
        "11:00:00",
        "00:30:00",
        "2026-04-30 11:00",
        "",
        "21:00:30 (in 30 s)",
        "20:00:00 (past)",
        "12 s ago",
        "0 s ago",
    )


def test_long_lists_of_names_are_shortened():
    """Many names become the first ones and a count."""
    names = [f"web-{number}" for number in range(1, 41)]
    assert (shortened(names), shortened(names[:6])) == (
        "web-1, web-2, web-3, web-4, web-5 and 35 more",
        "web-1, web-2, web-3, web-4, web-5, web-6",
    )


def seen(status, **progress):
    """Return a deployment with one running task that is so far."""
    task = samples.task("web@web-1", "running", progress={"unit": "MB", "text": "pulling", **progress})
    stage = samples.stage("web", status="open", total=3, alive=1, succeeded=1)
    return Snapshot(samples.deployment(status, stage), {task["key"]: task})


def test_progress_is_told_seldom_and_silence_is_broken():
    """A task's progress gets a line every 5 s at most; after a quiet minute one line says that it still runs."""
    teller = ProgressTeller()
    story = [
        (100.0, seen("running", done=1, total=27)),
        (101.0, seen("running", done=5, total=27)),
        (105.0, seen("running", done=9.5, total=27)),
        (115.0, seen("running", done=9.5, total=27)),
        (166.0, seen("running", done=9.5, total=27)),
        (227.0, seen("waiting", done=9.5, total=27)),
    ]
    told = [[line.plain[9:] for line in teller.lines(now, told=False, at=at)] for at, now in story]
    assert told == [
        ["web@web-1            running: pulling: 1 of 27 MB"],
        [],
        ["web@web-1            running: pulling: 9.5 of 27 MB"],
        [],
        ["shop-42-k7q2 still running: web 1 of 3"],
        [],
    ]


@pytest.mark.parametrize("lasted", [0.0, LONGEST_ABSENCE + 1])
def test_patience_ends(monkeypatch, lasted):
    """A coordinator that stays away is an error after a quarter of an hour, not before."""
    clock = iter((1000.0, 1000.0 + lasted))
    monkeypatch.setattr("coordinator.cli.patience.monotonic", lambda: next(clock))
    monkeypatch.setattr("coordinator.cli.patience.time.sleep", lambda _: None)
    told = []
    patience = Patience(told.append)
    patience.tried(Unreachable("It is away."))
    if lasted:
        with pytest.raises(Refused, match="Starting"):
            patience.tried(Refused(503, {"detail": "Starting."}))
    else:
        patience.tried(Refused(503, {"detail": "Starting."}))
    assert told == ["It is away. Nothing is lost; trying again."]
