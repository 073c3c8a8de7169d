"""/projects/{project}/secrets: write-only values."""

import pytest
from sqlalchemy import select

from coordinator.conductor.secrets import reveal
from coordinator.store.tables import secret_versions

pytestmark = pytest.mark.usefixtures("shop")
URL = "/projects/shop/secrets/DATABASE_URL"
SCOPE = {"environment": "production"}


def test_a_secret_is_set_and_never_answered(admin, services):
    """A value becomes a version; neither answers nor the database hold it readable, the relay can reveal it."""
    answer = admin.put(URL, json={"value": "postgres://s3cret", **SCOPE})
    shown = answer.json()
    assert {**shown, "version": "sv", "set_at": "now"} == {
        "name": "DATABASE_URL",
        "environment": "production",
        "role": None,
        "host": None,
        "key": "DATABASE_URL?environment=production",
        "declared": True,
        "version": "sv",
        "versions": 1,
        "set_at": "now",
        "set_by": "alice",
    }
    assert "s3cret" not in answer.text + admin.get("/projects/shop/secrets").text
    with services.store.read() as tx:
        assert "s3cret" not in str(tx.execute(select(secret_versions)).all())
        assert reveal(services, tx, [shown["version"]]) == {shown["version"]: "postgres://s3cret"}


def test_only_another_value_is_another_version(admin):
    """Setting the same value again keeps the version; another value makes the next."""
    values = ("one", "one", "two")
    seen = [admin.put(URL, json={"value": value, **SCOPE}).json() for value in values]
    assert [each["versions"] for each in seen] == [1, 1, 2]
    assert seen[0]["version"] == seen[1]["version"] != seen[2]["version"]


def test_secrets_without_a_value_are_listed(admin):
    """What the process declares is listed before it has a value."""
    (only,) = admin.get("/projects/shop/secrets").json()["items"]
    assert (only["key"], only["version"], only["versions"]) == (
        "DATABASE_URL?environment=production",
        None,
        0,
    )


@pytest.mark.parametrize(
    ("url", "body", "status"),
    [
        (URL, {"value": "x"}, 422),
        (URL, {"value": "x", "environment": "uat"}, 422),
        ("/projects/shop/secrets/OTHER", {"value": "x", **SCOPE}, 422),
        ("/projects/nothing/secrets/OTHER", {"value": "x"}, 404),
        (URL, {"value": "", **SCOPE}, 422),
        (URL, {"value": "a\0b", **SCOPE}, 422),
        (URL, {"value": "x" * 65_537, **SCOPE}, 422),
        (URL, SCOPE, 422),
    ],
)
def test_what_is_not_declared_or_no_value_is_refused(admin, url, body, status):
    """A scope that the process does not declare, and values that cannot be kept, change nothing."""
    assert admin.put(url, json=body).status_code == status
    assert [each["versions"] for each in admin.get("/projects/shop/secrets").json()["items"]] == [0]


def test_a_wrong_value_is_not_repeated(admin):
    """A secret of the wrong type does not come back in the error."""
    answer = admin.put(URL, json={"value": 4711_0815, **SCOPE})
    assert answer.status_code == 422
    assert "47110815" not in answer.text
