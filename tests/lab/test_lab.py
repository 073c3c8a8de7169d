"""The lab itself: its hosts behave as hosts do, and it leaves nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.lab import (
    CONTROL,
    Lab,
    LabError,
    MissingToolsError,
    Process,
    ensure_tools,
    shop,
    wait_until,
)
from tests.lab.conftest import require_lab
from tests.lab.disks import mounts_below
from tests.lab.images import provide, tarball
from tests.lab.layout import Layout, default_base
from tests.lab.processes import marked, mentioning
from tests.lab.tools import Tool

pytestmark = pytest.mark.lab
ROOT = Path(__file__).resolve().parents[2]
STOPPABLE = ["sh", "-c", "trap 'exit 0' TERM; sleep 1000 & wait"]


def root_network() -> list[str]:
    """Return the root namespace's interfaces and addresses, without what changes by itself (lifetimes, counters)."""
    told = subprocess.run(["ip", "-oneline", "address"], capture_output=True, text=True, check=True).stdout
    return sorted(line.split(" valid_lft")[0] for line in told.splitlines())


def remains(layout: Layout) -> dict[str, list[str]]:
    """Return what of a lab is still on the machine, by sort."""
    namespaces = subprocess.run(["ip", "netns", "list"], capture_output=True, text=True, check=True).stdout
    return {
        "namespaces": [line for line in namespaces.splitlines() if layout.mark in line],
        "processes": [str(p.pid) for p in [*marked(layout.mark), *mentioning(str(layout.folder))]],
        "mounts": [str(point) for point in mounts_below(layout.folder)],
        "groups": [str(path) for path in Path("/sys/fs/cgroup").glob(f"**/{layout.cgroup}")],
        "files": [str(layout.folder)] if layout.folder.exists() else [],
    }


NOTHING = {"namespaces": [], "processes": [], "mounts": [], "groups": [], "files": []}


def reaches(lab: Lab, where: str, address: str) -> bool:
    done = lab.run(where, ["busybox", "ping", "-c", "1", "-W", "1", address], check=False)
    return done.returncode == 0


def test_an_image_pushed_from_one_engine_is_pulled_by_digest_on_all_others(lab):
    """What the builder pushed is what each host gets when it asks for the digest."""
    name = f"{lab.registry.address}/test/one"
    digest = shop.push(_tagged(lab, "test/one"), f"{name}:1")
    pulled = {
        host: lab.client(host).images.pull(f"{name}@{digest}").attrs["RepoDigests"] for host in lab.hosts
    }
    assert pulled == {host: [f"{name}@{digest}"] for host in lab.hosts}


def test_a_host_that_is_cut_off_is_away_until_it_is_brought_back(lab):
    """Nobody reaches a host that is cut off; its containers run on, and afterwards it is back as it was."""
    runs = lab.client("web-2").containers.run("busybox:stable", STOPPABLE, detach=True)
    try:
        lab.cut_off("web-2")
        seen = [reaches(lab, CONTROL, lab.address("web-2")), reaches(lab, "web-1", lab.address("web-2"))]
        runs.reload()
        assert (seen, runs.status) == ([False, False], "running")
    finally:
        lab.bring_back("web-2")
        runs.remove(force=True)
    wait_until(lambda: reaches(lab, CONTROL, lab.address("web-2")), "web-2 to be back")


def test_a_killed_engine_comes_back_with_its_containers(lab):
    """After kill -9 and a new start the engine has its containers, and restarts those that ask for it."""
    engine = lab.engine("web-1")
    again = engine.client.containers.run(
        "busybox:stable", STOPPABLE, name="again", detach=True, restart_policy={"Name": "always"}
    )
    once = engine.client.containers.run("busybox:stable", STOPPABLE, name="once", detach=True)
    try:
        engine.kill()
        assert (engine.process, engine.answers()) == (None, False)
        engine.start()
        wanted = {"again": "running", "once": "exited"}
        wait_until(
            lambda: _statuses(engine.client) == wanted, "one container to run again, the other to have ended"
        )
    finally:
        again.remove(force=True)
        once.remove(force=True)


def test_the_recorder_counts_each_event_once_over_a_restart_of_the_engine(lab):
    """Events are counted once each, also when the engine was killed and asked again in between."""
    engine = lab.engine("web-1")
    with engine.record() as recorder:
        first = engine.client.containers.create("busybox:stable", STOPPABLE, labels={"a.b": "c"})
        engine.kill()
        engine.start()
        second = engine.client.containers.create("busybox:stable", STOPPABLE)
        first.remove()
        second.remove()
        counted = {action: recorder.count(action) for action in ("create", "start", "destroy")}
        assert (counted, recorder.count("create", a__b="c")) == ({"create": 2, "start": 0, "destroy": 2}, 1)


def test_the_registry_can_be_away(lab):
    """A registry that is stopped is unreachable, and one that is started again has its images."""
    digest = shop.push(_tagged(lab, "test/kept"), f"{lab.registry.address}/test/kept:1")
    lab.registry.stop()
    with pytest.raises(httpx.ConnectError):
        lab.call(CONTROL, httpx.get, f"http://{lab.registry.address}/v2/")
    lab.registry.start()
    manifest = f"http://{lab.registry.address}/v2/test/kept/manifests/{digest}"
    accepted = {"Accept": "application/vnd.docker.distribution.manifest.v2+json"}
    assert lab.call(CONTROL, httpx.get, manifest, headers=accepted).headers["Docker-Content-Digest"] == digest


def test_there_is_no_way_out_of_the_lab_and_it_says_so_at_once(lab):
    """A program on a host that asks for an outside address is told within a moment."""
    ask = "import socket; socket.create_connection(('192.0.2.1', 80), timeout=20)"
    done = lab.run("web-1", [sys.executable, "-c", ask], check=False, seconds=10)
    assert done.stderr.splitlines()[-1] == "OSError: [Errno 113] No route to host"


def test_doors_lead_into_a_namespace(lab):
    """A client outside reaches a server inside through a unix socket and through a loopback port."""
    path = lab.forward(CONTROL, 5000, lab.address())
    port = lab.forward_port(CONTROL, 5000, lab.address())
    with httpx.Client(transport=httpx.HTTPTransport(uds=str(path))) as client:
        answers = [client.get("http://registry/v2/"), httpx.get(f"http://127.0.0.1:{port}/v2/")]
    assert [answer.status_code for answer in answers] == [200, 200]


def test_a_program_in_a_namespace_is_killed_by_its_pid(lab):
    """The pid of a spawned program is its own, in its namespace, and `kill` returns when it is gone."""
    child = lab.spawn("web-3", ["sleep", "1000"])
    network = str(Path(f"/proc/{child.pid}/ns/net").readlink())
    lab.kill(child)
    inside = lab.run("web-3", ["readlink", "/proc/self/ns/net"]).stdout.strip()
    assert (network, child.returncode, Process.of(child.pid)) == (inside, -signal.SIGKILL, None)


def test_a_program_that_fails_is_told_with_its_own_words(lab):
    """`run` raises the program's error text; with `check=False` the caller judges."""
    with pytest.raises(LabError, match=r"`ls /nowhere` in web-1 ended with 2: ls: cannot access '/nowhere'"):
        lab.run("web-1", ["ls", "/nowhere"])
    assert lab.run("web-1", ["false"], check=False).returncode == 1


def test_a_small_disk_gets_full(lab):
    """A file on a small disk cannot grow over its size, and the rest of the machine does not notice."""
    disk = lab.small_disk("web-1", "1m")
    with pytest.raises(OSError, match="No space left on device"):
        (disk / "file").write_bytes(bytes(2 * 2**20))


def test_an_image_that_an_engine_has_is_not_touched(lab):
    """A stand-in never takes the name from an image that is there."""
    client = lab.client("web-3")
    theirs = client.images.get("busybox:stable")
    theirs.tag("redis", "7-alpine")
    try:
        assert provide(client, ["redis:7-alpine", "busybox:stable"], lab.cache) == []
        assert client.images.get("redis:7-alpine").id == theirs.id
    finally:
        client.images.remove("redis:7-alpine")


def test_an_image_that_the_person_gave_is_taken(tmp_path):
    """A file in the cache's folder `given` stands before the stand-in."""
    given = tmp_path / "given" / "postgres_16-alpine.tar"
    given.parent.mkdir()
    given.write_bytes(b"")
    assert tarball("postgres:16-alpine", tmp_path) == given


def test_nothing_is_left_after_down_and_the_root_namespace_never_changes():
    """With containers running, an engine killed and disks mounted, `down` leaves nothing; once more is fine."""
    require_lab()
    before = root_network()
    lab = Lab.up(f"n{os.getpid()}", ["a", "b"], small_data={"b": "200m"})
    try:
        for host in lab.hosts:
            lab.client(host).containers.run("busybox:stable", ["sleep", "1000"], detach=True)
        lab.spawn("a", ["sh", "-c", "sleep 1000 & sleep 1000"])
        lab.small_disk("a", "1m")
        lab.forward(CONTROL, 5000)
        lab.engine("b").kill()
        during = root_network()
    finally:
        lab.down()
    assert (during, root_network(), remains(lab.layout)) == (before, before, NOTHING)
    lab.down()


def test_two_labs_stand_side_by_side(lab):
    """A second lab has names and addresses of its own, and its end does not touch the first."""
    with Lab.up(f"s{os.getpid()}", ["web-1"], builder=False) as second:
        assert second.registry.address != lab.registry.address
        assert second.layout.namespace("web-1") != lab.layout.namespace("web-1")
    assert [lab.engine(host).answers() for host in lab.hosts] == [True] * 4


def test_a_lab_whose_owner_was_killed_is_cleared_by_the_next_one():
    """Kill -9 of the process that brings a lab up, at any moment, leaves only what the next `up` removes."""
    require_lab()
    name = f"k{os.getpid()}"
    script = f"from tests.lab import Lab; lab = Lab.up({name!r}, ['a']); print('up', flush=True); input()"
    for moment in ("early", "late"):
        child = subprocess.Popen(
            [sys.executable, "-c", script], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        with child:
            left = wait_until(lambda: Layout.load(default_base() / name), "the killed lab's record", 30)
            wait_until(lambda one=left: remains(one)["processes"], "its first process", 30)
            if moment == "late":
                child.stdout.readline()
            child.kill()
        Lab.up(f"{name}-next", ["b"], builder=False).down()
        assert remains(left) == NOTHING


def test_the_command_line_brings_a_lab_up_and_down():
    """A lab that was brought up at the command line stays until it is taken down there."""
    require_lab()
    name = f"c{os.getpid()}"
    try:
        up = _command(name, "up", "--hosts", "a")
        layout = Layout.load(default_base() / name)
        again = _command(name, "run", "a", "--", "ip", "-br", "address", "show", "eth0")
        stopped = (
            _command(name, "engine", "a", "stop"),
            _command(name, "status"),
            _command(name, "cut-off", "z"),
        )
    finally:
        last = _command(name, "down")
    assert (up.returncode, again.stdout.split()[2]) == (0, f"{layout.address('a')}/24")
    assert ("engine is down" in stopped[1].stdout, stopped[2].returncode) == (True, 1)
    assert (last.stdout, remains(layout)) == ("down\n", NOTHING)


def test_what_is_missing_is_said_with_its_package(monkeypatch):
    """Without root a missing program is named with its purpose, its package and the command that installs it."""
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    nothing = Tool("no-such-program", "no-such-package", "an example")
    with pytest.raises(MissingToolsError) as caught:
        ensure_tools([nothing])
    assert str(caught.value) == (
        "missing: no-such-program (an example; Debian package no-such-package). "
        "As root: apt-get install --no-install-recommends no-such-package"
    )


def _statuses(client):
    return {one.name: one.status for one in client.containers.list(all=True)}


def _command(name, *words):
    argv = [sys.executable, "-m", "tests.lab", "--name", name, *words]
    return subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)


def _tagged(lab, repository):
    client = lab.builder.client
    client.images.get("busybox:stable").tag(f"{lab.registry.address}/{repository}", "1")
    return client
