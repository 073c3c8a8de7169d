"""The words of statuses as people read them, with the colour that a terminal gives them."""

from rich.text import Text

_STYLES = {
    "green": ("succeeded", "done", "joined", "active"),
    "cyan": ("running", "sent", "open", "queued"),
    "yellow": (
        "waiting",
        "delayed",
        "degraded",
        "cancelling",
        "cancelled",
        "expired",
        "not set",
        "never_joined",
    ),
    "red": ("failed", "refused", "not_started", "lost", "timed_out", "rejected", "abandoned"),
}
_STYLE = {word: style for style, words in _STYLES.items() for word in words}
_SAID = {"not_started": "never started", "never_joined": "never joined"}


def status(word: str) -> Text:
    """Return a status in words and colour: `timed_out` is said `timed out`."""
    return Text(said(word), style=_STYLE.get(word, ""))


def said(word: str) -> str:
    return _SAID.get(word, word.replace("_", " "))


def listed(names: list[str]) -> str:
    """Return names for a table's cell; empty for none."""
    return ", ".join(names)


def shortened(names: list[str], most: int = 6) -> str:
    """Return names for a line: `web-1, web-2 and 38 more` when there are many."""
    if len(names) <= most:
        return ", ".join(names)
    return f"{', '.join(names[: most - 1])} and {len(names) - most + 1} more"


def count(number: int, noun: str) -> str:
    """Return `1 host`, `4 hosts`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"
