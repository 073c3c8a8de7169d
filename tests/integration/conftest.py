"""Fixtures of all integration tests: both databases, migrated, fresh for each test; a real broker."""

import shutil
from contextlib import contextmanager

import pytest

from coordinator.store.database import Store
from coordinator.store.migrating import upgrade
from tests.integration.servers import Postgres, postgres_programs
from tests.integration.transport.broker import Broker


@pytest.fixture(scope="session")
def postgres():
    """A running PostgreSQL server; skips where none is installed, which fails in CI (tests/conftest.py)."""
    programs = postgres_programs()
    if programs is None:
        pytest.skip("needs PostgreSQL's initdb and postgres (Debian: apt-get install postgresql)")
    server = Postgres(programs)
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory):
    """The path of a migrated SQLite file, to be copied."""
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    _migrate(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def postgres_template(postgres):
    """The name of a migrated PostgreSQL database, to be copied."""
    url = postgres.new_database()
    _migrate(url)
    return url.rpartition("/")[2]


DATABASES = ("sqlite", pytest.param("postgres", marks=pytest.mark.postgres))


@contextmanager
def fresh_database(request, folder, kind):
    """Make a migrated, empty database of a kind, for the block, and return its URL."""
    if kind == "sqlite":
        path = folder / "tidegate.db"
        shutil.copyfile(request.getfixturevalue("sqlite_template"), path)
        yield f"sqlite:///{path}"
        return
    server = request.getfixturevalue("postgres")
    url = server.new_database(request.getfixturevalue("postgres_template"))
    yield url
    server.drop(url)


@contextmanager
def running_broker(folder):
    """Run a real broker, valkey-server, on a port of its own while the block lasts."""
    started = Broker(folder)
    started.start()
    try:
        yield started
    finally:
        started.client.close()
        started.kill()


@pytest.fixture(params=DATABASES)
def database_url(request, tmp_path):
    """The URL of a migrated, empty database, SQLite and then PostgreSQL."""
    with fresh_database(request, tmp_path, request.param) as url:
        yield url


@pytest.fixture
def store(database_url):
    """The store on that database."""
    opened = Store(database_url)
    yield opened
    opened.close()


@pytest.fixture
def broker(tmp_path):
    """A real broker of this test alone."""
    with running_broker(tmp_path) as started:
        yield started


def _migrate(url):
    opened = Store(url)
    upgrade(opened)
    opened.close()
