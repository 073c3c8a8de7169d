import json
import ssl
import subprocess
from pathlib import Path

import pytest

from coordinator.cli.events import ServerEvent, events
from tests.unit.cli import samples
from tests.unit.cli.conftest import Ran
from tests.unit.cli.scripted_api import KEY, Answer, free_port, page, problem

LISTS = ("status",)


def test_no_key_is_wrong_use(tidegate):
    """Without a key nothing is sent, and the ways to give one are named."""
    assert tidegate(*LISTS, key=None) == Ran(
        2,
        "",
        "Error: No API key is given.\n"
        "Next: Give one with --key, --key-file, TIDEGATE_KEY or TIDEGATE_KEY_FILE. The first key lies in `admin.key` "
        "in the coordinator's state directory; `tidegate keys create` makes others.\n",
    )


def test_a_wrong_key_says_so(tidegate):
    """An unknown key is the server's sentence, and what to do; with --json it is the problem document."""
    shown, machine = tidegate(*LISTS, key="tg_wrong"), tidegate(*LISTS, "--json", key="tg_wrong")
    assert (shown, machine.code, json.loads(machine.err)["status"]) == (
        Ran(
            1,
            "",
            "Error: The API key is not known.\n"
            "Next: Give a valid key with --key, TIDEGATE_KEY or TIDEGATE_KEY_FILE; `tidegate keys create` makes one.\n",
        ),
        1,
        401,
    )


@pytest.mark.parametrize(
    "arguments",
    [
        ("--key", KEY, "status"),
        ("status", "--key", KEY),
        ("--key-file", "key", "status"),
        ("status", "--key-file", "key"),
    ],
)
def test_the_key_may_stand_anywhere(api, tidegate, arguments):
    """Common options work before and after the command, and win over the environment; a key file may end its line."""
    Path("key").write_text(f"{KEY}\n")
    api.on("GET", "/deployments", page())
    assert tidegate(*arguments, key="tg_wrong").code == 0


def test_a_key_file_in_the_environment_is_read(api, tidegate, monkeypatch):
    """TIDEGATE_KEY_FILE gives the key when nothing else does; a missing file is said."""
    Path("key").write_text(KEY)
    api.on("GET", "/deployments", page())
    monkeypatch.setenv("TIDEGATE_KEY_FILE", "key")
    found = tidegate(*LISTS, key=None).code
    monkeypatch.setenv("TIDEGATE_KEY_FILE", "none")
    missing = tidegate(*LISTS, key=None)
    assert (found, missing.code, missing.err.splitlines()[0]) == (
        0,
        2,
        "Error: The key file none (TIDEGATE_KEY_FILE) cannot be read: No such file or directory.",
    )


def test_nobody_listens(tidegate):
    """A coordinator that is away is one sentence after a few tries, with what to check."""
    url = f"http://127.0.0.1:{free_port()}"
    said = f"The coordinator at {url} cannot be reached: connection refused."
    assert tidegate(*LISTS, url=url) == Ran(
        1,
        "",
        f"{said} Trying again.\n" * 3
        + f"Error: {said}\nNext: Is the coordinator running, and is --url (or TIDEGATE_URL) right?\n",
    )


@pytest.mark.parametrize(
    "url", ["tidegate.example.com", "ftp://x", "http://", "http://a:99999", "http://a b", "http://[::"]
)
def test_what_is_no_address_is_wrong_use(tidegate, url):
    """An unusable address is said before anything is sent."""
    assert tidegate(*LISTS, url=url) == Ran(
        2,
        "",
        f"Error: {url!r} is not the address of a coordinator.\n"
        "Next: Expected an address such as https://tidegate.example.com, in --url or TIDEGATE_URL.\n",
    )


def test_the_address_may_end_as_people_copy_it(api, tidegate):
    """A slash or the API's path at the end of the address does no harm."""
    api.on("GET", "/deployments", page())
    assert [tidegate(*LISTS, url=api.url + end).code for end in ("/", "/api/v1", "/api/v1/")] == [0, 0, 0]


def test_a_name_that_does_not_resolve(tidegate):
    """An unknown name is said with the name."""
    ran = tidegate("--json", *LISTS, url="http://nowhere.invalid")
    assert (ran.code, json.loads(ran.err)["detail"]) == (1, "The name nowhere.invalid cannot be resolved.")


def test_https_where_there_is_none(api, tidegate):
    """An https address of a coordinator without TLS names the other scheme."""
    secure = api.url.replace("http:", "https:")
    assert tidegate(*LISTS, url=secure) == Ran(
        1,
        "",
        f"Error: What answers at {secure} does not speak TLS as expected.\n"
        f"Next: If the coordinator listens without TLS, its address is {api.url}\n",
    )


@pytest.fixture
def certificate(tmp_path):
    """A certificate for 127.0.0.1 that nobody knows, and its key."""
    path = tmp_path / "both.pem"
    made = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-days",
        "2",
    ]
    names = ["-subj", "/CN=tidegate", "-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run(
        [*made, *names, "-keyout", path, "-out", tmp_path / "cert"], check=True, capture_output=True
    )
    path.write_text(path.read_text() + (tmp_path / "cert").read_text())
    return path


def test_a_certificate_nobody_knows(api, tidegate, certificate, monkeypatch):
    """An untrusted certificate is said with the way to trust it, and that way works."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    api.wrap(context)
    api.on("GET", "/deployments", page())
    secure = api.url.replace("http:", "https:")
    refused = tidegate(*LISTS, url=secure)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    assert (refused, tidegate(*LISTS, url=secure).code) == (
        Ran(
            1,
            "",
            f"Error: The certificate of {secure} is not trusted: self-signed certificate.\n"
            "Next: If an authority of your own signed it, set SSL_CERT_FILE to that authority's certificate; "
            "otherwise check that --url names the coordinator.\n",
        ),
        0,
    )


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (Answer(200, b"<html>", media="text/html"), "What answers at {url} is not a coordinator."),
        (
            Answer(404, b"<html>", media="text/html"),
            "What answers at {url} is not a coordinator (404 Not Found).",
        ),
        (
            Answer(502, b"<html>", media="text/html"),
            "The coordinator behind {url} is away (502 Bad Gateway).",
        ),
        (Answer(301, headers={"Location": "https://b/"}), "{url} redirects to https://b/."),
        (problem(503, "The database is away."), "The database is away."),
        (problem(500, "A defect of the coordinator."), "A defect of the coordinator."),
        (
            Answer(422, b"{]", media="application/problem+json"),
            "What answers at {url} is not a coordinator (422 {r}).",
        ),
    ],
)
def test_strange_answers_are_sentences(api, tidegate, answer, said):
    """Whatever answers instead of the coordinator becomes one sentence, never a traceback."""
    api.on("GET", "/deployments", answer)
    ran = tidegate(*LISTS, "--json")
    expected = said.format(url=api.url, r="Unprocessable Entity")
    assert (ran.code, ran.out, json.loads(ran.err)["detail"]) == (1, "", expected)


def test_a_defect_is_a_sentence(api, tidegate):
    """Even an answer of the wrong shape ends in a sentence and exit code 1."""
    api.on("GET", "/deployments", {"items": [{}], "next": None})
    assert tidegate(*LISTS) == Ran(
        1,
        "",
        "Error: This is a defect of the command line (KeyError: 'id').\n"
        "Next: Report it with the traceback that TIDEGATE_DEBUG=1 shows.\n",
    )


@pytest.mark.parametrize(
    ("arguments", "message", "command"),
    [
        (("deploy", "shop"), "Missing argument 'VERSION'.", "tidegate deploy"),
        (("deploi",), "No such command 'deploi'. Did you mean 'deploy'?", "tidegate"),
        (("logs", "x", "--nope"), "No such option: --nope", "tidegate logs"),
        (
            ("status", "--limit", "0"),
            "Invalid value for '--limit': Input should be greater than or equal to 1",
            "tidegate status",
        ),
    ],
)
def test_wrong_use_is_a_sentence(tidegate, arguments, message, command):
    """Typing errors get a sentence, the command whose help to read, and exit code 2; as JSON on demand."""
    assert (tidegate(*arguments), json.loads(tidegate(*arguments, "--json").err)["detail"]) == (
        Ran(2, "", f"Error: {message}\nNext: See `{command} --help`.\n"),
        message,
    )


def test_events_are_read_across_chunks():
    """Events survive any cut of the bytes, CRLF, comments, and characters that only look like line ends."""
    crlf = ": hi\n\nid: 7\nevent: log\ndata: a\u2028b\ndata: c\n\n".replace("\n", "\r\n")
    text = f"{crlf}event: end\ndata:x\n\nevent: lost\ndata: y".encode()
    whole = [ServerEvent("log", "a\u2028b\nc", "7"), ServerEvent("end", "x", "7")]
    cut = [
        list(events(text[at : at + size] for at in range(0, len(text), size))) for size in (1, 2, 3, 7, 500)
    ]
    assert cut == [whole] * 5


def test_a_name_is_one_part_of_the_path(api, tidegate):
    """A name with a slash or a blank stays one part of the path, so that it cannot reach another thing."""
    api.on("GET", "/deployments/a b/c?d", samples.deployment("queued"))
    ran = tidegate("status", "a b/c?d")
    assert (ran.code, api.lines) == (0, ["GET /deployments/a b/c?d"])
