"""Input that means harm or nonsense: a problem document below 500, each time, and nothing changed."""

import json
import socket

import pytest

BODIES = {
    "/projects": "application/yaml",
    "/hosts": "application/json",
    "/keys": "application/json",
    "/releases": "application/json",
    "/plans": "application/json",
    "/deployments": "application/json",
    "/interruptions/x/answer": "application/json",
}
PAYLOADS = [
    b"",
    b"\0",
    b"\xff\xfe\x00",
    b"null",
    b"[]",
    b"17",
    b'"text"',
    b"{" * 5000,
    b"[" * 100_000,
    b'{"name": "\\u0000"}',
    b'{"name": "\\ud800", "project": "\\ud800", "choice": "\\ud800"}',
    b'{"name": 1e999, "project": NaN}',
    b"9" * 5000,
    b'{"name": ' + b"9" * 5000 + b"}",
    b'{"\\ud800": 1, "project": {}, "version": [], "release": true, "environment": null}',
    json.dumps({"name": "a" * 500_000}).encode(),
    json.dumps({"project": "shop'; DROP TABLE projects; --", "version": "../..", "release": "%00"}).encode(),
    b"a: &a [*a]\n",
    b"!!python/object/apply:os.system ['true']\n",
    b"&a [1]: 2\n",
    "project: \u202eshop\n".encode(),
]
ADDRESSES = [
    "/projects/%00",
    "/projects/%ff%fe",
    "/projects/" + "a" * 5000,
    "/projects/..%2f..%2fetc",
    "/projects/%E2%80%AE",
    "/hosts/%00",
    "/hosts?limit=0",
    "/hosts?limit=99999999999999999999999",
    "/hosts?limit=x&limit=y",
    "/hosts?cursor=%00",
    "/hosts?cursor=e30=",
    "/hosts?environment=%ED%A0%80",
    "/releases?cursor=WzEsMiwzXQ==",
    "/releases/shop/1.0.0%00",
    "/deployments/%F0%28%8C%28",
    "/deployments?status=nonsense",
    "/deployments?cursor=Wy0xXQ==",
    "/deployments?cursor=WzEwMDAwMDAwMDAwMDAwMDAwMDAwMDAwXQ==",
    "/deployments/x/logs?after=-1",
    "/deployments/x/logs?after=99999999999999999999",
    "/deployments/x/tasks/a/b/c@d",
    "/interruptions?status=nonsense",
    "/interruptions/a/b/c",
    "/nothing",
    "/projects/",
    "//projects",
]


def is_problem(answer):
    """Say whether an answer is a problem document that says something, with a status that blames the request."""
    if answer.headers.get("Content-Type") != "application/problem+json":
        return False
    document = answer.json()
    return 400 <= answer.status_code < 500 and document["status"] == answer.status_code and document["detail"]


@pytest.mark.parametrize("path", BODIES)
def test_no_body_breaks_a_route(admin, path):
    """Whatever is sent as a body, the answer is a problem document that blames the request."""
    headers = {"Content-Type": BODIES[path]}
    bad = [body[:60] for body in PAYLOADS if not is_problem(admin.post(path, content=body, headers=headers))]
    assert bad == []


def test_no_address_breaks_the_api(admin):
    """Whatever is asked for, the answer is a problem document that blames the request."""
    assert [path for path in ADDRESSES if not is_problem(admin.get(path))] == []


def test_other_methods_are_named(admin):
    """A wrong method gets 405, with those that are right."""
    answer = admin.patch("/keys")
    assert (answer.status_code, set(answer.headers["Allow"].split(", ")) <= {"GET", "POST"}) == (405, True)
    assert is_problem(answer)


def test_other_types_of_body_are_refused(admin, process):
    """YAML sent as JSON, JSON sent as a form: 415 says what is expected."""
    as_json = admin.post("/projects", content=process, headers={"Content-Type": "application/json"})
    as_form = admin.post("/keys", data={"name": "bob"})
    assert [(each.status_code, each.json()["detail"]) for each in (as_json, as_form)] == [
        (415, "the body is expected as application/yaml, not as application/json"),
        (415, "the body is expected as application/json, not as application/x-www-form-urlencoded"),
    ]


def test_a_body_that_is_too_large_is_refused(admin, process):
    """More than 1 MiB is refused, whether its length was said before or not."""

    def endless():
        for _ in range(2000):
            yield b"# " + b"x" * 1000 + b"\n"

    said = admin.post("/projects", content=process + "#" * 1024 * 1024)
    unsaid = admin.post("/projects", content=endless(), headers={"Content-Type": "application/yaml"})
    assert [(each.status_code, each.json()["detail"]) for each in (said, unsaid)] == [
        (413, "the body is larger than 1024 KiB"),
        (413, "the body is larger than 1024 KiB"),
    ]


def test_unknown_keys_of_a_body_are_named(admin):
    """A misspelt key is refused with the nearest one, and all problems come at once."""
    answer = admin.post("/hosts", json={"nam": "web-1", "roles": "web"})
    assert [each["sentence"].partition("; expected")[0] for each in answer.json()["problems"]] == [
        "body name: this key is missing",
        'body roles: found text "web"',
        "body nam: unknown key",
    ]
    assert answer.json()["problems"][2]["nearest"] == "name"


def test_headers_with_nonsense_are_refused(api, admin):
    """A key or an idempotency key of raw bytes is refused; the connection that sends garbage ends."""
    body = b'{"project": "shop", "version": "1"}'
    key = {"Idempotency-Key": b"\xff\xfe", "Content-Type": "application/json"}
    assert admin.post("/releases", content=body, headers=key).status_code == 422
    assert admin.get("/whoami", headers={"Authorization": b"Bearer tg_\xff"}).status_code == 401
    host, _, port = api.url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=5) as raw:
        raw.sendall(b"\x16\x03\x01\x00\xff garbage\r\n\r\n")
        assert raw.recv(100).startswith(b"HTTP/1.1 400")
    assert admin.get("/whoami").status_code == 200
