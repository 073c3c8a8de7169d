"""The command line as a process, a real coordinator process behind it, simulated hosts behind that."""

import json
import os
import re
import shutil
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from tests.integration.conductor.conftest import running_house
from tests.integration.conftest import running_broker

DEADLINE = 60
_CLOCK = re.compile(r"\b\d\d:\d\d:\d\d\b")
_ID = re.compile(r"\bshop-(\d+)-[a-z0-9]{4}\b")
_LENGTH = re.compile(r"(?<=after )[\d.]+ s\b")


@dataclass(frozen=True)
class Ran:
    code: int
    out: str
    err: str = ""


class CommandLine:
    """Runs `tidegate` in a folder of its own against one coordinator."""

    def __init__(self, coordinator, folder):
        self.folder = folder
        key = (coordinator.state_dir / "admin.key").read_text().strip()
        paths = os.pathsep.join(path for path in sys.path if path)
        self.environment = {
            **os.environ,
            "TIDEGATE_URL": coordinator.url,
            "TIDEGATE_KEY": key,
            "PYTHONPATH": paths,
            "PYTHONUNBUFFERED": "1",
        }
        folder.mkdir()

    def __call__(self, *arguments, stdin="", key=None):
        """Return how it ended; what differs from run to run is made equal."""
        ran = self._run(arguments, stdin, key)
        return Ran(ran.returncode, equal(ran.stdout), equal(ran.stderr))

    def document(self, *arguments):
        """Return what a command prints with --json, as it is."""
        return json.loads(self._run((*arguments, "--json"), "", None).stdout)

    def _run(self, arguments, stdin, key):
        return subprocess.run(
            self._command(arguments),
            input=stdin,
            capture_output=True,
            text=True,
            timeout=DEADLINE,
            check=False,
            cwd=self.folder,
            env={**self.environment, "TIDEGATE_KEY": key} if key else self.environment,
        )

    @contextmanager
    def started(self, *arguments):
        """Start a command and let it run while the block lasts."""
        process = subprocess.Popen(
            self._command(arguments),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=self.folder,
            env=self.environment,
        )
        try:
            yield process
        finally:
            process.kill()
            process.communicate()

    def _command(self, arguments):
        return [sys.executable, "-m", "coordinator.cli", *arguments]


def equal(text):
    """Return output with times as HH:MM:SS, deployments as shop-1-ID, lengths as N s."""
    return _LENGTH.sub("N s", _ID.sub(r"shop-\1-ID", _CLOCK.sub("HH:MM:SS", text)))


def read_until(process, words):
    """Return what the process prints up to the line with `words` in it."""
    seen = []
    for line in process.stdout:
        seen.append(line)
        if words in line:
            return "".join(seen)
    raise AssertionError(f"{words!r} was never printed: {''.join(seen)}{process.stderr.read()}")


PROCESS = """\
project: shop
environments: [production]
process:
  - id: check
    uses: check_http
    hosts: {role: web}
    rollout: {canary: 1, gate: {instructions: Look at it, approvers: [admins]}}
    start_within: 30s
    with: {url: "http://{{ tidegate.address }}/up"}
"""
INVENTORY = """\
hosts:
  - {name: web-1, environments: [production], roles: [web]}
  - {name: web-2, environments: [production], roles: [web]}
"""


@contextmanager
def small_house(folder, template):
    """Run two simulated hosts and one coordinator on SQLite alone: the command line sees no database."""
    path = folder / "tidegate.db"
    shutil.copyfile(template, path)
    with (
        running_broker(folder) as broker,
        running_house(folder, f"sqlite:///{path}", broker, ["web-1", "web-2"]) as made,
    ):
        yield made


@pytest.fixture
def house(sqlite_template, tmp_path):
    with small_house(tmp_path, sqlite_template) as made:
        yield made


@pytest.fixture
def tidegate(house, tmp_path):
    return command_line(house, tmp_path / "work")


def command_line(house, folder):
    """Return the command line in a new folder with a process and an inventory."""
    made = CommandLine(house.coordinators[0], folder)
    (folder / "tidegate.yaml").write_text(PROCESS)
    (folder / "inventory.yaml").write_text(INVENTORY)
    return made


@pytest.fixture
def released(tidegate):
    """The project applied, with the release 1.0.0."""
    assert tidegate("apply", "tidegate.yaml").code == 0
    assert tidegate("release", "create", "shop", "1.0.0").code == 0
    return tidegate
