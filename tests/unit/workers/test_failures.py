"""The engine's words, as engines say them, become one code and one sentence each."""

import pytest

from workers.docker.failures import explain, unreachable

SAID = [
    ("driver failed: Bind for 0.0.0.0:80 failed: port is already allocated", "port_taken", True),
    ("listen tcp4 0.0.0.0:80: bind: address already in use", "port_taken", True),
    ("write /var/lib/docker/tmp/x: no space left on device", "no_space", True),
    ("manifest for r:5000/web@sha256:00 not found: manifest unknown: manifest unknown", "image_unknown", False),
    ("No such image: r:5000/web@sha256:00", "image_unknown", False),
    ("pull access denied for web, repository does not exist or may require 'docker login'", "image_unknown", False),
    ("unauthorized: authentication required", "image_denied", True),
    ('Get "http://r:5000/v2/": dial tcp 10.0.0.1:5000: connect: connection refused', "registry_unreachable", True),
    ('Get "https://r:5000/v2/": http: server gave HTTP response to HTTPS client', "registry_unreachable", True),
    ("network shop not found", "network_unknown", False),
    ('exec: "nope": executable file not found in $PATH: unknown', "container_unstartable", False),
    ("Container abc is not running", "container_stopped", False),
    ("No such container: abc", "container_unknown", False),
    ('Conflict. The container name "/x" is already in use by container "y"', "name_taken", True),
    ("removal of container x is already in progress", "busy", True),
    ("something new", "engine_refused", True),
]  # fmt: skip


@pytest.mark.parametrize(("said", "code", "retryable"), SAID)
def test_each_has_its_code(said, code, retryable):
    """Code and retryable are for programs; message and hint are for the person at 3 am."""
    failed = explain(said, "starting shop.uat.web", pulling=code in ("registry_unreachable", "image_denied"))
    assert (failed.code, failed.retryable) == (code, retryable)
    assert failed.message.startswith("starting shop.uat.web: ")
    assert failed.hint


def test_an_engine_that_is_away():
    """It says where, what to do, and that a retry can help."""
    failed = unreachable("unix:///x.sock", "pulling web", "connection refused")
    assert str(failed) == (
        "engine_unreachable: pulling web: the Docker engine at unix:///x.sock does not answer (connection refused)"
    )
    assert failed.retryable
