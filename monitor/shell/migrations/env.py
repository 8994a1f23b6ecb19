"""Alembic's entry: the connection is given by the store, so that all of it is one transaction."""

from alembic import context

from monitor.shell.store_tables import METADATA

context.configure(connection=context.config.attributes["connection"], target_metadata=METADATA, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
