"""Keys: who gets in, and what strangers are told."""

import httpx
from sqlalchemy import select

from coordinator.conductor.keys import hash_of
from coordinator.store.tables import api_keys


def test_nothing_but_health_is_answered_without_a_key(api):
    """Without a key, with a wrong scheme or an unknown key every address answers 401 with a problem document."""
    with httpx.Client(base_url=api.url) as stranger:
        assert stranger.get("/healthz").json() == {"status": "ok"}
        for path in (
            "/",
            "/api/v1/version",
            "/api/v1/openapi.json",
            "/docs",
            "/api/v1/nothing",
            "/healthz/x",
        ):
            for headers in ({}, {"Authorization": "Basic eDp5"}, {"Authorization": f"Bearer tg_{'x' * 43}"}):
                answer = stranger.get(path, headers=headers)
                assert (
                    answer.status_code,
                    answer.headers["Content-Type"],
                    answer.headers["WWW-Authenticate"],
                ) == (
                    401,
                    "application/problem+json",
                    'Bearer realm="tidegate"',
                )
        assert stranger.post("/api/v1/projects", content="x" * 100).status_code == 401


def test_a_key_is_shown_once_and_kept_as_a_hash(admin, services):
    """The answer to its creation holds the key; lists and the database do not."""
    made = admin.post("/keys", json={"name": "bob", "groups": ["release-managers"]})
    token = made.json()["key"]
    assert (made.status_code, made.headers["Cache-Control"], len(token)) == (201, "no-store", 46)
    assert token not in admin.get("/keys").text
    with services.store.read() as tx:
        row = tx.execute(select(api_keys).where(api_keys.c.name == "bob")).mappings().one()
    assert row["hash"] == hash_of(token)
    assert token not in str(dict(row))


def test_a_key_says_whom_it_speaks_for(api, admin):
    """The key's name and groups are those it was made with."""
    made = admin.post("/keys", json={"name": "bob", "groups": ["release-managers"]}).json()
    headers = {"Authorization": f"Bearer {made['key']}"}
    assert httpx.get(f"{api.url}/api/v1/whoami", headers=headers).json() == {
        "name": "bob",
        "groups": ["release-managers"],
        "key": made["id"],
    }


def test_a_revoked_key_is_unknown_at_once(admin, client_of):
    """After its revocation a key gets 401; revoking again is no error, and the list shows it when asked to."""
    bob = client_of("bob")
    identity = bob.get("/whoami").json()["key"]
    assert [admin.delete(f"/keys/{identity}").status_code for _ in range(2)] == [204, 204]
    assert bob.get("/whoami").status_code == 401
    listed = {
        flag: admin.get("/keys", params={"revoked": flag}).text.count("bob") for flag in ("false", "true")
    }
    assert listed == {"false": 0, "true": 1}
    assert admin.delete("/keys/nothing").status_code == 404


def test_the_last_admin_cannot_lock_everybody_out(admin):
    """The last key of the group admins stays."""
    own = admin.get("/whoami").json()["key"]
    refused = admin.delete(f"/keys/{own}")
    assert refused.status_code == 409
    assert refused.json()["hint"] == "Create another key of that group first."
    assert admin.get("/whoami").status_code == 200


def test_keys_are_for_admins(client_of):
    """A key outside the group admins cannot make itself an approver."""
    ci = client_of("ci")
    refused = [
        ci.post("/keys", json={"name": "ci", "groups": ["admins"]}),
        ci.get("/keys"),
        ci.delete("/keys/x"),
    ]
    assert [each.status_code for each in refused] == [403, 403, 403]


def test_the_first_start_writes_the_first_key(first_key, api):
    """The first start leaves an admin's key in a file for its owner alone; later starts make none."""
    path = first_key()
    assert (path.name, path.stat().st_mode & 0o777) == ("admin.key", 0o600)
    headers = {"Authorization": f"Bearer {path.read_text().strip()}"}
    assert httpx.get(f"{api.url}/api/v1/whoami", headers=headers).json()["groups"] == ["admins"]
    assert first_key() is None
