"""The example application in the lab: its images, its database, its files with the lab's addresses."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import docker
from ruamel.yaml import YAML

from tests.lab.errors import LabError
from tests.lab.images import POSTGRES
from tests.lab.lab import Lab
from tests.lab.waiting import wait_until

FOLDER = Path(__file__).resolve().parents[2] / "examples" / "shop"
PUBLIC = "registry.example.com"  # what the example's files call the registry
DATABASE = "shop-db"  # the container, as the process file names it
DATABASE_HOST = "db-1"
PASSWORD = "tea-and-biscuits"  # of a database that lives as long as the lab
PORT = 8080
DATABASE_PORT = 5432


@dataclass(frozen=True)
class ShopImages:
    """Names with tags as they were pushed, and the digests that the registry keeps them under."""

    web: str
    mailer: str
    web_digest: str
    mailer_digest: str


@dataclass(frozen=True)
class ShopDatabase:
    host: str
    container: str
    address: str
    password: str
    url: str


def build(client: docker.DockerClient, registry: str, version: str, *, broken: str = "no") -> dict[str, str]:
    """Build web and mailer of a version on an engine that has busybox:stable; return name by application.

    `broken`: `never-healthy` (web's /up answers 404) or `exits` (web ends at once with exit code 1).
    """
    names = {}
    for application in ("web", "mailer"):
        names[application] = f"{registry}/shop/{application}:{version}"
        client.images.build(
            path=str(FOLDER),
            dockerfile=f"{application}/Dockerfile",
            tag=names[application],
            buildargs={"VERSION": version, **({"BROKEN": broken} if application == "web" else {})},
            rm=True,
        )
    return names


def push(client: docker.DockerClient, name: str) -> str:
    """Push an image and return its digest, such as `sha256:7e40...`; LabError with the engine's words if it fails."""
    lines = [json.loads(line) for line in client.images.push(name).splitlines() if line]
    if errors := [line["error"] for line in lines if "error" in line]:
        raise LabError(f"{name} was not pushed: {errors[0]}")
    return next(str(line["aux"]["Digest"]) for line in lines if "aux" in line)


def build_and_push(lab: Lab, version: str, *, broken: str = "no") -> ShopImages:
    """Build a version on the lab's builder and push it, so that each host has to pull it."""
    client = lab.builder.client
    names = build(client, lab.registry.address, version, broken=broken)
    digests = {application: push(client, name) for application, name in names.items()}
    return ShopImages(names["web"], names["mailer"], digests["web"], digests["mailer"])


def start_database(lab: Lab, host: str = DATABASE_HOST) -> ShopDatabase:
    """Start PostgreSQL with a thousand orders on a host and return when it answers."""
    lab.load(host, POSTGRES)
    container = lab.client(host).containers.run(
        POSTGRES,
        name=DATABASE,
        detach=True,
        environment={
            "POSTGRES_USER": "shop",
            "POSTGRES_DB": "shop",
            "POSTGRES_PASSWORD": PASSWORD,
            "POSTGRES_HOST_AUTH_METHOD": "password",  # the shop's own small client knows no other
        },
        ports={f"{DATABASE_PORT}/tcp": DATABASE_PORT},
        volumes={
            "shop-db": {"bind": "/var/lib/postgresql/data", "mode": "rw"},
            str(FOLDER / "database"): {"bind": "/docker-entrypoint-initdb.d", "mode": "ro"},
        },
        restart_policy={"Name": "always"},
    )
    # Over TCP: while the server fills the new database it listens on its unix socket alone.
    ready = ["pg_isready", "-h", "127.0.0.1", "-U", "shop", "-d", "shop"]
    wait_until(lambda: container.exec_run(ready).exit_code == 0, "the shop's database", 60)
    return database_of(lab, host)


def database_of(lab: Lab, host: str = DATABASE_HOST) -> ShopDatabase:
    address = lab.address(host)
    url = f"postgres://shop:{PASSWORD}@{address}:{DATABASE_PORT}/shop"
    return ShopDatabase(host, DATABASE, address, PASSWORD, url)


def orders(lab: Lab, host: str = DATABASE_HOST) -> int:
    """Return how many orders the database holds."""
    container = lab.client(host).containers.get(DATABASE)
    done = container.exec_run(["psql", "-U", "shop", "-d", "shop", "-Atc", "SELECT count(*) FROM orders"])
    return int(cast("bytes", done.output))


def process_file(lab: Lab, *, log_level: str = "info") -> str:
    """Return the example's process file with the lab's registry and database."""
    text = (FOLDER / "tidegate.yaml").read_text()
    text = text.replace(PUBLIC, lab.registry.address).replace("192.0.2.14", lab.address(DATABASE_HOST))
    return text.replace("LOG_LEVEL: info", f"LOG_LEVEL: {log_level}")


def inventory_file(lab: Lab) -> str:
    """Return the example's inventory with the lab's addresses."""
    yaml = YAML(typ="safe")
    inventory: dict[str, list[dict[str, Any]]] = yaml.load((FOLDER / "inventory.yaml").read_text())
    hosts = [{**host, "address": lab.address(host["name"])} for host in inventory["hosts"]]
    return json.dumps({"hosts": hosts}, indent=1)  # JSON is YAML, too
