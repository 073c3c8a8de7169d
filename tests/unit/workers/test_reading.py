"""The engine's JSON as values: logs, pulls; and streams that can be cut."""

import threading
from datetime import UTC, datetime

import pytest

from workers.docker.port import Line, Pulled
from workers.docker.pump import Pump
from workers.docker.reading import PullProgress, log_lines


def test_log_lines_across_chunks():
    """Lines are whole whatever the chunks are; each has the engine's time, to the microsecond."""
    chunks = [b"2026-01-02T03:04:05.123456789Z he", b"llo\r\n2026-01-02T03:04:06Z ", b"\xff", b"\n"]
    assert list(log_lines(chunks, "stdout")) == [
        Line(datetime(2026, 1, 2, 3, 4, 5, 123456, UTC), "stdout", "hello"),
        Line(datetime(2026, 1, 2, 3, 4, 6, 0, UTC), "stdout", "\ufffd"),
    ]


def test_pull_progress_is_the_engines_own():
    """Bytes are summed over the layers that are being loaded; what is there already counts as complete."""
    far = PullProgress()
    told = [
        {"status": "Pulling from shop/web", "id": "sha256"},
        {"status": "Already exists", "id": "l0"},
        {"status": "Pulling fs layer", "id": "l1"},
        {"status": "Downloading", "id": "l1", "progressDetail": {"current": 30, "total": 100}},
        {"status": "Download complete", "id": "l1"},
        {"status": "Pull complete", "id": "l1"},
    ]
    assert [far.add(message) for message in told] == [
        None,
        Pulled(0, 0, "1 of 1 layers"),
        Pulled(0, 0, "1 of 2 layers"),
        Pulled(30, 100, "1 of 2 layers"),
        Pulled(100, 100, "1 of 2 layers"),
        Pulled(100, 100, "2 of 2 layers"),
    ]


class EndedError(Exception):
    """What a check raises."""


def test_a_blocked_read_ends_when_the_step_must():
    """The consumer leaves though the source gives nothing, and the connection is cut."""
    never, cut = threading.Event(), threading.Event()
    seen = []

    def source():
        yield 1
        never.wait(30)

    def check():
        if seen:
            raise EndedError

    def close():
        never.set()
        cut.set()

    items = Pump([source], close).items(check)
    seen.append(next(items))
    with pytest.raises(EndedError):
        next(items)
    assert cut.is_set()


def test_an_error_of_a_source_reaches_the_consumer():
    """What a reading thread raises is raised where its items are used."""

    def source():
        yield 1
        raise EndedError

    with pytest.raises(EndedError):
        list(Pump([source], lambda: None).items(lambda: None))
