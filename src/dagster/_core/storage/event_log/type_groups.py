"""Types of events as the database of one run indexes them.

Every step writes the same few types. An index by type alone has a place for each of them, and every commit
would change a page at each place; with one place for all of them it changes one page. What is rarer, such
as the changes of a run's status, is found as by its type.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final

import sqlalchemy as sa

from dagster._core.events.event_type import DagsterEventType
from dagster._core.storage.sql.tables import event_logs

#: What most steps write once or more.
_OF_EVERY_STEP: Final = frozenset(
    event_type.value
    for event_type in (
        DagsterEventType.STEP_WORKER_STARTING,
        DagsterEventType.STEP_WORKER_STARTED,
        DagsterEventType.STEP_START,
        DagsterEventType.STEP_INPUT,
        DagsterEventType.LOADED_INPUT,
        DagsterEventType.STEP_OUTPUT,
        DagsterEventType.HANDLED_OUTPUT,
        DagsterEventType.STEP_SUCCESS,
        DagsterEventType.LOGS_CAPTURED,
        DagsterEventType.RESOURCE_INIT_STARTED,
        DagsterEventType.RESOURCE_INIT_SUCCESS,
    )
)
_STEP: Final = "STEP"
# Spelled out, and not as a list: SQLite would make a table of the list whenever it inserts a row.
_CASES: Final = " ".join(f"WHEN '{value}' THEN '{_STEP}'" for value in sorted(_OF_EVERY_STEP))
_GROUP: Final[Any] = sa.literal_column(f"CASE event_type {_CASES} ELSE event_type END", sa.String())


def group_index() -> sa.Index:
    """Return the index of a run's own database, as a part of a table of its own."""
    table = event_logs.to_metadata(sa.MetaData())
    has_type = table.c.event_type.is_not(None)
    return sa.Index(
        "idx_event_logs_group", _GROUP, table.c.id, table.c.event_type, sqlite_where=has_type
    )


def of_types(values: Collection[str]) -> list[Any]:
    """Return the conditions that an event of a run's own database is of some types."""
    groups = sorted({_STEP if value in _OF_EVERY_STEP else value for value in values})
    # Compared with one value as it is, SQLite would put that into the expression, and not find the index.
    is_of_types = sa.func.coalesce(event_logs.c.event_type, "").in_(sorted(values))
    if _STEP in groups and len(groups) > 1:
        # About all there is, and two walks along the index would have to be sorted: a walk along the ids.
        return [is_of_types]
    return [_GROUP.in_(groups), event_logs.c.event_type.is_not(None), is_of_types]
