"""The schedule storage on any SQL database."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from typing import Any, Self

import sqlalchemy as sa
from sqlalchemy.engine import Connection

import dagster._check as check
import dagster._time as _time
from dagster._core.errors import DagsterInvariantViolationError
from dagster._core.records.instigator import InstigatorState, InstigatorStatus, InstigatorType
from dagster._core.records.tick import InstigatorTick, InstigatorTickSummary, TickData, TickStatus
from dagster._core.storage.schedules import states, ticks
from dagster._core.storage.schedules.base import ScheduleStorage
from dagster._core.storage.schedules.ticks import TicksFilter
from dagster._core.storage.sql import schema, tables
from dagster._core.storage.sql.database import Database
from dagster._core.storage.sql.statistics import analyze
from dagster._serdes.config_class import ConfigurableClassData


class SqlScheduleStorage(ScheduleStorage):
    """The schedule storage on any SQL database.

    From the "Internals" document.

    Args:
        database: The database. Its tables are made if they are not there.
        inst_data: Where the object comes from.
        autocreate: Whether tables that are not there are made.
    """

    def __init__(
        self,
        database: Database,
        inst_data: ConfigurableClassData | None = None,
        autocreate: bool = True,
    ) -> None:
        schema.ensure_schema(database, ["schedules"], autocreate)
        self._database = database
        self._inst_data = inst_data

    @classmethod
    def from_database(cls, database: Database, inst_data: ConfigurableClassData | None = None) -> Self:
        """Return the storage on an open database."""
        made = cls.__new__(cls)
        SqlScheduleStorage.__init__(made, database, inst_data)
        return made

    @property
    def inst_data(self) -> ConfigurableClassData | None:
        """Where the object comes from."""
        return self._inst_data

    @contextmanager
    def connect(self) -> Iterator[Connection]:
        """A connection in a transaction of its own."""
        with self._database.transaction() as connection:
            yield connection

    def execute(self, query: Any) -> Sequence[Any]:
        """Return the rows of a query."""
        return self._database.read(lambda connection: connection.execute(query).all())

    # States

    def all_instigator_state(
        self,
        repository_origin_id: str | None = None,
        repository_selector_id: str | None = None,
        instigator_type: InstigatorType | None = None,
        instigator_statuses: AbstractSet[InstigatorStatus] | None = None,
    ) -> Sequence[InstigatorState]:
        chosen = (repository_origin_id, repository_selector_id, instigator_type, instigator_statuses)
        return self._database.read(lambda connection: states.fetch_states(connection, *chosen))

    def get_instigator_state(self, origin_id: str, selector_id: str) -> InstigatorState | None:
        return self._database.read(lambda connection: states.get_state(connection, selector_id))

    def add_instigator_state(self, state: InstigatorState) -> InstigatorState:
        check.inst_param(state, "state", InstigatorState)
        now = _time.now()
        return self._database.write(
            lambda connection: states.add_state(connection, self._database, state, now)
        )

    def update_instigator_state(self, state: InstigatorState) -> InstigatorState:
        check.inst_param(state, "state", InstigatorState)
        now = _time.now()
        return self._database.write(lambda connection: states.update_state(connection, state, now))

    def delete_instigator_state(self, origin_id: str, selector_id: str) -> None:
        if self.get_instigator_state(origin_id, selector_id) is None:
            raise DagsterInvariantViolationError(
                f"There is no state of a schedule or sensor under the selector id {selector_id}."
            )
        self._database.write(lambda connection: states.delete_state(connection, selector_id))

    # Ticks

    @property
    def supports_batch_queries(self) -> bool:
        return True

    def get_batch_ticks(
        self,
        selector_ids: Sequence[str],
        limit: int | None = None,
        statuses: Sequence[TickStatus] | None = None,
    ) -> Mapping[str, Sequence[InstigatorTick]]:
        return self._database.read(
            lambda connection: ticks.fetch_batch(connection, selector_ids, limit, statuses)
        )

    def get_tick(self, tick_id: int) -> InstigatorTick:
        return self._database.read(lambda connection: ticks.get_tick(connection, tick_id))

    def get_ticks_by_ids(self, tick_ids: Sequence[int]) -> Sequence[InstigatorTick]:
        return self._database.read(lambda connection: ticks.fetch_ticks_by_ids(connection, tick_ids))

    def get_ticks(
        self,
        origin_id: str,
        selector_id: str,
        before: float | None = None,
        after: float | None = None,
        limit: int | None = None,
        statuses: Sequence[TickStatus] | None = None,
    ) -> Sequence[InstigatorTick]:
        chosen = TicksFilter(before, after, statuses)
        return self._database.read(
            lambda connection: ticks.fetch_ticks(connection, selector_id, chosen, limit)
        )

    def get_tick_summaries(
        self,
        origin_id: str,
        selector_id: str,
        before: float | None = None,
        after: float | None = None,
        limit: int | None = None,
        statuses: Sequence[TickStatus] | None = None,
    ) -> Sequence[InstigatorTickSummary]:
        chosen = TicksFilter(before, after, statuses)
        return self._database.read(
            lambda connection: ticks.fetch_summaries(connection, selector_id, chosen, limit)
        )

    def create_tick(self, tick_data: TickData) -> InstigatorTick:
        check.inst_param(tick_data, "tick_data", TickData)
        token, now = uuid.uuid4().hex, _time.now()
        return self._database.write(
            lambda connection: ticks.create_tick(connection, self._database, tick_data, token, now)
        )

    def update_tick(self, tick: InstigatorTick) -> InstigatorTick:
        check.inst_param(tick, "tick", InstigatorTick)
        now = _time.now()
        return self._database.write(lambda connection: ticks.update_tick(connection, tick, now))

    def purge_ticks(
        self,
        origin_id: str,
        selector_id: str,
        before: float,
        tick_statuses: Sequence[TickStatus] | None = None,
    ) -> None:
        chosen = TicksFilter(before=before, statuses=tick_statuses)
        self._database.write(lambda connection: ticks.purge_ticks(connection, selector_id, chosen))

    # The storage

    def wipe(self) -> None:
        def delete(connection: Connection) -> None:
            connection.execute(sa.delete(tables.ticks))
            connection.execute(sa.delete(tables.instigators))

        self._database.write(delete)

    def upgrade(self) -> None:
        schema.upgrade(self._database, ["schedules"])

    def optimize(
        self, print_fn: Callable[[str], None] | None = None, force_rebuild_all: bool = False
    ) -> None:
        analyze(self._database, tables.SCHEDULE_METADATA, print_fn)

    def alembic_version(self) -> tuple[str | None, str | tuple[str, ...] | None] | None:
        found, head = schema.alembic_version(self._database, ["schedules"])
        return (found[0] if found else None, head[0])

    def optimize_for_webserver(
        self, statement_timeout: int, pool_recycle: int, max_overflow: int
    ) -> None:
        """Limit the connections to a server, for all storages of this process on it. SQLite has nothing to set.

        See :meth:`Database.limit_connections`.
        """
        self._database.limit_connections(statement_timeout, pool_recycle, max_overflow)

    def dispose(self) -> None:
        self._database.dispose()
