"""The migrations make exactly the tables that the program works with, on both databases."""

import threading

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect, text

from coordinator.store.database import Store
from coordinator.store.migrating import DatabaseTooNewError, upgrade
from coordinator.store.tables import metadata


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def empty_url(request, tmp_path):
    """The URL of a database without tables."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/empty.db"
        return
    server = request.getfixturevalue("postgres")
    url = server.new_database()
    yield url
    server.drop(url)


@pytest.fixture
def migrated(database_url):
    """The store on a database that was migrated from empty."""
    store = Store(database_url)
    yield store
    store.close()


def test_models_and_migrations_agree(migrated):
    """A migrated database differs in nothing from the tables of the code (else: a migration is missing)."""
    with migrated.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_an_empty_database_gets_every_table(empty_url):
    """The first start on an empty database makes all tables, and the second start changes nothing."""
    store = Store(empty_url)
    upgrade(store)
    upgrade(store)
    assert set(inspect(store.engine).get_table_names()) == {*metadata.tables, "alembic_version"}
    store.close()


def test_two_coordinators_may_start_at_once(empty_url):
    """Two coordinators that find the same empty database both start, and it is migrated once."""
    stores = [Store(empty_url), Store(empty_url)]
    failures = []

    def start(store):
        try:
            upgrade(store)
        except Exception as error:  # noqa: BLE001 - whatever it is, the test shows it
            failures.append(error)

    threads = [threading.Thread(target=start, args=(store,)) for store in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert failures == []
    with stores[0].read() as tx:
        assert tx.execute(text("SELECT version_num FROM alembic_version")).scalars().all() == ["0001"]
    for store in stores:
        store.close()


def test_a_newer_database_is_left_alone(migrated):
    """A database of a newer version is refused with a sentence, and not changed."""
    with migrated.write() as tx:
        tx.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(DatabaseTooNewError, match="9999, which this version of Tidegate does not know"):
        upgrade(migrated)
    with migrated.read() as tx:
        assert tx.execute(text("SELECT version_num FROM alembic_version")).scalars().all() == ["9999"]
