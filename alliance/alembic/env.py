"""Alembic's environment: the connection comes from `alliance.migrations`, never from a file."""

from alembic import context

context.configure(
    connection=context.config.attributes["connection"],
    # SQLite cannot alter most of a table in place; batch mode makes the same migration work there.
    render_as_batch=True,
)
context.run_migrations()
