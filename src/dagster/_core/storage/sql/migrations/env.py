"""What alembic runs: the revisions, in the connection and transaction of the caller."""

from __future__ import annotations

from alembic import context

_attributes = context.config.attributes
context.configure(
    connection=_attributes["connection"],
    version_table=_attributes["version_table"],
    render_as_batch=True,
)
context.run_migrations()
