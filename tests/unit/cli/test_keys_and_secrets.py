import json
import stat
from pathlib import Path

from tests.unit.cli import samples
from tests.unit.cli.conftest import Ran
from tests.unit.cli.scripted_api import Answer, page

SET = samples.secret(
    "DATABASE_URL",
    environment="production",
    version="sv-k7q2",
    versions=1,
    set_at=samples.LONG_AGO,
    set_by="alice",
)
PATH = "/projects/shop/secrets/DATABASE_URL"


def test_a_secret_comes_from_stdin(api, tidegate):
    """A piped value loses the one line end that `echo` adds, is never printed, and keeps its scope."""
    api.on("PUT", PATH, SET)
    ran = tidegate(
        "secrets", "set", "shop", "DATABASE_URL", "--environment", "production", stdin=b"p\xc3\xa4ss\n\n"
    )
    assert (ran, api.asked[0].json) == (
        Ran(0, "DATABASE_URL (environment production): set, version sv-k7q2.\n"),
        {"value": "p\u00e4ss\n", "environment": "production"},
    )


def test_a_secret_file_is_taken_byte_for_byte(api, tidegate):
    """A file's content is the value, its line end too; that is said, since it is rarely meant for a password."""
    Path("key.pem").write_text("-----\n")
    api.on("PUT", PATH, SET)
    ran = tidegate("secrets", "set", "shop", "DATABASE_URL", "--from-file", "key.pem")
    assert (ran.out.splitlines()[1], api.asked[0].json) == (
        "Note: the value ends with a line end, as key.pem does.",
        {"value": "-----\n"},
    )


def test_a_secret_is_no_argument(api, tidegate):
    """A value on the command line is wrong use: arguments are seen by everybody on the machine."""
    ran = tidegate("secrets", "set", "shop", "DATABASE_URL", "s3cret")
    assert (ran.code, api.asked) == (2, [])


def test_nothing_on_stdin_is_no_secret(api, tidegate):
    """An empty pipe is wrong use; an empty value is never sent."""
    ran = tidegate("secrets", "set", "shop", "DATABASE_URL")
    assert (ran, api.asked) == (
        Ran(
            2,
            "",
            "Error: stdin gives no value.\n"
            "Next: Pipe it in, for example: pass show DATABASE_URL | tidegate secrets set ...\n",
        ),
        [],
    )


def test_secrets_are_listed_without_values(api, tidegate):
    """The list says which are set, when and by whom; times are local."""
    api.on(
        "GET",
        "/projects/shop/secrets",
        page(SET, samples.secret("OLD", declared=False), samples.secret("API_KEY")),
    )
    assert tidegate("secrets", "list", "shop").out.splitlines() == [
        "SECRET        SCOPE                   STATUS              SET               SET BY  VERSION",
        "DATABASE_URL  environment production  set                 2026-05-01 11:00  alice   sv-k7q2",
        "OLD           everywhere              no longer declared  -                 -       -",
        "API_KEY       everywhere              not set             -                 -       -",
    ]


def test_a_key_is_shown_once(api, tidegate):
    """Creating a key prints it on a line of its own."""
    api.on("POST", "/keys", Answer(201, samples.key("alice", key="tg_alice")))
    ran = tidegate("keys", "create", "--name", "alice", "--group", "release-managers")
    assert (ran, api.asked[0].json) == (
        Ran(0, "key-alice: created for alice, groups release-managers. It is shown only now.\ntg_alice\n"),
        {"name": "alice", "groups": ["release-managers"]},
    )


def test_a_key_can_go_to_a_private_file(api, tidegate):
    """With --output the key is in a file with mode 0600 and nowhere else."""
    api.on("POST", "/keys", Answer(201, samples.key("ci", key="tg_ci", groups=[])))
    ran = tidegate("keys", "create", "--name", "ci", "--output", "ci.key", "--json")
    path = Path("ci.key")
    assert (json.loads(ran.out), path.read_text(), stat.S_IMODE(path.stat().st_mode)) == (
        samples.key("ci", groups=[]) | {"key_file": "ci.key"},
        "tg_ci\n",
        0o600,
    )


def test_keys_are_listed_and_revoked(api, tidegate):
    """The list shows revoked keys on request; revoking says that the key stopped working."""
    api.on("GET", "/keys", page(samples.key("alice"), samples.key("bob", revoked_at=samples.LONG_AGO)))
    api.on("DELETE", "/keys/key-bob", Answer(204))
    listed = tidegate("keys", "list", "--revoked")
    assert (
        listed.out.splitlines(),
        api.asked[0].query["revoked"],
        tidegate("keys", "revoke", "key-bob"),
    ) == (
        [
            "KEY        NAME   GROUPS            CREATED           CREATED BY  STATUS",
            "key-alice  alice  release-managers  2026-05-01 11:00  admin       active",
            "key-bob    bob    release-managers  2026-05-01 11:00  admin       revoked 2026-05-01 11:00",
        ],
        "true",
        Ran(0, "key-bob: revoked; it stopped working.\n"),
    )
