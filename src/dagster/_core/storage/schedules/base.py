"""What a schedule storage must do."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet

from dagster._core.records.instigator import InstigatorState, InstigatorStatus, InstigatorType
from dagster._core.records.tick import InstigatorTick, InstigatorTickSummary, TickData, TickStatus


class ScheduleStorage(ABC):
    """Keeps whether schedules and sensors are on, where they stand, and their ticks.

    From the "Internals" document. A schedule or sensor is known by the id of its *selector*, its name in
    the workspace; the id of its *origin*, where its code is found, is kept beside it and may change.

    An implementation must keep what it was given when a call has returned, also when the process or its
    connection ends at that moment; a call that was interrupted may be repeated without doubling anything.
    """

    # States

    @abstractmethod
    def all_instigator_state(
        self,
        repository_origin_id: str | None = None,
        repository_selector_id: str | None = None,
        instigator_type: InstigatorType | None = None,
        instigator_statuses: AbstractSet[InstigatorStatus] | None = None,
    ) -> Sequence[InstigatorState]:
        """Return the states of schedules and sensors, oldest first.

        Args:
            repository_origin_id: Of this repository only; of no account beside a selector id.
            repository_selector_id: Of the repository of this name only.
            instigator_type: Of this type only.
            instigator_statuses: In one of these statuses only. An empty set matches nothing.
        """

    @abstractmethod
    def get_instigator_state(self, origin_id: str, selector_id: str) -> InstigatorState | None:
        """Return the state of a schedule or sensor, or None if it has none yet."""

    @abstractmethod
    def add_instigator_state(self, state: InstigatorState) -> InstigatorState:
        """Add the state of a schedule or sensor that has none.

        Raises:
            DagsterInvariantViolationError: If it has one.
        """

    @abstractmethod
    def update_instigator_state(self, state: InstigatorState) -> InstigatorState:
        """Replace the state of a schedule or sensor.

        Raises:
            DagsterInvariantViolationError: If it has none.
        """

    @abstractmethod
    def delete_instigator_state(self, origin_id: str, selector_id: str) -> None:
        """Delete the state of a schedule or sensor; its ticks stay.

        Raises:
            DagsterInvariantViolationError: If it has none.
        """

    # Ticks

    @property
    def supports_batch_queries(self) -> bool:
        """Whether :meth:`get_batch_ticks` is one question to the database."""
        return False

    def get_batch_ticks(
        self,
        selector_ids: Sequence[str],
        limit: int | None = None,
        statuses: Sequence[TickStatus] | None = None,
    ) -> Mapping[str, Sequence[InstigatorTick]]:
        """Return the ticks of several schedules and sensors, newest first, at most ``limit`` of each.

        One that has none is not in the mapping.
        """
        found = {id_: self.get_ticks(id_, id_, limit=limit, statuses=statuses) for id_ in selector_ids}
        return {id_: ticks for id_, ticks in found.items() if ticks}

    @abstractmethod
    def get_tick(self, tick_id: int) -> InstigatorTick:
        """Return a tick by its number.

        Raises:
            DagsterInvariantViolationError: If there is none.
        """

    @abstractmethod
    def get_ticks_by_ids(self, tick_ids: Sequence[int]) -> Sequence[InstigatorTick]:
        """Return ticks by their numbers, in the same order; those that are not there are left out."""

    @abstractmethod
    def get_ticks(
        self,
        origin_id: str,
        selector_id: str,
        before: float | None = None,
        after: float | None = None,
        limit: int | None = None,
        statuses: Sequence[TickStatus] | None = None,
    ) -> Sequence[InstigatorTick]:
        """Return the ticks of a schedule or sensor, newest first.

        Args:
            origin_id: Where it is found.
            selector_id: The id of its name. A tick that was stored without one is found under its origin id.
            before: Due before this time only, in seconds since the epoch.
            after: Due after this time only.
            limit: At most so many. Default: all.
            statuses: In one of these only. An empty list matches nothing.
        """

    @abstractmethod
    def get_tick_summaries(
        self,
        origin_id: str,
        selector_id: str,
        before: float | None = None,
        after: float | None = None,
        limit: int | None = None,
        statuses: Sequence[TickStatus] | None = None,
    ) -> Sequence[InstigatorTickSummary]:
        """Return the same as :meth:`get_ticks` in a few words each, without reading their bodies."""

    @abstractmethod
    def create_tick(self, tick_data: TickData) -> InstigatorTick:
        """Store a new tick and return it with its number."""

    @abstractmethod
    def update_tick(self, tick: InstigatorTick) -> InstigatorTick:
        """Replace what is known of a tick.

        Raises:
            DagsterInvariantViolationError: If there is none of its number.
        """

    @abstractmethod
    def purge_ticks(
        self,
        origin_id: str,
        selector_id: str,
        before: float,
        tick_statuses: Sequence[TickStatus] | None = None,
    ) -> None:
        """Delete the ticks of a schedule or sensor that were due before a time.

        Args:
            origin_id: Where it is found.
            selector_id: The id of its name.
            before: The time, in seconds since the epoch.
            tick_statuses: Only those in one of these. Default: all.
        """

    # The storage

    @abstractmethod
    def wipe(self) -> None:
        """Delete all states and ticks."""

    @abstractmethod
    def upgrade(self) -> None:
        """Bring the tables to the version of the code."""

    def migrate(
        self, print_fn: Callable[[str], None] | None = None, force_rebuild_all: bool = False
    ) -> None:
        """Bring the stored data to the version of the code, where that is more than :meth:`upgrade`."""
        del print_fn, force_rebuild_all

    def optimize(
        self, print_fn: Callable[[str], None] | None = None, force_rebuild_all: bool = False
    ) -> None:
        """Do what makes questions faster, where there is something to do."""
        del print_fn, force_rebuild_all

    def optimize_for_webserver(
        self, statement_timeout: int, pool_recycle: int, max_overflow: int
    ) -> None:
        """Prepare for many short questions from several threads. By default there is nothing to do.

        It may be called again, also while other threads use the storage; what goes on is not touched. SQLite
        and what is kept in memory have nothing to set.

        Args:
            statement_timeout: How long a statement may take, in milliseconds; 0 is as long as it likes. One
                that takes longer is ended, with an error, and changes nothing.
            pool_recycle: After how many seconds a connection is replaced; -1 is never.
            max_overflow: How many connections there may be beside those that the process keeps; -1 is any
                number.
        """
        del statement_timeout, pool_recycle, max_overflow

    def alembic_version(self) -> tuple[str | None, str | tuple[str, ...] | None] | None:
        """Return the version of the tables and that of the code, where tables have versions."""
        return None

    def dispose(self) -> None:
        """Close what is open."""
        return
