"""The example application in the lab: its images, its database, its files."""

from __future__ import annotations

import io
import tarfile
import time

import httpx
import pytest

from config.inventory import load_inventory
from config.process import load_process
from tasks.catalog import parameters
from tests.lab import CONTROL, shop, wait_until

pytestmark = pytest.mark.lab


def test_postgres_is_dumped_and_restored_in_its_stand_in(lab):
    """pg_dump in the running container gives a dump that pg_restore reads in another one without a network."""
    database = shop.start_database(lab)
    client = lab.client(database.host)
    container = client.containers.get(database.container)
    spare = client.containers.run(
        "postgres:16-alpine", detach=True, network_mode="none", environment={"POSTGRES_PASSWORD": "x"}
    )
    try:
        dump = container.exec_run(["timeout", "60", "pg_dump", "-Fc", "-U", "shop", "shop"])
        ready = ["pg_isready", "-h", "127.0.0.1"]
        wait_until(lambda: spare.exec_run(ready).exit_code == 0, "the spare server", 60)
        spare.put_archive("/", _archive("dump", dump.output))
        restore = "createdb -U postgres shop && pg_restore -U postgres --no-owner -d shop /dump"
        restored = spare.exec_run(["sh", "-c", restore])
        counted = spare.exec_run(
            ["psql", "-U", "postgres", "-d", "shop", "-Atc", "SELECT count(*) FROM orders"]
        )
        assert (dump.exit_code, restored, counted.output) == (0, (0, b""), b"1000\n")
    finally:
        spare.remove(force=True, v=True)
        _remove_database(lab)


def test_the_shop_takes_an_order_and_stops_at_once(lab):
    """The shop's page shows its version, its setting and its database; its first process ends when it is told to."""
    database = shop.start_database(lab)
    image = shop.build_and_push(lab, "1.1.0")
    env = {"DATABASE_URL": database.url, "LOG_LEVEL": "debug"}
    client = lab.client("web-1")
    web = client.containers.run(image.web, detach=True, environment=env, ports={"8080/tcp": 8080})
    mailer = client.containers.run(image.mailer, detach=True, environment=env)
    try:
        address = f"http://{lab.address('web-1')}:8080"
        wait_until(lambda: _status(lab, f"{address}/up") == 200, "the shop's page")
        order = lab.call(CONTROL, httpx.post, f"{address}/cgi-bin/order.cgi")
        page = lab.call(CONTROL, httpx.get, address).text
        assert (order.status_code, order.text) == (201, "order 1001\n")
        assert [w in page for w in ("shop 1.1.0", "1001 orders", "LOG_LEVEL=debug", "free delivery")] == [
            True
        ] * 4
        wait_until(lambda: b"order 1001 confirmed" in mailer.logs(), "the mailer to see the order")
        begun = time.monotonic()
        web.stop()
        mailer.stop()
        assert time.monotonic() - begun < 3
    finally:
        web.remove(force=True)
        mailer.remove(force=True)
        _remove_database(lab)


def test_the_shop_can_be_built_broken(lab):
    """One broken version never gets healthy, the other ends at once."""
    sick = shop.build_and_push(lab, "1.2.0", broken="never-healthy")
    dead = shop.build_and_push(lab, "1.2.1", broken="exits")
    client = lab.client("web-2")
    one = client.containers.run(sick.web, detach=True, ports={"8080/tcp": 8080})
    two = client.containers.run(dead.web, detach=True)
    try:
        health = f"http://{lab.address('web-2')}:8080/up"
        assert wait_until(lambda: _status(lab, health), "the shop's answer") == 404
        assert two.wait(timeout=10)["StatusCode"] == 1
    finally:
        one.remove(force=True)
        two.remove(force=True)


def test_the_shops_files_load_with_the_labs_addresses(lab):
    """The example's process and inventory are valid, and in the lab they name its registry and its hosts."""
    process = load_process(shop.process_file(lab, log_level="debug"), parameters())
    inventory = load_inventory(shop.inventory_file(lab), "inventory.yaml")
    assert str(process.images["web"]) == f"{lab.registry.address}/shop/web"
    assert {host.name: host.address for host in inventory.hosts} == {
        host: lab.address(host) for host in lab.hosts
    }


def _status(lab, url):
    try:
        return lab.call(CONTROL, httpx.get, url).status_code
    except httpx.HTTPError:
        return None


def _remove_database(lab):
    client = lab.client("db-1")
    client.containers.get("shop-db").remove(force=True)
    client.volumes.get("shop-db").remove()


def _archive(name, content):
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w") as archive:
        entry = tarfile.TarInfo(name)
        entry.size = len(content)
        archive.addfile(entry, io.BytesIO(content))
    return target.getvalue()
