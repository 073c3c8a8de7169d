"""Fixtures of the API's tests: the API on each database, clients with keys, an image registry, a process."""

import httpx
import pytest

from config.secret import Secret
from config.settings import CoordinatorSettings
from coordinator.cipher import open_cipher
from coordinator.conductor.keys import create, make_first_key
from coordinator.conductor.own_keys import coordinator_keys_of
from coordinator.conductor.services import Person, Services
from coordinator.registry import RegistryClient
from tasks.catalog import BUILT_IN
from tasks.clock import now
from tests.integration.api.registry import Registry
from tests.integration.api.server import Api

ADMIN = Person("admin", ("admins",))


@pytest.fixture
def registry():
    """A plain-http image registry."""
    started = Registry()
    started.start()
    yield started
    started.stop()


@pytest.fixture
def services(store, tmp_path, registry):
    """What the use cases are given, on the database of this test."""
    settings = CoordinatorSettings(
        state_dir=tmp_path,
        broker_url=Secret("redis://:broker-password@127.0.0.1:6379/0"),
        public_url="https://tidegate.example.com",
        plain_http_registries=(registry.host,),
    )
    cipher = open_cipher(None, tmp_path)
    digests = RegistryClient(settings.plain_http_registries)
    yield Services(
        store=store,
        settings=settings,
        cipher=cipher,
        keys=coordinator_keys_of(store, cipher, now()),
        kinds=BUILT_IN,
        digests=digests,
        wake=lambda: None,
        now=now,
    )
    digests.close()


@pytest.fixture
def api(services):
    """The API, listening."""
    running = Api(services)
    running.start()
    yield running
    running.stop()


@pytest.fixture
def client_of(api, services):
    """Return a function that makes a client with a key of that name and those groups."""
    opened = []

    def client_of(name, *groups):
        token = create(services, name, groups, ADMIN).token
        opened.append(
            httpx.Client(base_url=f"{api.url}/api/v1", headers={"Authorization": f"Bearer {token}"})
        )
        return opened[-1]

    yield client_of
    for client in opened:
        client.close()


@pytest.fixture
def admin(client_of):
    """A client of the group admins, named alice."""
    return client_of("alice", "admins")


@pytest.fixture
def process(registry):
    """A process with one image of the registry and one secret."""
    return f"""\
project: shop
environments: [uat, production]
images:
  web: {registry.host}/shop/web
variables:
  DATABASE_URL:
    - {{value: postgres://uat, environment: uat}}
    - {{secret: true, environment: production}}
process:
  - id: web
    uses: deploy_image
    hosts: {{role: web}}
    with: {{image: web, env: {{DATABASE_URL: "{{{{ DATABASE_URL }}}}"}}}}
"""


@pytest.fixture
def shop(admin, process):
    """The project shop, applied."""
    applied = admin.post("/projects", content=process)
    assert applied.status_code == 201, applied.text
    return process


@pytest.fixture
def first_key(services):
    """Return the function of the first start."""
    return lambda: make_first_key(services.store, services.settings.state_dir, now())
