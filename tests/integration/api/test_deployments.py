"""/plans, /deployments, /interruptions and logs over real HTTP, on both databases."""

import json
import threading

import httpx
import pytest
from sqlalchemy import insert, update

from coordinator.store.tables import attempts, deployments, hosts, interruptions, reports
from tasks.clock import now
from tests.integration.transport.waiting import wait_until

pytestmark = pytest.mark.usefixtures("ready")
WANTED = {"project": "shop", "release": "1.0.0", "environment": "uat"}


@pytest.fixture
def ready(admin, process, registry, services):
    """Two joined hosts, and release 1.0.0 with a canary and a gate for release managers."""
    gate = "    rollout: {canary: 1, gate: {instructions: Look, approvers: [release-managers]}}\n"
    assert admin.post("/projects", content=process + gate).is_success
    listed = [f"{{name: web-{n}, environments: [uat], roles: [web]}}" for n in (1, 2)]
    assert admin.put("/inventory", content=f"hosts: [{', '.join(listed)}]\n").is_success
    registry.push("shop/web", "1.0.0")
    assert admin.post("/releases", json={"project": "shop", "version": "1.0.0"}).is_success
    with services.store.write() as tx:
        tx.execute(update(hosts).values(joined_at=now()))


def attempt_of(services, deployment, task="web@web-1"):
    """Store an attempt as the running side does; return its id."""
    identity = f"{deployment}.{task}.1"
    row = {
        "id": identity,
        "deployment": deployment,
        "task": task,
        "number": 1,
        "host": "web-1",
        "sent_at": now(),
    }
    with services.store.write() as tx:
        if tx.execute(update(attempts).where(attempts.c.id == identity).values(host="web-1")).rowcount == 0:
            tx.execute(insert(attempts).values(row))
    return identity


def say(services, attempt, seq, text):
    """Store one batch of log lines."""
    line = {"at": now().isoformat(), "stream": "stdout", "text": text}
    row = {"attempt": attempt, "seq": seq, "deployment": attempt.partition(".")[0], "kind": "log"}
    with services.store.write() as tx:
        tx.execute(insert(reports).values({**row, "body": {"lines": [line]}, "received_at": now()}))


def end(services, deployment):
    with services.store.write() as tx:
        ended = {"status": "succeeded", "open_interruptions": 0, "ended_at": now()}
        tx.execute(update(deployments).where(deployments.c.id == deployment).values(ended))


def test_a_plan_is_shown_and_nothing_is_written(admin):
    """The preview names stages, hosts and the hash, twice the same, and makes no deployment."""
    first, second = (admin.post("/plans", json=WANTED).json() for _ in range(2))
    assert first == second
    assert [(stage["key"], stage["kind"], stage["hosts"]) for stage in first["stages"]] == [
        ("web/canary", "hosts", ["web-1"]),
        ("web/gate", "gate", []),
        ("web", "hosts", ["web-2"]),
    ]
    assert (len(first["hash"]), first["hosts"]) == (64, ["web-1", "web-2"])
    assert first["stages"][1]["gate"] == {
        "instructions": "Look",
        "approvers": ["release-managers"],
        "timeout": 259200.0,
    }
    tasks = admin.post("/plans", json=WANTED, params={"tasks": "true"}).json()["tasks"]
    assert [task["key"] for task in tasks] == ["web@web-1", "web/gate", "web@web-2"]
    assert admin.get("/deployments").json()["items"] == []


def test_a_plan_that_cannot_be_made_says_why(admin):
    """A missing secret, an unknown environment and an unknown release are told apart."""
    refused = admin.post("/plans", json={**WANTED, "environment": "production"})
    assert refused.status_code == 422
    assert "matches no host of environment production" in refused.json()["problems"][0]["sentence"]
    assert admin.post("/plans", json={**WANTED, "environment": "moon"}).status_code == 422
    assert admin.post("/plans", json={**WANTED, "release": "9"}).status_code == 404


def test_a_deployment_is_created_once(admin):
    """The same idempotency key gives the same deployment; without one the second is refused by the first's id."""
    headers = {"Idempotency-Key": "run-1"}
    first, again = (admin.post("/deployments", json=WANTED, headers=headers) for _ in range(2))
    assert [first.status_code, again.status_code] == [201, 201]
    identity = first.json()["id"]
    assert first.headers["Location"] == f"/api/v1/deployments/{identity}"
    assert again.json()["id"] == identity
    refused = admin.post("/deployments", json=WANTED)
    assert (refused.status_code, identity in refused.json()["detail"]) == (409, True)
    assert [each["id"] for each in admin.get("/deployments", params={"project": "shop"}).json()["items"]] == [
        identity
    ]


def test_a_deployment_is_looked_at(admin):
    """Its stages, tasks and each task are shown; an unchanged one is not sent twice."""
    identity = admin.post("/deployments", json=WANTED).json()["id"]
    shown = admin.get(f"/deployments/{identity}")
    assert [stage["key"] for stage in shown.json()["stages"]] == ["web/canary", "web/gate", "web"]
    again = admin.get(f"/deployments/{identity}", headers={"If-None-Match": shown.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    first = admin.get(f"/deployments/{identity}/tasks", params={"limit": 2}).json()
    rest = admin.get(f"/deployments/{identity}/tasks", params={"limit": 2, "cursor": first["next"]}).json()
    assert [[each["key"] for each in part["items"]] for part in (first, rest)] == [
        ["web@web-1", "web/gate"],
        ["web@web-2"],
    ]
    assert admin.get(f"/deployments/{identity}/tasks/web/gate").json()["key"] == "web/gate"
    assert admin.get(f"/deployments/{identity}/tasks/web@web-9").status_code == 404


def test_a_cancelled_deployment_says_so(admin):
    """Cancelling answers 202 with the deployment; an ended one cannot be cancelled."""
    identity = admin.post("/deployments", json=WANTED).json()["id"]
    assert admin.post(f"/deployments/{identity}/cancel").status_code == 202
    assert admin.get(f"/deployments/{identity}").json()["status"] in {"cancelling", "cancelled"}
    assert admin.post("/deployments/nothing/cancel").status_code == 404


def test_logs_are_read_page_by_page(admin, services):
    """Entries come in order, from where the reader was, and `after` is where to go on."""
    identity = admin.post("/deployments", json=WANTED).json()["id"]
    attempt = attempt_of(services, identity)
    for seq in (1, 2, 3):
        say(services, attempt, seq, f"line {seq}")
    url = f"/deployments/{identity}/logs"
    first = admin.get(url, params={"limit": 2}).json()
    rest = admin.get(url, params={"limit": 2, "after": first["after"]}).json()
    nothing = admin.get(url, params={"after": rest["after"]}).json()
    texts = [
        [line["text"] for entry in part["items"] for line in entry["lines"]]
        for part in (first, rest, nothing)
    ]
    assert texts == [["line 1", "line 2"], ["line 3"], []]
    assert (first["more"], rest["more"], nothing["after"]) == (True, False, rest["after"])
    assert admin.get(url, params={"task": "web@web-2"}).json()["items"] == []


def events(text):
    """Return (event, data) of each server-sent event."""
    found = []
    for block in filter(None, text.split("\n\n")):
        lines = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
        if lines:
            found.append((lines["event"], json.loads(lines["data"]), lines.get("id")))
    return found


def test_a_follower_sees_everything_and_the_end(admin, services):
    """What is logged before and while a client follows arrives in order, then the end, and the stream closes."""
    identity = admin.post("/deployments", json=WANTED).json()["id"]
    attempt = attempt_of(services, identity)
    say(services, attempt, 1, "before")
    text = []

    def follow():
        with admin.stream("GET", f"/deployments/{identity}/logs/follow", timeout=30) as answer:
            assert answer.headers["Content-Type"].startswith("text/event-stream")
            text.extend(answer.iter_text())

    thread = threading.Thread(target=follow)
    thread.start()
    wait_until(lambda: "before" in "".join(text), "the first entry arrives")
    say(services, attempt, 2, "while")
    wait_until(lambda: "while" in "".join(text), "the second entry arrives")
    end(services, identity)
    thread.join(20)
    seen = events("".join(text))
    assert [data["lines"][0]["text"] for event, data, _ in seen if event == "log"] == ["before", "while"]
    assert [data["status"] for event, data, _ in seen if event == "status"] == ["running", "succeeded"]
    assert seen[-1] == ("end", {"status": "succeeded"}, None)


def test_a_follower_goes_on_where_it_was_cut_off(admin, services):
    """Last-Event-ID wins over `after`: nothing is sent twice and nothing is left out."""
    identity = admin.post("/deployments", json=WANTED).json()["id"]
    attempt = attempt_of(services, identity)
    for seq in (1, 2, 3):
        say(services, attempt, seq, f"line {seq}")
    end(services, identity)
    url = f"/deployments/{identity}/logs/follow"
    first = admin.get(url, timeout=30).text
    serials = [number for event, _, number in events(first) if event == "log"]
    again = admin.get(url, params={"after": 0}, headers={"Last-Event-ID": serials[1]}, timeout=30).text
    assert [number for event, _, number in events(again) if event == "log"] == serials[2:]


def test_the_api_stops_while_somebody_follows(api, admin):
    """A follower of a deployment that goes on for days does not keep the program from stopping."""
    identity = admin.post("/deployments", json=WANTED).json()["id"]
    with admin.stream("GET", f"/deployments/{identity}/logs/follow", timeout=30) as answer:
        assert next(answer.iter_text())
        api.stop()


def open_gate(services, admin):
    """Return a deployment's interruption, put there as the running side does."""
    identity = admin.post("/deployments", json=WANTED).json()
    row = {
        "id": f"{identity['id']}.web/gate",
        "deployment": identity["id"],
        "kind": "gate",
        "task": "web/gate",
        "plan_hash": identity["plan_hash"],
        "instructions": "Look",
        "approvers": ["release-managers"],
        "opened_at": now(),
        "expires_at": now().replace(year=now().year + 1),
        "status": "open",
    }
    with services.store.write() as tx:
        tx.execute(insert(interruptions).values(row))
    return row


def test_an_interruption_is_shown_and_bound_to_its_people(admin, client_of, services):
    """An open gate is listed with its choices; other plans, other people and other words are refused."""
    gate = open_gate(services, admin)
    (listed,) = admin.get("/interruptions").json()["items"]
    assert (listed["id"], listed["choices"]) == (gate["id"], ["approve", "reject"])
    assert admin.get(f"/interruptions/{gate['id']}").json() == listed
    url = f"/interruptions/{gate['id']}/answer"
    assert client_of("ci").post(url, json={"choice": "approve"}).status_code == httpx.codes.FORBIDDEN
    manager = client_of("bob", "release-managers")
    assert manager.post(url, json={"choice": "retry"}).status_code == httpx.codes.UNPROCESSABLE_ENTITY
    assert (
        manager.post(url, json={"choice": "approve", "plan_hash": "0" * 64}).status_code
        == httpx.codes.CONFLICT
    )
    assert manager.post("/interruptions/nothing/answer", json={"choice": "approve"}).status_code == 404
