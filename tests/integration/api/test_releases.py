"""/releases against a real registry over HTTP, on both databases."""

import httpx
import pytest

pytestmark = pytest.mark.usefixtures("shop")
NEW = {"project": "shop", "version": "1.0.0"}


def test_a_release_pins_digests_and_secret_versions(admin, registry):
    """A release holds the digest that the tag had and the secret's newest version; both stay when they move on."""
    digest = registry.push("shop/web", "1.0.0")
    secret = "/projects/shop/secrets/DATABASE_URL"
    version = admin.put(secret, json={"value": "postgres://one", "environment": "production"}).json()[
        "version"
    ]
    made = admin.post("/releases", json=NEW)
    registry.push("shop/web", "1.0.0", "moved")
    admin.put(secret, json={"value": "postgres://two", "environment": "production"})
    kept = admin.get("/releases/shop/1.0.0").json()
    assert (made.status_code, made.headers["Location"]) == (201, "/api/v1/releases/shop/1.0.0")
    assert (
        made.json()
        == kept
        == {
            "project": "shop",
            "version": "1.0.0",
            "images": {"web": f"{registry.host}/shop/web@{digest}"},
            "secrets": {"DATABASE_URL?environment=production": version},
            "created_at": kept["created_at"],
            "created_by": "alice",
        }
    )


def test_the_same_release_again_is_no_error(admin, shop, registry):
    """The same content is answered with 200, other content under the same version with 409 and what differs."""
    registry.push("shop/web", "1.0.0")
    assert [admin.post("/releases", json=NEW).status_code for _ in range(2)] == [201, 200]
    old = admin.get("/releases/shop/1.0.0").json()["images"]["web"]
    moved = f"{registry.host}/shop/web@{registry.push('shop/web', '1.0.0', 'moved')}"
    admin.post("/projects", content=shop.replace("role: web", "role: other"))
    refused = admin.post("/releases", json=NEW)
    assert refused.status_code == 409
    assert [each["sentence"] for each in refused.json()["problems"]] == [
        f"image web is {moved} now, the release has {old}",
        "the project's process was changed since",
    ]


def test_a_key_against_repetition(admin, registry):
    """The same key with the same request gets the same answer without asking the registry; with another one 422."""
    registry.push("shop/web", "1.0.0")
    headers = {"Idempotency-Key": "run-17"}
    first = admin.post("/releases", json=NEW, headers=headers)
    registry.answers = 500
    again = admin.post("/releases", json=NEW, headers=headers)
    other = admin.post("/releases", json={**NEW, "version": "2.0.0"}, headers=headers)
    assert (first.status_code, again.status_code) == (201, 201)
    assert (again.json(), again.headers["Idempotency-Replayed"]) == (first.json(), "true")
    assert (other.status_code, other.json()["detail"]) == (
        422,
        "the idempotency key run-17 was used for another request",
    )


def test_another_tag_or_a_digest_may_be_named(admin, registry):
    """An image's own tag, or its digest, stands where the version would."""
    digest = registry.push("shop/web", "nightly")
    for version, named in (("1", "nightly"), ("2", digest)):
        made = admin.post("/releases", json={**NEW, "version": version, "images": {"web": named}})
        assert made.json()["images"] == {"web": f"{registry.host}/shop/web@{digest}"}


@pytest.mark.parametrize("wants", ["token", None])
@pytest.mark.parametrize("names_digests", [True, False])
def test_registries_differ(admin, registry, wants, names_digests):
    """Registries that hand out tokens, and those that do not name digests, are understood."""
    registry.wants, registry.names_digests = wants, names_digests
    digest = registry.push("shop/web", "1.0.0")
    made = admin.post("/releases", json=NEW)
    assert made.json()["images"] == {"web": f"{registry.host}/shop/web@{digest}"}
    accepted = registry.requests[0][2]["Accept"]
    assert "manifest.list.v2+json" in accepted
    assert "image.index.v1+json" in accepted


def test_what_a_registry_refuses_is_said(admin, registry):
    """An unknown tag, wanted sign-in and a failing registry are told apart, and no release is made."""

    def told(status, sentence, *, retryable):
        answer = admin.post("/releases", json=NEW)
        document = answer.json()
        assert (answer.status_code, document["detail"], document["retryable"]) == (
            status,
            sentence,
            retryable,
        )

    image = f"{registry.host}/shop/web:1.0.0"
    told(422, f"registry {registry.host} has no image {image}", retryable=False)
    private = (
        f"registry {registry.host} does not show {image} without sign-in: "
        "it is private, or there is no such image"
    )
    for registry.wants in ("basic", "refuse"):
        told(422, private, retryable=False)
    registry.wants, registry.answers = None, 500
    told(503, f"registry {registry.host} answered 500 for {image}", retryable=True)
    registry.answers = 429
    told(503, f"registry {registry.host} wants fewer requests now", retryable=True)
    assert admin.get("/releases", params={"project": "shop"}).json()["items"] == []


def test_a_registry_that_cannot_be_reached(admin, registry):
    """A registry that is down gives 503 with Retry-After and its name."""
    registry.stop()
    answer = admin.post("/releases", json=NEW)
    registry.start = registry.stop = lambda: None
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert answer.json()["detail"].startswith(f"registry {registry.host} cannot be reached")


def test_unknown_images_and_versions_are_refused(admin):
    """An image that the process lacks is named with the nearest one; a version must fit a tag."""
    answer = admin.post("/releases", json={**NEW, "images": {"wep": "1"}})
    assert (answer.status_code, answer.json()["detail"], answer.json()["hint"]) == (
        422,
        "the process of shop has no image wep; it has: web",
        "Did you mean web?",
    )
    assert admin.post("/releases", json={**NEW, "version": "1.0.0+build"}).status_code == 422
    assert admin.post("/releases", json={**NEW, "project": "nothing"}).status_code == 404


def test_releases_are_listed_newest_first(admin, registry):
    """Pages of two show five releases from the newest to the oldest."""
    versions = ["1", "2", "3", "4", "5"]
    for version in versions:
        registry.push("shop/web", version)
        assert admin.post("/releases", json={**NEW, "version": version}).status_code == httpx.codes.CREATED
    seen, cursor = [], {}
    while cursor is not None:
        answer = admin.get("/releases", params={"limit": 2, **cursor}).json()
        seen += [each["version"] for each in answer["items"]]
        cursor = {"cursor": answer["next"]} if answer["next"] else None
    assert seen == list(reversed(versions))
