import json
import stat
from pathlib import Path

from tests.unit.cli import samples
from tests.unit.cli.conftest import Ran
from tests.unit.cli.scripted_api import Answer, page, problem

PROCESS = b"project: shop\nenvironments: [uat, production]\nprocess: []\n"
INVENTORY = b"hosts:\n  - {name: web-1, environments: [production]}\n"
APPLIED = {
    "name": "shop",
    "revision": 3,
    "environments": ["uat", "production"],
    "steps": [{"id": "web"}, {"id": "mailer"}],
    "images": {},
    "secrets": [],
    "changed": True,
    "notes": ["web publishes port 80, so the old instance stops first"],
}
HOSTS = {
    "hosts": [{"name": "web-1"}],
    "added": ["web-1"],
    "changed": [],
    "removed": [],
    "not_in_file": ["db-1"],
}


def test_a_process_file_is_sent_as_it_is(api, tidegate):
    """`apply` sends the file's bytes and its name, and says what the coordinator made of it."""
    Path("shop.yaml").write_bytes(PROCESS)
    api.on("POST", "/projects", Answer(201, APPLIED))
    ran = tidegate("apply", "shop.yaml")
    sent = api.asked[0]
    assert (ran, sent.body, sent.query, sent.headers["content-type"]) == (
        Ran(
            0,
            "shop: applied as revision 3: 2 steps, environments uat, production\n"
            "Note: web publishes port 80, so the old instance stops first\n",
        ),
        PROCESS,
        {"file": "shop.yaml"},
        "application/yaml",
    )


def test_an_inventory_is_told_from_a_process(api, tidegate):
    """A file with `hosts` in its first column goes to the inventory; what the file lacks is named."""
    api.on("PUT", "/inventory", HOSTS)
    ran = tidegate("apply", "-", "--dry-run", stdin=INVENTORY)
    assert (ran, api.asked[0].query) == (
        Ran(
            0,
            "inventory: 1 host can be applied; added web-1\n"
            "Note: not in the file, and kept: db-1; --prune removes them.\n",
        ),
        {"file": "-", "dry_run": "true"},
    )


def test_an_inventory_goes_before_the_process(api, tidegate):
    """With --inventory both are applied in one call, hosts first; --json prints one document of both answers."""
    Path("shop.yaml").write_bytes(PROCESS)
    Path("hosts.json").write_bytes(b'{"hosts": []}')
    api.on("PUT", "/inventory", HOSTS)
    api.on("POST", "/projects", APPLIED)
    ran = tidegate("apply", "shop.yaml", "--inventory", "hosts.json", "--prune", "--json")
    assert (json.loads(ran.out), api.lines, api.asked[0].query) == (
        {"inventory": HOSTS, "project": APPLIED},
        ["PUT /inventory", "POST /projects"],
        {"file": "hosts.json", "prune": "true"},
    )


def test_a_refused_process_shows_every_problem(api, tidegate):
    """The server's sentences are printed as they are, one for each place, and then what to do next."""
    Path("shop.yaml").write_bytes(PROCESS)
    sentences = ("shop.yaml:3:7 process[0].uses: unknown kind", "shop.yaml:4:7 process[0].hosts: missing")
    api.on(
        "POST",
        "/projects",
        problem(
            422,
            "shop.yaml was refused; nothing was changed.",
            hint="Correct it and apply it again.",
            problems=sentences,
        ),
    )
    assert tidegate("apply", "shop.yaml") == Ran(
        1,
        "",
        "Error: shop.yaml was refused; nothing was changed.\n"
        "  shop.yaml:3:7 process[0].uses: unknown kind\n"
        "  shop.yaml:4:7 process[0].hosts: missing\n"
        "Next: Correct it and apply it again.\n",
    )


def test_a_file_that_is_neither_is_not_sent(api, tidegate):
    """A file that is no process and no inventory is wrong use, and the coordinator is not asked."""
    ran = tidegate("apply", "-", stdin=b"version: 3\n")
    assert (ran, api.asked) == (
        Ran(
            2,
            "",
            "Error: - is neither a process file nor an inventory: it has no key `project`, `process` or `hosts`.\n"
            "Next: See `tidegate schema` for what a process file holds.\n",
        ),
        [],
    )


def test_a_missing_file_is_said(tidegate):
    """A file that cannot be read is wrong use."""
    assert tidegate("apply", "none.yaml") == Ran(
        2, "", "Error: none.yaml cannot be read: No such file or directory.\n"
    )


def test_hosts_are_listed_as_aligned_text(api, tidegate):
    """In a pipe the list is aligned text without a frame, a dash for what is empty; never-joined hosts say so."""
    fresh = samples.host(
        "web-10", status="never_joined", seen_at=None, worker_version=None, labels={"rack": "b"}
    )
    api.on("GET", "/hosts", page(samples.host("web-1", in_use=1), fresh))
    ran = tidegate("hosts", "list", "--role", "web")
    assert (ran.code, ran.out.splitlines(), api.asked[0].query) == (
        0,
        [
            "HOST    STATUS        LAST SEEN    ENVIRONMENTS  ROLES  LABELS  ADDRESS  WORKER  TASKS",
            "web-1   joined        5 d 2 h ago  production    web    -       web-1    0.1.0   1",
            "web-10  never joined  never        production    web    rack=b  web-10   -       0",
        ],
        {"role": "web", "limit": "500"},
    )


def test_a_list_is_read_to_its_end(api, tidegate):
    """Cursors are followed until the list ends; --json prints all items in one document."""
    first, second = samples.host("web-1"), samples.host("web-2")
    api.on("GET", "/hosts", {"items": [first], "next": "c1"}, {"items": [second], "next": None})
    ran = tidegate("hosts", "list", "--json")
    assert (json.loads(ran.out), [asked.query.get("cursor") for asked in api.asked]) == (
        {"items": [first, second]},
        [None, "c1"],
    )


def test_adding_a_host_writes_a_private_join_file(api, tidegate):
    """The join file is written with mode 0600 and says where to carry it."""
    join = {"v": 1, "host": "web-1", "secret": "once"}
    api.on(
        "POST",
        "/hosts",
        Answer(201, {"host": samples.host("web-1"), "join": join, "notes": ["web-1 is new"]}),
    )
    ran = tidegate(
        "hosts", "add", "web-1", "--role", "web", "--label", "rack=a", "--environment", "production"
    )
    path = Path("web-1.join.json")
    assert (ran, json.loads(path.read_text()), stat.S_IMODE(path.stat().st_mode), api.asked[0].json) == (
        Ran(
            0,
            "web-1: added; its join file is web-1.join.json (mode 0600, good for one join).\n"
            "Note: web-1 is new\n"
            "Next: carry web-1.join.json to web-1 and run there: tidegate worker --join web-1.join.json\n",
        ),
        join,
        0o600,
        {"name": "web-1", "environments": ["production"], "roles": ["web"], "labels": {"rack": "a"}},
    )


def test_a_join_file_in_the_way_is_kept(api, tidegate):
    """An existing file is neither overwritten nor is the coordinator asked for a secret that would be lost."""
    Path("web-1.join.json").write_text("mine")
    ran = tidegate("hosts", "add", "web-1")
    assert (ran, api.asked, Path("web-1.join.json").read_text()) == (
        Ran(
            2,
            "",
            "Error: web-1.join.json exists already.\nNext: Name another file with --output, or remove it.\n",
        ),
        [],
        "mine",
    )


def test_a_refused_host_leaves_no_file(api, tidegate):
    """When the coordinator refuses, no empty join file stays behind, and its hint is shown."""
    api.on("POST", "/hosts", problem(409, "web-1 has joined already.", hint="Use --rejoin."))
    ran = tidegate("hosts", "add", "web-1")
    assert (ran, list(Path().iterdir())) == (
        Ran(1, "", "Error: web-1 has joined already.\nNext: Use --rejoin.\n"),
        [],
    )


def test_a_join_file_can_go_to_stdout(api, tidegate):
    """`--output -` prints the join file alone, so that it can be piped to the host."""
    join = {"v": 1, "host": "web-1", "secret": "once"}
    api.on("POST", "/hosts", {"host": samples.host("web-1"), "join": join, "notes": []})
    ran = tidegate("hosts", "add", "web-1", "--rejoin", "--output", "-")
    assert (json.loads(ran.out), api.asked[0].query) == (join, {"rejoin": "true"})


def test_a_host_is_removed(api, tidegate):
    """Removing says what stays."""
    api.on("DELETE", "/hosts/web-1", Answer(204))
    assert tidegate("hosts", "remove", "web-1") == Ran(
        0, "web-1: removed; its keys stopped working. Its containers stay.\n"
    )


def test_labels_are_pairs(tidegate):
    """A label without a value is wrong use."""
    assert tidegate("hosts", "add", "web-1", "--label", "rack") == Ran(
        2, "", "Error: --label 'rack' is not of the form NAME=VALUE.\n"
    )
