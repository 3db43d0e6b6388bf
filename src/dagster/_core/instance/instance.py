"""DagsterInstance: where runs, events and files are kept."""

from __future__ import annotations

import enum
import logging
import os
import weakref
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import dagster._check as check
import dagster._time as _time
from dagster._core.errors import DagsterInvariantViolationError, DagsterRunNotFoundError
from dagster._core.events.event import DagsterEvent
from dagster._core.events.event_type import DagsterEventType
from dagster._core.events.log_entry import EventLogEntry
from dagster._core.events.log_level import coerce_log_level
from dagster._core.events.payloads import EngineEventData, JobFailureData
from dagster._core.instance.settings import InstanceSettings, read_settings
from dagster._core.records.run import DagsterRun, DagsterRunStatus, RunRecord, RunsFilter
from dagster._core.records.tags import PARENT_RUN_ID_TAG, ROOT_RUN_ID_TAG, normalize_tags
from dagster._core.storage.ephemeral import EphemeralStorage

if TYPE_CHECKING:
    from dagster._core.definitions.job.definition import JobDefinition

EventListener = Callable[[EventLogEntry, str], None]
EventTypes = DagsterEventType | set[DagsterEventType] | None


class InstanceType(enum.Enum):
    """Whether what an instance keeps outlives the process."""

    PERSISTENT = "PERSISTENT"
    EPHEMERAL = "EPHEMERAL"


class DagsterInstance:
    """Where runs and events are kept. From the "Internals" document.

    :meth:`ephemeral` makes one that keeps everything in memory and its files in a temporary directory,
    which goes with it. Use it in a ``with`` statement, or call :meth:`dispose`, to free the directory
    early.

    Args:
        instance_type: Whether it outlives the process.
        storage: Where runs and events are.
        tempdir: A directory for files; by default a new temporary one, made when it is first needed.
        settings: Settings of the instance.
    """

    def __init__(
        self,
        instance_type: InstanceType,
        storage: EphemeralStorage,
        tempdir: str | None = None,
        settings: Mapping[str, Any] | None = None,
    ) -> None:
        self._instance_type = instance_type
        self._storage = storage
        self._directory = tempdir
        self._cleanup: weakref.finalize[Any, Any] | None = None
        self._settings: InstanceSettings = read_settings(settings)
        self._listeners: dict[str, list[EventListener]] = {}

    @staticmethod
    def ephemeral(
        tempdir: str | None = None,
        preload: Sequence[Any] | None = None,
        settings: Mapping[str, Any] | None = None,
    ) -> DagsterInstance:
        """Create a DagsterInstance suitable for ephemeral execution, useful in test contexts.

        Args:
            tempdir: The path of a directory to be used for files. Default: a temporary one.
            preload: Runs with their logs (``.dagster_run``, ``.event_list``) to start with.
            settings: Settings: ``python_logs``.
        """
        instance = DagsterInstance(InstanceType.EPHEMERAL, EphemeralStorage(), tempdir, settings)
        for payload in preload or ():
            instance.add_run(payload.dagster_run)
            for entry in payload.event_list:
                instance.store_event(entry)
        return instance

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self.dispose()

    def dispose(self) -> None:
        """Free what the instance holds: its temporary directory."""
        if self._cleanup is not None:
            self._cleanup()
            self._cleanup, self._directory = None, None

    @property
    def is_ephemeral(self) -> bool:
        """Whether what it keeps goes with the process."""
        return self._instance_type is InstanceType.EPHEMERAL

    @property
    def is_persistent(self) -> bool:
        """Whether what it keeps outlives the process."""
        return self._instance_type is InstanceType.PERSISTENT

    @property
    def telemetry_enabled(self) -> bool:
        """Whether usage is reported to anybody: never."""
        return False

    # Settings and directories

    def get_settings(self, settings_key: str) -> Any:
        """Return the settings under a key, or None."""
        return self._settings.raw.get(settings_key)

    @property
    def managed_python_loggers(self) -> Sequence[str]:
        """The Python loggers that are captured while user code runs."""
        return self._settings.managed_python_loggers

    @property
    def python_log_level(self) -> str | None:
        """The level below which messages are dropped."""
        return self._settings.python_log_level

    def get_handlers(self) -> Sequence[logging.Handler]:
        """Return further handlers for all messages of runs."""
        return self._settings.build_handlers()

    @property
    def root_directory(self) -> str:
        """The directory of the instance's files."""
        if self._directory is None:
            import shutil
            import tempfile

            self._directory = tempfile.mkdtemp(prefix="dagster-")
            # Also when nobody calls dispose: an instance that is forgotten leaves nothing behind.
            self._cleanup = weakref.finalize(self, shutil.rmtree, self._directory, ignore_errors=True)
        return self._directory

    def storage_directory(self) -> str:
        """Return the directory of stored values."""
        return os.path.join(self.root_directory, "storage")

    def file_manager_directory(self, run_id: str) -> str:
        """Return the directory of a run's files."""
        return os.path.join(self.root_directory, "storage", run_id, "files")

    def intermediates_directory(self, run_id: str) -> str:
        """Return the directory of a run's intermediate values (older generation)."""
        return os.path.join(self.root_directory, "storage", run_id, "intermediates")

    # Runs

    def create_run_for_job(
        self,
        job_def: JobDefinition,
        execution_plan: Any = None,
        run_id: str | None = None,
        run_config: Mapping[str, object] | None = None,
        resolved_op_selection: Any = None,
        status: DagsterRunStatus | str | None = None,
        tags: Mapping[str, Any] | None = None,
        root_run_id: str | None = None,
        parent_run_id: str | None = None,
        op_selection: Sequence[str] | None = None,
        mode: str | None = None,
    ) -> DagsterRun:
        """Create and store a run of a job.

        Args:
            job_def: The job.
            execution_plan: The plan, if it is not to be the whole job.
            run_id: Default: a new one.
            run_config: The run config.
            resolved_op_selection: The handles that the op selection means.
            status: Default: not started.
            tags: On top of the job's.
            root_run_id: The first run of the group.
            parent_run_id: The run that this one re-executes.
            op_selection: The clauses that select ops.
            mode: The mode (older vocabulary).
        """
        return self.create_run(
            job_name=job_def.name,
            run_id=run_id,
            run_config=run_config,
            status=status,
            tags={**job_def.run_tags, **normalize_tags(tags)},
            root_run_id=root_run_id,
            parent_run_id=parent_run_id,
            step_keys_to_execute=execution_plan.step_keys_to_execute if execution_plan else None,
            resolved_op_selection=resolved_op_selection or job_def.resolved_op_selection,
            op_selection=op_selection or job_def.op_selection,
            mode=mode,
        )

    def create_run_for_pipeline(
        self,
        pipeline_def: Any,
        execution_plan: Any = None,
        run_id: str | None = None,
        run_config: Mapping[str, object] | None = None,
        mode: str | None = None,
        solids_to_execute: AbstractSet[str] | None = None,
        step_keys_to_execute: Sequence[str] | None = None,
        status: DagsterRunStatus | str | None = None,
        tags: Mapping[str, Any] | None = None,
        root_run_id: str | None = None,
        parent_run_id: str | None = None,
        solid_selection: Sequence[str] | None = None,
    ) -> DagsterRun:
        """Create and store a run of a pipeline (older generation).

        Args:
            pipeline_def: The pipeline, or a job.
            execution_plan: The plan, if it is not to be the whole pipeline.
            run_id: Default: a new one.
            run_config: The run config.
            mode: The mode. Default: the pipeline's only one.
            solids_to_execute: The solids that the selection means.
            step_keys_to_execute: The steps to run. Default: those of the plan, or all.
            status: Default: not started.
            tags: On top of the pipeline's.
            root_run_id: The first run of the group.
            parent_run_id: The run that this one re-executes.
            solid_selection: The clauses that select solids.
        """
        if mode is None and hasattr(pipeline_def, "get_default_mode_name"):
            mode = pipeline_def.get_default_mode_name()
        if step_keys_to_execute is None and execution_plan:
            step_keys_to_execute = execution_plan.step_keys_to_execute
        return self.create_run(
            job_name=pipeline_def.name,
            run_id=run_id,
            run_config=run_config,
            status=status,
            tags={**pipeline_def.tags, **normalize_tags(tags)},
            root_run_id=root_run_id,
            parent_run_id=parent_run_id,
            step_keys_to_execute=step_keys_to_execute,
            resolved_op_selection=solids_to_execute,
            op_selection=solid_selection,
            mode=mode,
        )

    def create_run(
        self,
        *,
        job_name: str,
        run_id: str | None = None,
        run_config: Mapping[str, object] | None = None,
        status: DagsterRunStatus | str | None = None,
        tags: Mapping[str, Any] | None = None,
        root_run_id: str | None = None,
        parent_run_id: str | None = None,
        step_keys_to_execute: Sequence[str] | None = None,
        resolved_op_selection: AbstractSet[str] | None = None,
        op_selection: Sequence[str] | None = None,
        mode: str | None = None,
    ) -> DagsterRun:
        """Create and store a run of what is known by its name.

        Args:
            job_name: The job.
            run_id: Default: a new one.
            run_config: The run config.
            status: Default: not started.
            tags: The tags.
            root_run_id: The first run of the group.
            parent_run_id: The run that this one re-executes.
            step_keys_to_execute: The steps to run. Default: all.
            resolved_op_selection: The handles that the op selection means.
            op_selection: The clauses that select ops.
            mode: The mode (older vocabulary).
        """
        all_tags = normalize_tags(tags)
        if parent_run_id is not None:
            all_tags[PARENT_RUN_ID_TAG] = parent_run_id
        if root_run_id is not None:
            all_tags[ROOT_RUN_ID_TAG] = root_run_id
        arguments: dict[str, Any] = {"run_id": run_id} if run_id is not None else {}
        return self.add_run(
            DagsterRun(
                job_name=job_name,
                run_config=run_config or {},
                op_selection=op_selection,
                resolved_op_selection=resolved_op_selection,
                step_keys_to_execute=step_keys_to_execute,
                status=DagsterRunStatus(status) if status is not None else DagsterRunStatus.NOT_STARTED,
                tags=all_tags,
                root_run_id=root_run_id,
                parent_run_id=parent_run_id,
                mode=mode,
                **arguments,
            )
        )

    def add_run(self, dagster_run: DagsterRun) -> DagsterRun:
        """Store a run."""
        return self._storage.add_run(dagster_run)

    def add_run_tags(self, run_id: str, new_tags: Mapping[str, str]) -> None:
        """Add tags to a run.

        Raises:
            DagsterRunNotFoundError: If there is no such run.
        """
        run = self._run(run_id)
        self._storage.replace_run(run.with_tags({**run.tags, **new_tags}))

    def get_run_by_id(self, run_id: str) -> DagsterRun | None:
        """Return a run, or None."""
        return self._storage.get_run(run_id)

    def has_run(self, run_id: str) -> bool:
        return self._storage.get_run(run_id) is not None

    def _run(self, run_id: str) -> DagsterRun:
        run = self._storage.get_run(run_id)
        if run is None:
            raise DagsterRunNotFoundError(f"There is no run with id {run_id}.", run_id)
        return run

    def get_runs(
        self,
        filters: RunsFilter | None = None,
        cursor: str | None = None,
        limit: int | None = None,
        ascending: bool = False,
    ) -> Sequence[DagsterRun]:
        """Return runs, the newest first.

        Args:
            filters: Which.
            cursor: The id of the run after which to start.
            limit: How many at most. Default: all.
            ascending: The oldest first.
        """
        return self._storage.fetch_runs(filters, cursor, limit, ascending)

    def get_run_ids(
        self, filters: RunsFilter | None = None, cursor: str | None = None, limit: int | None = None
    ) -> Sequence[str]:
        """Return the ids of runs, the newest first."""
        return [run.run_id for run in self.get_runs(filters, cursor, limit)]

    def get_run_records(
        self,
        filters: RunsFilter | None = None,
        limit: int | None = None,
        order_by: str | None = None,
        ascending: bool = False,
        cursor: str | None = None,
    ) -> Sequence[RunRecord]:
        """Return runs with their times, the newest first.

        From the "Internals" document.

        Args:
            filters: Which.
            limit: How many at most. Default: all.
            order_by: A field of the record to sort by, such as ``"update_timestamp"``. Default: when
                they were created.
            ascending: The oldest first.
            cursor: The id of the run after which to start.
        """
        return self._storage.fetch_records(filters, cursor, limit, ascending, order_by)

    def get_run_record_by_id(self, run_id: str) -> RunRecord | None:
        """Return a run with its times, or None. From the "Internals" document."""
        return self._storage.get_record(run_id)

    def get_runs_count(self, filters: RunsFilter | None = None) -> int:
        """Return how many runs there are."""
        return len(self.get_runs(filters))

    def delete_run(self, run_id: str) -> None:
        """Delete a run and all events generated by that from storage."""
        self._storage.delete_run(run_id)

    def wipe(self) -> None:
        """Delete all runs and events."""
        self._storage.wipe()

    # Events

    def event_writer(self, run_id: str) -> Callable[[EventLogEntry], None]:
        """Return what takes the entries of a run's log, one call an entry."""
        write = self._storage.writer(run_id)
        listeners = self._listeners.get(run_id)
        if not listeners:
            return write

        def write_and_tell(entry: EventLogEntry) -> None:
            write(entry)
            for listener in list(listeners):
                listener(entry, entry.run_id)

        return write_and_tell

    def store_event(self, event: EventLogEntry) -> None:
        """Store an entry."""
        self._storage.writer(event.run_id)(event)

    def handle_new_event(self, event: EventLogEntry) -> None:
        """Store an entry and tell listeners."""
        self.event_writer(event.run_id)(event)

    def add_event_listener(self, run_id: str, cb: EventListener) -> None:
        """Have a function called with each new entry of a run that starts after this.

        Args:
            run_id: The run.
            cb: Takes the entry and a cursor.
        """
        self._listeners.setdefault(run_id, []).append(check.callable_param(cb, "cb"))

    def all_logs(self, run_id: str, of_type: EventTypes = None) -> Sequence[EventLogEntry]:
        """Return all entries of a run, or only its events of some types."""
        wanted = {of_type} if isinstance(of_type, DagsterEventType) else of_type
        return self._storage.fetch_log(run_id, wanted)

    def logs_after(
        self,
        run_id: str,
        cursor: int | None = None,
        of_type: EventTypes = None,
        limit: int | None = None,
    ) -> Sequence[EventLogEntry]:
        """Return entries of a run after a position.

        Args:
            run_id: The run.
            cursor: The position of the last entry that is known; -1 or None starts at the beginning.
            of_type: Only events of these types.
            limit: How many at most.
        """
        after = self.all_logs(run_id)[0 if cursor is None else cursor + 1 :]
        if of_type is not None:
            types = {of_type} if isinstance(of_type, DagsterEventType) else of_type
            after = [entry for entry in after if entry.dagster_event_type in types]
        return after[:limit]

    def report_dagster_event(
        self,
        dagster_event: DagsterEvent,
        run_id: str,
        log_level: str | int = logging.INFO,
        timestamp: float | None = None,
    ) -> None:
        """Store an event that was made outside of a running step."""
        self.handle_new_event(
            EventLogEntry(
                error_info=getattr(dagster_event.event_specific_data, "error", None),
                level=coerce_log_level(log_level),
                user_message="",
                run_id=run_id,
                timestamp=timestamp if timestamp is not None else _time.now(),
                step_key=dagster_event.step_key,
                job_name=dagster_event.job_name,
                dagster_event=dagster_event,
            )
        )

    def report_engine_event(
        self,
        message: str,
        dagster_run: DagsterRun | None = None,
        engine_event_data: EngineEventData | None = None,
        cls: type[object] | None = None,
        step_key: str | None = None,
        job_name: str | None = None,
        run_id: str | None = None,
    ) -> DagsterEvent:
        """Store what the machinery has to say of a run.

        Args:
            message: One sentence.
            dagster_run: The run.
            engine_event_data: Metadata, or an error.
            cls: The class that speaks, whose name goes before the message.
            step_key: The step it is about.
            job_name: In place of a run.
            run_id: In place of a run.
        """
        if dagster_run is not None:
            job_name, run_id = dagster_run.job_name, dagster_run.run_id
        if run_id is None or job_name is None:
            raise DagsterInvariantViolationError(
                "Must include either dagster_run, or both job_name and run_id, to report an engine event."
            )
        event = DagsterEvent(
            DagsterEventType.ENGINE_EVENT.value,
            job_name,
            message=f"[{cls.__name__}] {message}" if cls is not None else message,
            event_specific_data=engine_event_data or EngineEventData(),
            pid=os.getpid(),
            step_key=step_key,
        )
        failed = engine_event_data is not None and engine_event_data.error is not None
        self.report_dagster_event(event, run_id, logging.ERROR if failed else logging.INFO)
        return event

    def report_run_canceling(self, run: DagsterRun, message: str | None = None) -> None:
        """Store that a run is to be canceled."""
        self._report_run(
            run, DagsterEventType.RUN_CANCELING, message or "Sending run termination request."
        )

    def report_run_canceled(self, dagster_run: DagsterRun, message: str | None = None) -> DagsterEvent:
        """Store that a run was canceled."""
        return self._report_run(
            dagster_run,
            DagsterEventType.RUN_CANCELED,
            message or "This run has been marked as canceled from outside the execution context.",
            level=logging.ERROR,
        )

    def report_run_failed(
        self,
        dagster_run: DagsterRun,
        message: str | None = None,
        job_failure_data: JobFailureData | None = None,
    ) -> DagsterEvent:
        """Store that a run failed."""
        return self._report_run(
            dagster_run,
            DagsterEventType.RUN_FAILURE,
            message or "This run has been marked as failed from outside the execution context.",
            job_failure_data,
            level=logging.ERROR,
        )

    def _report_run(
        self,
        run: DagsterRun,
        event_type: DagsterEventType,
        message: str,
        data: Any = None,
        level: int = logging.INFO,
    ) -> DagsterEvent:
        event = DagsterEvent(event_type.value, run.job_name, message=message, event_specific_data=data)
        self.report_dagster_event(event, run.run_id, level)
        return event
