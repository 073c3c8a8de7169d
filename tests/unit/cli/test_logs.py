import json

from tests.unit.cli import samples
from tests.unit.cli.conftest import Ran
from tests.unit.cli.scripted_api import problem, sent_events

ID = "shop-42-k7q2"
PATH = f"/deployments/{ID}/logs"


def entry(serial, *texts, task="web@web-1", stream="stdout"):
    lines = [{"at": samples.LONG_AGO, "stream": stream, "text": text} for text in texts]
    return {"serial": serial, "attempt": f"{ID}.{task}.1", "task": task, "host": "web-1", "lines": lines}


def test_all_pages_are_printed(api, tidegate):
    """Lines come with their local time and task, page after page, without what could steer a terminal."""
    api.on("GET", f"/deployments/{ID}", samples.deployment("running"))
    first = {
        "items": [entry(7, "pulling", "\x1b[31mred\x1b[0m \x1b]0;title\x07and\x00 more")],
        "after": 7,
        "more": True,
    }
    api.on("GET", PATH, first, {"items": [entry(9, "done", task="mailer@mail-1")], "after": 9, "more": False})
    ran = tidegate("logs", ID, "--task", "web@web-1")
    assert (ran, [asked.query for asked in api.asked[1:]]) == (
        Ran(
            0,
            "HH:MM:SS web@web-1            | pulling\n"
            "HH:MM:SS web@web-1            | red and more\n"
            "HH:MM:SS mailer@mail-1        | done\n",
        ),
        [
            {"task": "web@web-1", "after": "0", "limit": "500"},
            {"task": "web@web-1", "after": "7", "limit": "500"},
        ],
    )


def test_json_is_one_document_of_all_pages(api, tidegate):
    """With --json the lines are printed as they were written, in one document."""
    api.on("GET", f"/deployments/{ID}", samples.deployment("running"))
    api.on("GET", PATH, {"items": [entry(7, "\x1b[31mred")], "after": 7, "more": False})
    assert json.loads(tidegate("logs", ID, "--json").out) == {"items": [entry(7, "\x1b[31mred")]}


def test_no_output_is_said(api, tidegate):
    """An empty log is said on stderr, so that a pipe gets nothing."""
    api.on("GET", f"/deployments/{ID}", samples.deployment("queued"))
    api.on("GET", PATH, {"items": [], "after": 0, "more": False})
    assert tidegate("logs", ID) == Ran(0, "", "No output yet.\n")


def test_following_goes_on_after_a_broken_stream(api, tidegate):
    """A stream that breaks is taken up after the last entry seen, none is printed twice, and it ends with the end."""
    api.on("GET", f"/deployments/{ID}", samples.deployment("running"))
    api.on(
        "GET",
        f"{PATH}/follow",
        sent_events(
            ("status", None, {"status": "running", "interruptions": []}), ("log", 7, entry(7, "a\u2028b"))
        ),
        problem(503, "The coordinator is starting."),
        sent_events(("log", 9, entry(9, "done")), ("end", None, {"status": "succeeded"})),
    )
    ran = tidegate("logs", ID, "-f")
    asked = [(each.query["after"], each.headers.get("last-event-id")) for each in api.asked[1:]]
    assert (ran, asked) == (
        Ran(
            0,
            "HH:MM:SS web@web-1            | a\u2028b\nHH:MM:SS web@web-1            | done\n",
            "HH:MM:SS shop-42-k7q2 running\n"
            "The coordinator is starting. Nothing is lost; trying again.\n"
            "The coordinator answers again.\n"
            "HH:MM:SS shop-42-k7q2 succeeded\n",
        ),
        [("0", None), ("7", "7"), ("7", "7")],
    )


def test_following_in_json_is_a_document_a_line(api, tidegate):
    """`-f --json` prints each entry as a document on its own line."""
    api.on("GET", f"/deployments/{ID}", samples.deployment("running"))
    events = sent_events(
        ("log", 7, entry(7, "a")), ("log", 9, entry(9, "b")), ("end", None, {"status": "failed"})
    )
    api.on("GET", f"{PATH}/follow", events)
    ran = tidegate("logs", ID, "-f", "--json")
    assert ([json.loads(line) for line in ran.out.splitlines()], ran.err) == (
        [entry(7, "a"), entry(9, "b")],
        "",
    )


def test_an_unknown_deployment_is_said_at_once(api, tidegate):
    """Following something that does not exist ends with the server's sentence."""
    api.on("GET", f"/deployments/{ID}", problem(404, "There is no deployment shop-42-k7q2."))
    assert tidegate("logs", ID, "-f") == Ran(1, "", "Error: There is no deployment shop-42-k7q2.\n")
