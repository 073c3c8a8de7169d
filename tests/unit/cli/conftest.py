import io
import re
import sys
import time
from dataclasses import dataclass

import pytest

from coordinator.cli.main import run
from tests.unit.cli.scripted_api import KEY, ScriptedApi

_CLOCK = re.compile(r"^\d\d:\d\d:\d\d ", re.MULTILINE)
_ENVIRONMENT = (
    "TIDEGATE_URL",
    "TIDEGATE_KEY",
    "TIDEGATE_KEY_FILE",
    "NO_COLOR",
    "FORCE_COLOR",
    "TIDEGATE_DEBUG",
)


@dataclass(frozen=True)
class Ran:
    """What a command left: exit code and output; the time of day in front of lines is written HH:MM:SS."""

    code: int
    out: str
    err: str = ""


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch, tmp_path):
    """No variable of the person who runs the tests; a zone that is not UTC; an empty working directory."""
    for name in _ENVIRONMENT:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TZ", "CET-1")
    time.tzset()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)  # Typer sets its own
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
def api():
    with ScriptedApi().running() as running:
        yield running


@pytest.fixture
def tidegate(api, capsys, monkeypatch):
    """Run the command line against the scripted API, in this process."""

    def call(*arguments, stdin=b"", url=None, key=KEY):
        monkeypatch.setenv("TIDEGATE_URL", url or api.url)
        if key is not None:
            monkeypatch.setenv("TIDEGATE_KEY", key)
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        code = run(arguments)
        captured = capsys.readouterr()
        return Ran(code, *(_CLOCK.sub("HH:MM:SS ", text) for text in captured))

    return call
