"""Hosts, keys, secrets and refusals through the command line, with the real API behind it."""

import json
import stat

import pytest

from tasks.joining import JoinFile
from tests.integration.cli.conftest import PROCESS, Ran, command_line, small_house


@pytest.fixture(scope="module")
def house(sqlite_template, tmp_path_factory):
    """One coordinator for all of these tests: what one declares no other looks at."""
    with small_house(tmp_path_factory.mktemp("house"), sqlite_template) as made:
        yield made


@pytest.fixture
def tidegate(house, tmp_path):
    return command_line(house, tmp_path / "work")


def test_a_host_is_added_and_removed(tidegate):
    """The written join file is one the worker can load; a second one needs --rejoin."""
    added = tidegate(
        "hosts", "add", "web-9", "--role", "web", "--environment", "production", "--label", "rack=a"
    )
    path = tidegate.folder / "web-9.join.json"
    path.rename(tidegate.folder / "carried.json")
    refused = tidegate("hosts", "add", "web-9")
    again = tidegate("hosts", "add", "web-9", "--rejoin")
    listed = tidegate("hosts", "list", "--role", "web")
    removed = tidegate("hosts", "remove", "web-9")
    join = JoinFile.load(tidegate.folder / "carried.json")
    assert (added, join.host, stat.S_IMODE(path.stat().st_mode), refused.code, again.code, removed.code) == (
        Ran(
            0,
            "web-9: added; its join file is web-9.join.json (mode 0600, good for one join).\n"
            "Next: carry web-9.join.json to web-9 and run there: tidegate worker --join web-9.join.json\n",
        ),
        "web-9",
        0o600,
        1,
        0,
        0,
    )
    assert "--rejoin" in refused.err
    assert [line.split()[0] for line in listed.out.splitlines()] == ["HOST", "web-1", "web-2", "web-9"]


def test_a_key_works_until_it_is_revoked(tidegate):
    """A new key's name is whose deployments they are; without the group admins it may not make keys."""
    made = json.loads(tidegate("keys", "create", "--name", "ci", "--json").out)
    works = tidegate("status", key=made["key"])
    may_not = tidegate("keys", "list", key=made["key"])
    revoked = tidegate("keys", "revoke", made["id"])
    refused = tidegate("status", key=made["key"])
    assert (works.code, may_not.code, revoked, refused.code) == (
        0,
        1,
        Ran(0, f"{made['id']}: revoked; it stopped working.\n"),
        1,
    )
    listed = tidegate("keys", "list", "--revoked", "--json").out
    assert [each["name"] for each in json.loads(listed)["items"] if each["revoked_at"]] == ["ci"]


def test_a_secret_is_set_and_never_shown(tidegate):
    """A secret's value goes in by stdin and comes out nowhere."""
    variables = "variables:\n  TOKEN:\n    - {secret: true, environment: production}\nprocess:\n"
    (tidegate.folder / "tidegate.yaml").write_text(PROCESS.replace("process:\n", variables))
    tidegate("apply", "tidegate.yaml")
    wrong = tidegate("secrets", "set", "shop", "TOKEN", stdin="s3cret-value")
    right = tidegate("secrets", "set", "shop", "TOKEN", "--environment", "production", stdin="s3cret-value\n")
    listed = tidegate("secrets", "list", "shop")
    whole = tidegate("secrets", "list", "shop", "--json")
    assert (wrong.code, right.code, listed.code) == (1, 0, 0)
    assert listed.out.splitlines()[1].split()[:4] == ["TOKEN", "environment", "production", "set"]
    assert "s3cret" not in right.out + right.err + wrong.err + listed.out + whole.out


def test_a_malformed_process_shows_every_place(tidegate):
    """All problems at once, with the name of the file as it was given, its line and column."""
    (tidegate.folder / "shop.yaml").write_text(
        PROCESS.replace("uses: check_http", "uses: check_htp").replace("canary: 1", "cannary: 1")
    )
    ran = tidegate("apply", "shop.yaml")
    assert (ran.code, ran.out, ran.err.splitlines()[0][:7]) == (1, "", "Error: ")
    assert [
        line.split(" ")[2].rpartition(":")[0] for line in ran.err.splitlines() if line.startswith("  ")
    ] == [
        "shop.yaml:5",
        "shop.yaml:7",
    ]


def test_things_that_do_not_exist_are_said(tidegate):
    """Unknown project, release, deployment, interruption: exit code 1 and a sentence each, never a traceback."""
    ran = [
        tidegate("deploy", "nope", "1.0.0", "production"),
        tidegate("plan", "nope", "1.0.0", "production"),
        tidegate("status", "shop-9-aaaa"),
        tidegate("approve", "shop-9-aaaa.check/gate"),
        tidegate("logs", "shop-9-aaaa", "-f"),
        tidegate("cancel", "shop-9-aaaa"),
        tidegate("release", "show", "shop", "9"),
        tidegate("secrets", "list", "nope"),
        tidegate("hosts", "remove", "nope"),
        tidegate("keys", "revoke", "nope"),
    ]
    assert [(each.code, each.out, each.err[:7]) for each in ran] == [(1, "", "Error: ")] * len(ran)
