"""The first tables of the events group."""

from __future__ import annotations

from alembic import op

from dagster._core.storage.sql.ddl import create_missing
from dagster._core.storage.sql.migrations.schema_001 import EVENT_METADATA

revision = "events_001"
down_revision = None
branch_labels = ("events",)
depends_on = None


def upgrade() -> None:
    """Make the tables that are not there."""
    connection = op.get_bind()
    create_missing(connection, EVENT_METADATA, str(connection.engine.url))
