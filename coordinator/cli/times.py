"""Times for people: the local zone, short when it is today; durations with two units at most."""

from datetime import datetime, timedelta

_UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))


def parse(text: str) -> datetime:
    """Return the aware datetime of an API timestamp such as `2026-05-01T10:00:00.123Z`."""
    return datetime.fromisoformat(text)


def clock(text: str | None) -> str:
    """Return the local time of day, for lines printed while something happens: `14:02:11`."""
    return "" if text is None else parse(text).astimezone().strftime("%H:%M:%S")


def moment(text: str | None, now: datetime) -> str:
    """Return a local time, `14:02:11` today and `2026-05-01 14:02` on other days; empty for None."""
    if text is None:
        return ""
    local = parse(text).astimezone()
    today = now.astimezone().date()
    return local.strftime("%H:%M:%S" if local.date() == today else "%Y-%m-%d %H:%M")


def deadline(text: str, now: datetime) -> str:
    """Return a time ahead with what is left of it: `2026-05-04 14:02 (in 71 h 58 min)`."""
    left = (parse(text) - now).total_seconds()
    return f"{moment(text, now)} ({f'in {duration(left)}' if left > 0 else 'past'})"


def ago(text: str | None, now: datetime) -> str:
    """Return how long ago a time was: `12 s ago`; `never` for None."""
    if text is None:
        return "never"
    return f"{duration(max(0.0, (now - parse(text)).total_seconds()))} ago"


def between(start: str | None, end: str | None, now: datetime) -> str:
    """Return the time from start to end, or to now while there is no end; empty before the start."""
    if start is None:
        return ""
    stop = now if end is None else parse(end)
    return duration(max(0.0, (stop - parse(start)).total_seconds()))


def duration(seconds: float | timedelta) -> str:
    """Return seconds as people say them: `0.4 s`, `12 s`, `3 min 20 s`, `71 h 58 min`, `5 d 2 h`."""
    count = seconds.total_seconds() if isinstance(seconds, timedelta) else seconds
    if count < 1:
        return f"{count:.1f} s" if count >= 0.05 else "0 s"  # noqa: PLR2004 - what would be written 0.0
    left = round(count)
    parts = []
    for size, unit in _UNITS[0 if left >= 100 * 3_600 else 1 :]:
        if left >= size:
            parts.append(f"{left // size} {unit}")
            left %= size
        elif parts:
            break
    return " ".join(parts[:2])
