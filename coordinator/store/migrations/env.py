"""Alembic's entry: run by `coordinator.store.migrating` inside a transaction that it has opened."""

from alembic import context

from coordinator.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,  # SQLite changes a table by copying it
    transactional_ddl=False,  # the transaction is the caller's: nothing here begins or commits
)
context.run_migrations()
