"""Documents as the API answers them."""

from datetime import timedelta

from tasks.clock import now

DIGEST = "sha256:" + "ab12cd34ef56" + "0" * 52
HASH = "3fa9" + "0" * 60
LONG_AGO = "2026-05-01T10:00:00.123456+00:00"


def curl(url, interruption, choice):
    """Return the command that answers by the API."""
    headers = "-H \"Authorization: Bearer $TIDEGATE_KEY\" -H 'Content-Type: application/json'"
    body = f'{{"choice": "{choice}", "plan_hash": "{HASH}"}}'
    return f"curl -X POST {headers} -d '{body}' '{url}/api/v1/interruptions/{interruption}/answer'"


def ahead(**length):
    return (now() + timedelta(**length)).isoformat()


def ago(**length):
    return (now() - timedelta(**length)).isoformat()


def stage(key, **changes):
    step = key.partition("/")[0]
    kind = {"gate": "gate", "bake": "bake"}.get(key.partition("/")[2], "hosts")
    plain = {"key": key, "step": step, "uses": "deploy_image", "kind": kind, "status": "waiting", "total": 1}
    return plain | {"window": 1, "alive": 0, "succeeded": 0, "failed": 0, "images": {}, "notes": []} | changes


def deployment(status, *stages, **changes):
    plain = {"id": "shop-42-k7q2", "project": "shop", "environment": "production", "release": "1.1.0"}
    times = {"created_at": LONG_AGO, "created_by": "alice", "started_at": LONG_AGO, "ended_at": None}
    more = {"status": status, "reason": "", "plan_hash": HASH, "stages": list(stages), "interruptions": []}
    return plain | times | more | changes


def task(key, status, **changes):
    step, _, host = key.partition("@")
    plain = {"key": key, "stage": step, "host": host or None, "status": status, "attempt": 1, "error": None}
    return plain | {"progress": None} | changes


def gate(**changes):
    plain = {
        "id": "shop-42-k7q2.web/gate.1",
        "deployment": "shop-42-k7q2",
        "kind": "gate",
        "task": "web/gate",
    }
    asked = {
        "plan_hash": HASH,
        "instructions": "Open the canary and place one order",
        "choices": ["approve", "reject"],
    }
    people = {
        "approvers": ["release-managers"],
        "answered_by": None,
        "answered_at": None,
        "choice": None,
        "note": "",
    }
    times = {"opened_at": LONG_AGO, "expires_at": ahead(hours=71, minutes=58, seconds=30), "status": "open"}
    return plain | asked | people | times | changes


def answered(**changes):
    given = {"status": "answered", "choice": "approve", "answered_by": "alice", "answered_at": LONG_AGO}
    return gate(**given) | changes


def host(name, **changes):
    plain = {"name": name, "address": name, "environments": ["production"], "roles": ["web"], "labels": {}}
    state = {"variables": {}, "status": "joined", "join_pending": False, "added_at": LONG_AGO, "in_use": 0}
    seen = {"joined_at": LONG_AGO, "seen_at": ago(days=5, hours=2, minutes=20), "worker_version": "0.1.0"}
    return plain | state | seen | changes


def release(**changes):
    plain = {
        "project": "shop",
        "version": "1.1.0",
        "images": {"web": f"registry.example.com/shop/web@{DIGEST}"},
    }
    return plain | {"secrets": {}, "created_at": LONG_AGO, "created_by": "alice"} | changes


def secret(name, **changes):
    plain = {"name": name, "environment": None, "role": None, "host": None, "key": name, "declared": True}
    return plain | {"version": None, "versions": 0, "set_at": None, "set_by": None} | changes


def key(name, **changes):
    plain = {"id": f"key-{name}", "name": name, "groups": ["release-managers"], "created_at": LONG_AGO}
    return plain | {"created_by": "admin", "revoked_at": None} | changes
