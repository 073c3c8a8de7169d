"""/inventory and /hosts over real HTTP, and hosts that join."""

import pytest
from sqlalchemy import update

from coordinator.conductor.errors import Forbidden
from coordinator.conductor.joining import admit
from coordinator.store import hosts as rows
from coordinator.store.tables import hosts
from tasks.clock import now
from tasks.envelope import COORDINATOR, Payload, Refused, sign
from tasks.joining import JoinFile, join_request
from tasks.keys import HostKeys

INVENTORY = """\
hosts:
  - {name: web-1, address: 10.0.0.7, environments: [production], roles: [web]}
  - {name: db-1, address: 10.0.0.8, environments: [production], roles: [db]}
"""


def join_report(file, keys, *, sender=None, signer=None):
    """Return the join of a host as it travels."""
    at = now().timestamp()
    payload = Payload(
        from_=sender or file.host,
        to=COORDINATOR,
        kind="join",
        iat=at,
        exp=at + 60,
        body=join_request(file, keys, "0.1.0").model_dump(),
    )
    return sign(payload, signer or keys)


def added(admin, name="web-1", **query):
    answer = admin.post("/hosts", json={"name": name, "environments": ["production"]}, params=query)
    assert answer.is_success, answer.text
    return JoinFile.model_validate(answer.json()["join"])


def test_an_inventory_is_applied_whole(admin):
    """Hosts are added and changed as the file says; those it lacks stay, unless pruned."""
    first = admin.put("/inventory", content=INVENTORY).json()
    assert (first["added"], first["changed"]) == (["web-1", "db-1"], [])
    one = INVENTORY.splitlines(keepends=True)[:2]
    second = admin.put("/inventory", content="".join(one).replace("10.0.0.7", "10.0.0.9")).json()
    assert (second["changed"], second["not_in_file"], second["removed"]) == (["web-1"], ["db-1"], [])
    pruned = admin.put("/inventory", content="".join(one), params={"prune": "true"}).json()
    assert (pruned["removed"], [each["name"] for each in pruned["hosts"]]) == (["db-1"], ["web-1"])
    assert admin.get("/inventory").json() == {"hosts": pruned["hosts"]}
    assert admin.get("/hosts/db-1").status_code == 404


def test_an_inventory_is_changed_only_as_it_was_seen(admin):
    """If-Match refuses an inventory that changed meanwhile; the tag of an answer is that of the next look."""
    applied = admin.put("/inventory", content=INVENTORY)
    assert admin.get("/inventory").headers["ETag"] == applied.headers["ETag"]
    seen = {"If-None-Match": applied.headers["ETag"]}
    assert admin.get("/inventory", headers=seen).status_code == 304
    refused = admin.put("/inventory", content="hosts: []\n", headers={"If-Match": '"other"'})
    assert (refused.status_code, refused.headers["ETag"]) == (412, applied.headers["ETag"])


def test_a_bad_inventory_changes_nothing(admin):
    """One bad host among good ones: nothing is added, and the place is named."""
    answer = admin.put("/inventory", content=INVENTORY.replace("name: db-1", "name: DB_1"))
    assert (answer.status_code, [each["line"] for each in answer.json()["problems"]]) == (422, [3])
    assert admin.get("/hosts").json()["items"] == []


def test_a_host_is_added_with_a_join_file_once(admin):
    """Adding answers the join file; adding again is refused until `rejoin` says that it is meant."""
    answer = admin.post("/hosts", json={"name": "web-1", "environments": ["production"], "roles": ["web"]})
    assert (answer.status_code, answer.headers["Cache-Control"]) == (201, "no-store")
    join = answer.json()["join"]
    assert (join["host"], join["broker_url"]) == ("web-1", "redis://:broker-password@127.0.0.1:6379/0")
    assert join["coordinator"]["url"] == "https://tidegate.example.com"
    shown = admin.get("/hosts/web-1").json()
    assert (shown["status"], shown["join_pending"], shown["roles"]) == ("never_joined", True, ["web"])
    assert join["secret"] not in str(shown)
    assert admin.post("/hosts", json={"name": "web-1"}).status_code == 409
    rejoin = admin.post("/hosts", json={"name": "web-1"}, params={"rejoin": "true"})
    assert (rejoin.status_code, rejoin.json()["host"]["roles"]) == (200, ["web"])
    assert rejoin.json()["join"]["secret"] != join["secret"]


def test_a_declared_host_gets_its_join_file(admin):
    """A host that the inventory declared gets its first join file without further ado, and stays as declared."""
    admin.put("/inventory", content=INVENTORY)
    answer = admin.post("/hosts", json={"name": "web-1"})
    assert (answer.status_code, answer.json()["host"]["address"]) == (200, "10.0.0.7")


def test_a_host_joins_and_is_known_by_its_keys(admin, services):
    """A join with the file's secret makes the host known; the same join again is welcome, and nothing changes."""
    keys, file = HostKeys.generate(), added(admin)
    report = join_report(file, keys)
    assert [admit(services, report), admit(services, report)] == ["web-1", "web-1"]
    shown = admin.get("/hosts/web-1").json()
    assert (shown["status"], shown["join_pending"], shown["worker_version"]) == ("joined", False, "0.1.0")
    with services.store.read() as tx:
        row = rows.row(tx, "web-1")
    assert (row["key_id"], row["sign_key"], row["seal_key"]) == (
        keys.key_id,
        keys.public.sign,
        keys.public.seal,
    )


def test_a_join_file_works_once(admin, services):
    """Other keys with a used secret are refused, and the host keeps the keys it joined with."""
    keys, file = HostKeys.generate(), added(admin)
    admit(services, join_report(file, keys))
    with pytest.raises(Forbidden, match="joined before, with other keys"):
        admit(services, join_report(file, HostKeys.generate()))
    with services.store.read() as tx:
        assert rows.row(tx, "web-1")["key_id"] == keys.key_id


def test_a_reinstalled_host_joins_with_a_new_file(admin, services):
    """After `rejoin` the old file is refused, the old keys hold until the new join, and then the new ones."""
    old, new, first = HostKeys.generate(), HostKeys.generate(), added(admin)
    admit(services, join_report(first, old))
    second = added(admin, rejoin="true")
    with pytest.raises(Forbidden, match="not the newest one"):
        admit(services, join_report(first, new))
    with services.store.read() as tx:
        assert rows.row(tx, "web-1")["key_id"] == old.key_id
    assert admit(services, join_report(second, new)) == "web-1"
    with services.store.read() as tx:
        assert rows.row(tx, "web-1")["key_id"] == new.key_id


def test_a_join_that_is_not_genuine_is_refused(admin, services):
    """Signed by another key, sent in another's name, for another host, or no join at all: refused, nothing changes."""
    keys, other, file = HostKeys.generate(), HostKeys.generate(), added(admin)
    for report in (
        join_report(file, keys, signer=other),
        join_report(file, keys, sender="web-2"),
        ["{}", "", ""],
        [1, 2],
    ):
        with pytest.raises(Refused):
            admit(services, report)
    with pytest.raises(Forbidden, match="never added"):
        admit(services, join_report(file.model_copy(update={"host": "web-2"}), keys))
    assert admin.get("/hosts/web-1").json()["status"] == "never_joined"


def test_a_host_with_tasks_in_flight_stays(admin, services):
    """A busy host can neither be removed nor pruned; an idle one goes, and its keys with it."""
    admit(services, join_report(added(admin), HostKeys.generate()))
    with services.store.write() as tx:
        tx.execute(update(hosts).values(in_use=2))
    refused = admin.delete("/hosts/web-1")
    assert (refused.status_code, refused.json()["detail"]) == (
        409,
        "hosts with tasks in flight cannot be removed: web-1 (2)",
    )
    assert admin.put("/inventory", content="hosts: []\n", params={"prune": "true"}).status_code == 409
    with services.store.write() as tx:
        tx.execute(update(hosts).values(in_use=0))
    assert [admin.delete("/hosts/web-1").status_code for _ in range(2)] == [204, 404]
    again = admin.post("/hosts", json={"name": "web-1"})
    assert (again.status_code, again.json()["host"]["status"]) == (201, "never_joined")


def test_hosts_are_listed_by_environment_and_role(admin):
    """Filters show only the hosts that fit, page by page."""
    listed = "".join(
        f"  - {{name: web-{n}, environments: [{'uat' if n % 2 else 'production'}], roles: [web]}}\n"
        for n in range(1, 6)
    )
    admin.put("/inventory", content=f"hosts:\n{listed}")
    first = admin.get("/hosts", params={"environment": "uat", "limit": 2}).json()
    second = admin.get("/hosts", params={"environment": "uat", "limit": 2, "cursor": first["next"]}).json()
    assert [[each["name"] for each in part["items"]] for part in (first, second)] == [
        ["web-1", "web-3"],
        ["web-5"],
    ]
    assert admin.get("/hosts", params={"role": "db"}).json() == {"items": [], "next": None}


def test_hosts_are_for_admins(client_of):
    """A key outside the group admins may look at hosts, and may not add, apply or remove any."""
    ci = client_of("ci")
    assert ci.get("/hosts").status_code == 200
    refused = [
        ci.post("/hosts", json={"name": "web-1"}),
        ci.put("/inventory", content=INVENTORY),
        ci.delete("/hosts/web-1"),
    ]
    assert [each.status_code for each in refused] == [403, 403, 403]
    assert refused[0].json()["detail"] == "ci may not add hosts: that needs a key of the group admins"
