"""The command line as a process of its own: signals, pipes, terminals, and what it becomes."""

import json
import os
import pty
import select
import signal
import subprocess
import sys

import pytest

from tests.unit.cli import samples
from tests.unit.cli.scripted_api import KEY, page, sent_events

ID = "shop-42-k7q2"
TIDEGATE = (sys.executable, "-m", "coordinator.cli")
HEAVY = {
    "alembic",
    "celery",
    "docker",
    "fastapi",
    "kombu",
    "nacl",
    "redis",
    "ruamel",
    "sqlalchemy",
    "uvicorn",
}
DEADLINE = 30
LEFT = """
shop-42-k7q2 goes on without you.
  Follow it:  tidegate status shop-42-k7q2 --wait
  Cancel it:  tidegate cancel shop-42-k7q2
"""


@pytest.fixture
def environment(api):
    return {
        **os.environ,
        "TIDEGATE_URL": api.url,
        "TIDEGATE_KEY": KEY,
        "PYTHONPATH": os.pathsep.join(sys.path),
    }


def run(environment, *arguments, **more):
    return subprocess.run(
        [*TIDEGATE, *arguments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        check=False,
        **more,
    )


def in_terminal(environment, *arguments):
    """Return what a command prints on a terminal of 100 columns."""
    ours, its = pty.openpty()
    variables = {**environment, "TERM": "xterm-256color", "COLUMNS": "100"}
    process = subprocess.Popen([*TIDEGATE, *arguments], env=variables, stdin=its, stdout=its, stderr=its)
    os.close(its)
    seen = b""
    while select.select([ours], [], [], DEADLINE)[0]:
        try:
            seen += os.read(ours, 65536)
        except OSError:  # the last writer closed it
            break
    process.wait(DEADLINE)
    os.close(ours)
    return seen.decode().replace("\r\n", "\n")


def test_help_imports_nothing_heavy(environment):
    """Starting the command line loads no part of the coordinator or the workers, and no library of theirs."""
    code = "import sys, coordinator.cli.main; print(*{name.split('.')[0] for name in sys.modules})"
    tree = (
        "import sys, coordinator.cli.main; print(*[n for n in sys.modules if n[:6] in ('coordi', 'tasks.')])"
    )
    loaded, ours = (
        subprocess.run(
            [sys.executable, "-c", each], env=environment, capture_output=True, text=True, check=True
        )
        for each in (code, tree)
    )
    strangers = [
        name
        for name in ours.stdout.split()
        if not name.startswith("coordinator.cli") and name not in ("coordinator", "tasks.clock")
    ]
    assert (set(loaded.stdout.split()) & (HEAVY | {"workers", "config"}), strangers) == (set(), [])


def test_help_in_a_pipe_is_plain(environment):
    """Help in a pipe has no frame and no colour, and names every command."""
    ran = run(environment, "--help")
    named = [
        line.split()[0]
        for line in ran.stdout.partition("Commands:\n")[2].splitlines()
        if line.startswith("  ")
    ]
    assert (ran.returncode, ran.stdout.isascii(), named[:16]) == (
        0,
        True,
        [
            "apply", "plan", "deploy", "status", "logs", "approve", "reject", "answer", "cancel", "up", "worker",
            "schema", "release", "hosts", "secrets", "keys",
        ],
    )  # fmt: skip


def test_no_command_shows_the_help(environment):
    """Called without a command it shows the help and leaves with wrong use."""
    ran = run(environment)
    assert (ran.returncode, ran.stdout, ran.stderr.splitlines()[0]) == (
        2,
        "",
        "Usage: tidegate [OPTIONS] COMMAND [ARGS]...",
    )


def test_a_terminal_gets_colours_and_no_color_takes_them(api, environment):
    """On a terminal statuses are coloured; NO_COLOR leaves none, and the words stay."""
    api.on("GET", "/hosts", page(samples.host("web-1"), samples.host("web-2", status="never_joined")))
    coloured = in_terminal(environment, "hosts", "list")
    plain = in_terminal({**environment, "NO_COLOR": "1"}, "hosts", "list")
    assert (
        "\x1b[32mjoined      \x1b[0m" in coloured,
        "\x1b[33mnever joined\x1b[0m" in coloured,
        "\x1b[3" in plain,
    ) == (
        True,
        True,
        False,
    )


def test_ctrl_c_leaves_the_deployment_alone(api, environment):
    """Ctrl-C while waiting ends the command with 130, cancels nothing, and says how to follow or cancel."""
    api.on("GET", f"/deployments/{ID}", samples.deployment("running"))
    with subprocess.Popen(
        [*TIDEGATE, "status", ID, "--wait"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            first = process.stdout.readline()  # it waits now
            process.send_signal(signal.SIGINT)
            rest, errors = process.communicate(timeout=DEADLINE)
        finally:
            process.kill()
    assert (first[9:], rest, process.returncode, errors, {line.partition(" ")[0] for line in api.lines}) == (
        "shop-42-k7q2: shop 1.1.0 to production, running\n",
        "",
        130,
        LEFT,
        {"GET"},
    )


def test_a_reader_that_leaves_is_no_error(api, environment):
    """`tidegate logs ... | head -1` ends silently."""
    lines = [{"at": samples.LONG_AGO, "stream": "stdout", "text": "x" * 1000}] * 500
    entry = {"serial": 1, "attempt": f"{ID}.a.1", "task": "a", "host": "a", "lines": lines}
    api.on("GET", f"/deployments/{ID}", samples.deployment("running"))
    api.on(
        "GET",
        f"/deployments/{ID}/logs/follow",
        sent_events(("log", 1, entry), ("end", None, {"status": "failed"})),
    )
    process = subprocess.Popen(
        [*TIDEGATE, "logs", ID, "-f"], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    process.stdout.read(10)
    process.stdout.close()
    errors = process.stderr.read()
    process.stderr.close()
    assert (process.wait(DEADLINE), errors) == (0, b"")


def test_worker_becomes_the_worker(environment):
    """`tidegate worker` passes everything on, its help too."""
    ran = run(environment, "worker", "--help")
    assert (ran.returncode, ran.stdout.split()[:4]) == (0, ["usage:", "python", "-m", "workers"])


def test_schema_needs_no_coordinator(environment):
    """`tidegate schema` prints a JSON Schema without asking anybody."""
    ran = run({**environment, "TIDEGATE_URL": "http://nowhere.invalid"}, "schema")
    assert (ran.returncode, ran.stderr, json.loads(ran.stdout)["title"]) == (0, "", "Tidegate process")


def test_a_narrow_locale_shows_what_it_can(api, environment):
    """Characters that the output cannot hold are escaped; the command does not fail on them."""
    api.on("GET", "/hosts", page(samples.host("web-1", labels={"ort": "K\u00f6ln"})))
    ran = run({**environment, "PYTHONIOENCODING": "ascii"}, "hosts", "list")
    assert (ran.returncode, "ort=K\\xf6ln" in ran.stdout) == (0, True)
