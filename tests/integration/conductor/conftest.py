"""Real coordinator processes, a real database and broker, and simulated hosts around them."""

from contextlib import ExitStack, contextmanager
from functools import partial

import pytest
from sqlalchemy import insert

from config.inventory import Host
from config.secret import Secret
from config.settings import CoordinatorSettings
from coordinator.conductor.services import Person
from coordinator.program import build_services
from coordinator.store import hosts
from coordinator.store.database import Store
from coordinator.store.tables import projects, releases
from tasks import clock
from tests.coordinator_process import CoordinatorProcess
from tests.fleet import Fleet

ALICE = Person("alice", ("release-managers",))
PROCESS = """\
project: shop
environments: [production]
process:
  - id: check
    uses: check_http
    hosts: {role: web}
    rollout: ROLLOUT
    start_within: 10s
    with: {url: "http://{{ tidegate.address }}/up"}
"""


class House:
    """A declared project, simulated hosts, coordinator processes; `services` calls use cases beside them."""

    PROCESS = PROCESS

    def __init__(self, services, broker_url, names):
        self.services = services
        self.fleet = Fleet(broker_url, names)
        self.coordinators: list[CoordinatorProcess] = []
        self.project = "shop"
        with services.store.write() as tx:
            for name in names:
                hosts.declare(tx, Host(name=name, environments=("production",), roles=("web",)), clock.now())
        self.fleet.join(services.store, services.keys.public, clock.now())

    def ran(self, *deployments):
        """Return how often each attempt of these deployments was carried out."""
        return {
            attempt: times
            for attempt, times in self.fleet.ran.items()
            if attempt.partition(".")[0] in deployments
        }

    def declare(self, rollout="{}", *, project="shop", process=PROCESS):
        """Put a project with three releases into the database; from now on it is `project`."""
        self.project = project
        source = process.replace("ROLLOUT", rollout).replace("project: shop", f"project: {project}")
        now = clock.now()
        with self.services.store.write() as tx:
            applied = {"revision": 1, "deployments_made": 0, "applied_at": now, "applied_by": "alice"}
            tx.execute(insert(projects).values(name=project, source=source, **applied))
            for version in ("1.0.0", "1.1.0", "1.2.0"):
                made = {
                    "source": source,
                    "images": {},
                    "secrets": {},
                    "created_at": now,
                    "created_by": "alice",
                }
                tx.execute(insert(releases).values(project=project, version=version, **made))


@contextmanager
def running_house(folder, database_url, broker, names, *, coordinators=1, **settings):
    """Build a house with `coordinators` processes and simulated hosts, for the block."""
    state_dir = folder / "state"
    state_dir.mkdir()
    given = {"broker_url": broker.url, "database_url": database_url, **settings}
    with ExitStack() as stack:
        store = Store(database_url)
        stack.callback(store.close)
        read = CoordinatorSettings.read({f"TIDEGATE_{name.upper()}": value for name, value in given.items()})
        read = read.model_copy(update={"state_dir": state_dir, "broker_url": Secret(broker.url)})
        house = House(build_services(read, store, lambda: None), broker.url, names)
        stack.enter_context(house.fleet)
        for _ in range(coordinators):
            process = CoordinatorProcess(state_dir, **given)
            process.start()
            stack.callback(process.stop)
            house.coordinators.append(process)
        yield house


@pytest.fixture
def make_house(database_url, broker, tmp_path):
    """Return a context manager that builds a house of this test alone."""
    return partial(running_house, tmp_path, database_url, broker)
