"""`make demo` tells the truth and leaves nothing behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.lab import wait_until, why_not_here
from tests.lab.conftest import require_lab
from tests.lab.layout import Layout, default_base
from tests.lab.test_lab import NOTHING, remains, root_network

pytestmark = pytest.mark.lab
ROOT = Path(__file__).resolve().parents[2]
HOSTS = ("web-1", "web-2", "web-3", "db-1")


@contextmanager
def demo(*words):
    """Start the demo without a terminal; kill it if the test ends first."""
    argv = [sys.executable, "-m", "examples.demo", *words]
    pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    with subprocess.Popen(argv, cwd=ROOT, text=True, **pipes) as child:
        try:
            yield child
        finally:
            child.kill()


def layout_of(child):
    """Wait for the record of the demo's lab."""
    folder = default_base() / f"demo-{child.pid}"
    return wait_until(lambda: Layout.load(folder), f"the lab of the demo {child.pid}", 60)


def webs(report, moment):
    return {host: seen["digests"]["web"] for host, seen in report[moment].items()}


def pages(report, moment):
    return {host: seen["page"] for host, seen in report[moment].items()}


def test_the_demo_releases_to_one_host_first_and_to_the_others_after_the_gate(tmp_path):
    """While the gate waits one host runs the new digest, the others the old; then all the new; nothing is left."""
    require_lab()
    before = root_network()
    file = tmp_path / "report.json"
    with demo("--yes", "--report", str(file)) as child:
        layout = layout_of(child)
        output, _ = child.communicate(timeout=300)
    assert child.returncode == 0, output
    report = json.loads(file.read_text())
    old, new = (report["images"][version]["web"] for version in ("1.0.0", "1.1.0"))
    [canary] = [host for host, digest in webs(report, "gate").items() if digest != old]
    assert old != new
    assert webs(report, "gate") == {host: new if host == canary else old for host in HOSTS}
    assert webs(report, "end") == dict.fromkeys(HOSTS, new)
    assert pages(report, "end") == dict.fromkeys(HOSTS, "shop 1.1.0, 1001 orders")
    assert (report["status"], report["ground"]["mark"]) == ("succeeded", layout.mark)
    assert {"bring-up", "build", "deploy 1.0.0", "backup", "canary", "gate", "fan-out", "mailer"} <= {
        *report["seconds"]
    }
    assert (remains(layout), root_network()) == (NOTHING, before)


def test_an_interrupted_demo_leaves_nothing_behind():
    """Ctrl-C in the middle ends it with 130, and all that it started is gone."""
    require_lab()
    with demo("--yes") as child:
        layout = layout_of(child)
        wait_until((layout.folder / "coordinator" / "admin.key").exists, "the coordinator", 90)
        child.send_signal(signal.SIGINT)
        output, _ = child.communicate(timeout=60)
    assert (child.returncode, remains(layout)) == (130, NOTHING), output


def test_without_a_lab_and_without_an_engine_the_demo_says_what_is_missing(tmp_path):
    """Where it can be neither way it says so in a sentence, and ends with 1."""
    env = {**os.environ, "DOCKER_HOST": f"unix://{tmp_path}/no.sock"}
    argv = [sys.executable, "-m", "examples.demo", "--one-engine"]
    done = subprocess.run(argv, cwd=ROOT, env=env, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (1, "")
    lab = f"four lab hosts cannot be here: {why_not_here()}; and " if why_not_here() else ""
    assert done.stdout == (
        f"demo: {lab}no Docker engine answers at unix://{tmp_path}/no.sock. Start Docker; if it runs elsewhere, "
        "set DOCKER_HOST; if it refuses you, add yourself to the group docker.\n"
    )
