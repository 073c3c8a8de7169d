"""The story, from top to bottom. All that is asked of Tidegate is asked through its public API."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from coordinator.cli.client import Client
from examples.demo import gate
from examples.demo.declaring import ENVIRONMENT, PROJECT, declare, make_reviewer, release
from examples.demo.errors import DemoError
from examples.demo.following import Watch
from examples.demo.ground import Ground
from examples.demo.judging import Digests, check_all, check_canary
from examples.demo.looking import Seen, look
from examples.demo.programs import Programs, connect
from examples.demo.screen import Screen
from tasks.clock import new_id
from tests.lab import shop

OLD, NEW = "1.0.0", "1.1.0"


@dataclass
class Story:
    """Told once. `asks`: the gate of 1.1.0 waits for a person."""

    ground: Ground
    screen: Screen
    asks: bool
    report: dict[str, Any] = field(default_factory=dict)
    images: dict[str, Digests] = field(default_factory=dict)  # by version, by application

    def __post_init__(self) -> None:
        self.programs = Programs(self.ground)

    def run(self) -> None:
        """Raise DemoError when something of it does not come out right."""
        self.screen.title(
            "Tidegate takes a release to Docker hosts: to one first, to the others when a person says so"
        )
        with self.screen.part("bring-up", "The hosts"):
            admin, password = self._bring_up()
        with self.screen.part("build", f"Two versions of examples/shop: {OLD} and {NEW}"):
            self._build()
        with self.screen.part("declare", "What is released, where, in which order"):
            declare(admin, self.programs, self.screen, password)
            client = connect(self.programs.url, make_reviewer(admin, self.programs))
            for version in self.images:
                release(client, version, self.screen)
        with self.screen.part(
            f"deploy {OLD}", f"{OLD} goes to every host; its gate is approved without asking you"
        ):
            self._deploy_old(client)
        asked = "your decision" if self.asks else "a decision"
        with self.screen.part(
            f"{NEW} in all", f"{NEW}: backup, one host, {asked}, the others, then the mailer"
        ):
            self._deploy_new(client)

    def _bring_up(self) -> tuple[Client, str]:
        """Return the first key's client and the database's password."""
        self.ground.up(self.screen.say)
        self.report["ground"] = {"kind": self.ground.kind, **self.ground.marks}
        for sentence in self.ground.sentences:
            self.screen.say(sentence)
        self.programs.launch_coordinator()
        password = self.ground.start_database()
        admin = self.programs.await_coordinator()
        self.screen.say(f"the shop's PostgreSQL on {self.ground.hosts[-1]}, with a thousand orders")
        self.screen.say(f"the coordinator at {self.programs.url}, with SQLite and its own broker")
        return admin, password

    def _build(self) -> None:
        for version in (OLD, NEW):
            names = shop.build(self.ground.builder, self.ground.registry, version)
            self.images[version] = {
                each: shop.push(self.ground.builder, name) for each, name in names.items()
            }
        self.report["images"] = self.images
        self.screen.say("web and mailer of both, built and pushed to the registry")

    def _deploy_old(self, client: Client) -> None:
        watch = self._deploy(client, OLD)
        gate.approve(client, watch.until_gate(), "the first release: nothing to compare it with")
        watch.succeeded()
        found = self._look("first")
        check_all(found, self.images[OLD], OLD, self._mailer(watch))

    def _deploy_new(self, client: Client) -> None:
        watch = self._deploy(client, NEW)
        asked = watch.until_gate()
        canary = watch.hosts["web/canary"][0]
        self.screen.say("What each host's Docker engine runs while the gate waits, and what its page says:")
        check_canary(self._look("gate"), canary, self.images[OLD], self.images[NEW])
        page = self.ground.page(canary)
        if self.asks:
            gate.ask(watch, client, asked, self.programs, page)
        else:
            gate.review(client, asked, self.screen, page)
        approved = client.interruption(asked["id"])["choice"] == "approve"
        self.screen.say("approved" if approved else "rejected")
        ended = watch.succeeded() if approved else watch.until_end()
        self.report |= {"status": ended["status"], "approved": approved}
        self.screen.times |= watch.took
        self._conclude(watch, canary, approved=approved)

    def _conclude(self, watch: Watch, canary: str, *, approved: bool) -> None:
        self.screen.say("What each host's Docker engine runs now, and what its page says:")
        found = self._look("end")
        if approved:
            check_all(found, self.images[NEW], NEW, self._mailer(watch))
        else:
            check_canary(found, canary, self.images[OLD], self.images[NEW])
            self.screen.say(f"rejected: {canary} keeps {NEW}, the others never left {OLD}")

    def _deploy(self, client: Client, version: str) -> Watch:
        plan = client.plan(PROJECT, version, ENVIRONMENT)
        started = client.deploy(PROJECT, version, ENVIRONMENT, idempotency_key=new_id("demo"))
        if started["plan_hash"] != plan["hash"]:
            raise DemoError(f"{started['id']} executes another plan than the one that was previewed")
        hosts = {stage["key"]: stage["hosts"] for stage in plan["stages"]}
        return Watch(client, self.programs, self.screen, started["id"], hosts)

    def _look(self, moment: str) -> list[Seen]:
        """Show what each host runs, and keep it in the report."""
        found = look(self.ground)
        versions = {digest: version for version, known in self.images.items() for digest in known.values()}
        self.screen.hosts(found, versions)
        self.report[moment] = {seen.host: asdict(seen) for seen in found}
        return found

    def _mailer(self, watch: Watch) -> str:
        return watch.hosts["mailer"][0]
