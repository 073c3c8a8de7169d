"""What a team does once: the process, the hosts and their workers, a secret, a key for who approves, releases."""

from __future__ import annotations

from coordinator.cli.client import Client
from coordinator.cli.files import write_private
from examples.demo.programs import REVIEWER, REVIEWERS, Programs
from examples.demo.screen import Screen
from tasks.clock import new_id

PROJECT, ENVIRONMENT = "shop", "production"
SECRET = "DATABASE_PASSWORD"


def declare(admin: Client, programs: Programs, screen: Screen, password: str) -> None:
    ground = programs.ground
    admin.apply_inventory(ground.inventory_file().encode(), file="inventory.yaml", dry_run=False, prune=False)
    applied = admin.apply_process(ground.process_file().encode(), file="tidegate.yaml", dry_run=False)
    screen.say(f"process {applied['name']}: {', then '.join(step['id'] for step in applied['steps'])}")
    admin.set_secret(PROJECT, SECRET, password, {})
    screen.say(f"secret {SECRET}: set once, encrypted, sealed for the host that needs it")
    join(admin, programs)
    screen.say(f"{len(ground.hosts)} workers joined, a process on each host: {', '.join(ground.hosts)}")


def join(admin: Client, programs: Programs) -> None:
    """Give every host its join file, start its worker there, and return when all have joined."""
    for host in programs.ground.hosts:
        programs.start_worker(host, admin.add_host({"name": host}, rejoin=False)["join"])

    def joined() -> bool:
        return {host["status"] for host in admin.hosts()} == {"joined"}

    programs.wait(joined, "every host to join", 30)


def make_reviewer(admin: Client, programs: Programs) -> str:
    """Make the key of a person who may approve, keep it where that person alone may read it, and return it."""
    key = admin.create_key(REVIEWER, [REVIEWERS])["key"]
    write_private(programs.reviewer_key, lambda: f"{key}\n")
    return key


def release(client: Client, version: str, screen: Screen) -> None:
    """Create a release: from now on the version is these digests and this process."""
    made = client.create_release(PROJECT, version, {}, idempotency_key=new_id("demo"))
    digests = ", ".join(
        f"{name} {reference.partition('@')[2][:19]}" for name, reference in made["images"].items()
    )
    screen.say(f"release {PROJECT} {version}: {digests}")
