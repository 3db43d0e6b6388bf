"""DagsterInstance: where runs, events and files are kept. A wide facade: each method calls one thing."""

from __future__ import annotations

import enum
import logging
import os
import weakref
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import dagster._check as check
import dagster._time as _time
from dagster._core.errors import DagsterInvariantViolationError
from dagster._core.events.event import DagsterEvent
from dagster._core.events.event_type import DagsterEventType
from dagster._core.events.log_entry import EventLogEntry
from dagster._core.events.payloads import EngineEventData, JobFailureData
from dagster._core.instance import events, runs
from dagster._core.instance.home import DAGSTER_CONFIG_YAML_FILENAME, dagster_home
from dagster._core.instance.parts import InstanceParts, no_part, part_of_buffer, part_of_ref
from dagster._core.instance.recorder import DurableRecorder, Recorder
from dagster._core.instance.ref import InstanceRef
from dagster._core.instance.settings import InstanceSettings, Setting, read_settings
from dagster._core.records.run import DagsterRun, DagsterRunStatus, RunRecord, RunsFilter
from dagster._core.storage.ephemeral import EphemeralStorage
from dagster._core.storage.root import LocalArtifactStorage
from dagster._process.late_module import LateModule

if TYPE_CHECKING:
    from dagster._core.definitions.job.definition import JobDefinition
    from dagster._core.instance import (
        assets,
        concurrency,
        daemons,
        description,
        event_log_handler,
        historical_job,
        launching,
        maintenance,
        sensors,
    )
    from dagster._core.instance.event_writer import RunLogWriter
    from dagster._core.launcher.base import RunLauncher
    from dagster._core.plan.plan import ExecutionPlan
    from dagster._core.plan.snapshot import ExecutionPlanSnapshot
    from dagster._core.records import asset_records, event_records
    from dagster._core.records.asset_key import AssetKey
    from dagster._core.records.backfill import BulkActionsFilter, BulkActionStatus, PartitionBackfill
    from dagster._core.records.daemon import DaemonHeartbeat, DaemonStatus
    from dagster._core.records.instigator import InstigatorState, InstigatorStatus, InstigatorType
    from dagster._core.records.job_snapshot import JobSnap
    from dagster._core.records.partition_status import AssetPartitionStatus
    from dagster._core.records.run_bucket import JobBucket, RunPartitionData, TagBucket
    from dagster._core.records.tick import InstigatorTick, InstigatorTickSummary, TickData, TickStatus
    from dagster._core.records.user_events import AssetMaterialization, AssetObservation
    from dagster._core.run_coordinator.base import RunCoordinator
    from dagster._core.scheduler.scheduler import Scheduler, SchedulerDebugInfo
    from dagster._core.storage.compute_log_manager import ComputeLogManager
    from dagster._core.storage.event_log.base import EventLogStorage
    from dagster._core.storage.runs.base import RunStorage
    from dagster._core.storage.schedules.base import ScheduleStorage

    AssetFilter = AssetKey | event_records.AssetRecordsFilter
else:
    assets = LateModule("dagster._core.instance.assets")
    concurrency = LateModule("dagster._core.instance.concurrency")
    daemons = LateModule("dagster._core.instance.daemons")
    description = LateModule("dagster._core.instance.description")
    event_log_handler = LateModule("dagster._core.instance.event_log_handler")
    historical_job = LateModule("dagster._core.instance.historical_job")
    launching = LateModule("dagster._core.instance.launching")
    maintenance = LateModule("dagster._core.instance.maintenance")
    sensors = LateModule("dagster._core.instance.sensors")

EventListener = Callable[[EventLogEntry, str], None]
EventHandlerFn = Callable[[EventLogEntry, str], None]
OfType = DagsterEventType | set[DagsterEventType] | None


class InstanceType(enum.Enum):
    """Whether what an instance keeps outlives the process."""

    PERSISTENT = "PERSISTENT"
    EPHEMERAL = "EPHEMERAL"


class DagsterInstance:
    """Core abstraction for managing access to storage and other resources. From the "Internals" document.

    :meth:`get` gives the one of ``DAGSTER_HOME``, :meth:`ephemeral` one that keeps everything in memory,
    :meth:`local_temp` one that keeps it in a temporary directory. Use it in a ``with`` statement, or call
    :meth:`dispose`, to free what it holds. Parts that are None are made when they are first needed, as the
    reference says.

    Args:
        instance_type: Whether it outlives the process.
        local_artifact_storage: The directory of its files; None is a temporary one.
        run_storage: Where runs are kept.
        event_storage: Where events are kept.
        run_coordinator: What takes submitted runs.
        compute_log_manager: Where the output of steps is kept.
        run_launcher: What starts the workers of runs.
        scheduler: What starts and stops schedules.
        schedule_storage: Where schedules, sensors and their ticks are kept.
        settings: Further settings, as in ``dagster.yaml``.
        secrets_loader: Where environment variables of code locations come from.
        defs_state_storage: Where the state of definitions is kept.
        ref: What it was made of, for other processes.
    """

    def __init__(
        self,
        instance_type: InstanceType,
        local_artifact_storage: LocalArtifactStorage | None = None,
        run_storage: RunStorage | None = None,
        event_storage: EventLogStorage | None = None,
        run_coordinator: RunCoordinator | None = None,
        compute_log_manager: ComputeLogManager | None = None,
        run_launcher: RunLauncher | None = None,
        scheduler: Scheduler | None = None,
        schedule_storage: ScheduleStorage | None = None,
        settings: Mapping[str, Any] | None = None,
        secrets_loader: Any = None,
        defs_state_storage: Any = None,
        ref: InstanceRef | None = None,
        **_kwargs: Any,
    ) -> None:
        self._instance_type = instance_type
        self._ref = ref
        self._artifacts = local_artifact_storage
        self._cleanup: weakref.finalize[Any, Any] | None = None
        self._settings: InstanceSettings = read_settings(
            ref.settings if settings is None and ref is not None else settings
        )
        self._listeners: dict[str, list[EventListener]] = {}
        self._batches: dict[str, list[EventLogEntry]] = {}
        buffer = EphemeralStorage() if ref is None and run_storage is None else None
        make = part_of_ref(ref) if ref is not None else part_of_buffer(buffer) if buffer else no_part
        given = {
            "run_storage": run_storage,
            "event_storage": event_storage,
            "schedule_storage": schedule_storage,
            "run_coordinator": run_coordinator,
            "compute_log_manager": compute_log_manager,
            "run_launcher": run_launcher,
            "scheduler": scheduler,
            "secrets_loader": secrets_loader,
            "defs_state_storage": defs_state_storage,
        }
        self._parts = InstanceParts(given, make, self._adopt)
        self._recorder: Recorder = buffer or DurableRecorder(self._parts)

    def _adopt(self, name: str, part: Any) -> None:
        if name == "event_storage":
            # Whoever claims a slot asks the storage alone.
            part.pool_config = concurrency.pool_config(self._settings)
        else:
            part.register_instance(self)

    # Getting one

    @staticmethod
    def get() -> DagsterInstance:
        """Get the current DagsterInstance as specified by the ``DAGSTER_HOME`` environment variable.

        Raises:
            DagsterHomeNotSetError: If it is not set.
            DagsterInvariantViolationError: If it is no absolute path of a directory.
            DagsterInvalidConfigError: With every problem of its ``dagster.yaml``.
        """
        return DagsterInstance.from_ref(InstanceRef.from_dir(dagster_home()))

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
            settings: Settings, as in ``dagster.yaml``.
        """
        artifacts = LocalArtifactStorage(tempdir) if tempdir is not None else None
        instance = DagsterInstance(InstanceType.EPHEMERAL, artifacts, settings=settings)
        for payload in preload or ():
            instance.add_run(payload.dagster_run)
            instance._recorder.store(payload.event_list)
        return instance

    @staticmethod
    def local_temp(
        tempdir: str | None = None, overrides: Mapping[str, Any] | None = None
    ) -> DagsterInstance:
        """Create a DagsterInstance that uses a temporary directory for local storage.

        This is a regular, fully persistent instance.

        Args:
            tempdir: The directory. Default: a new one, which goes when the instance is disposed of.
            overrides: Config that goes before that of a ``dagster.yaml`` in it.
        """
        if tempdir is not None:
            return DagsterInstance.from_ref(InstanceRef.from_dir(tempdir, overrides=overrides))
        import tempfile

        made = tempfile.mkdtemp(prefix="dagster-")
        instance = DagsterInstance.from_ref(InstanceRef.from_dir(made, overrides=overrides))
        instance._own(made)  # noqa: SLF001 - our own
        return instance

    @staticmethod
    def from_config(
        config_dir: str, config_filename: str = DAGSTER_CONFIG_YAML_FILENAME
    ) -> DagsterInstance:
        """Return the instance of a directory.

        Args:
            config_dir: The directory.
            config_filename: The name of its config.
        """
        ref = InstanceRef.from_dir(os.path.abspath(config_dir), config_filename=config_filename)
        return DagsterInstance.from_ref(ref)

    @staticmethod
    def from_ref(instance_ref: InstanceRef) -> DagsterInstance:
        """Return the instance that a reference describes, of its own class if it names one."""
        check.inst_param(instance_ref, "instance_ref", InstanceRef)
        cls: Any = instance_ref.custom_instance_class or DagsterInstance
        return cls(
            InstanceType.PERSISTENT,
            local_artifact_storage=instance_ref.local_artifact_storage,
            ref=instance_ref,
            **instance_ref.custom_instance_class_config,
        )

    def get_ref(self) -> InstanceRef:
        """Return what another process makes the same instance of.

        Raises:
            DagsterInvariantViolationError: If it has none, because it keeps everything in this process.
        """
        if self._ref is None:
            raise DagsterInvariantViolationError(
                "Attempted to prepare an ineligible DagsterInstance for cross process communication: it keeps "
                "what it has in this process. Use DagsterInstance.get() with DAGSTER_HOME set, or "
                "DagsterInstance.local_temp()."
            )
        return self._ref

    @property
    def ref_or_none(self) -> InstanceRef | None:
        """What another process makes the same instance of, or None."""
        return self._ref

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None
    ) -> None:
        self.dispose()

    def dispose(self) -> None:
        """Commit what is buffered and free what the instance holds: connections, temporary directories."""
        self._recorder.dispose()
        self._parts.dispose()
        if self._cleanup is not None:
            self._cleanup()
            self._cleanup = None
            if self._ref is None:
                self._artifacts = None

    def _own(self, directory: str) -> None:
        import shutil

        # Also when nobody calls dispose: an instance that is forgotten leaves nothing behind.
        self._cleanup = weakref.finalize(self, shutil.rmtree, directory, ignore_errors=True)

    # What it is

    @property
    def is_ephemeral(self) -> bool:
        """Whether what it keeps goes with the process."""
        return self._instance_type is InstanceType.EPHEMERAL

    @property
    def is_persistent(self) -> bool:
        """Whether what it keeps outlives the process."""
        return self._instance_type is InstanceType.PERSISTENT

    def info_dict(self) -> Mapping[str, object]:
        """Return what the instance is made of, without passwords."""
        return description.info_dict(self)

    def info_str(self) -> str:
        """Return what the instance is made of, as YAML, without passwords."""
        return description.info_str(self)

    def schema_str(self) -> str:
        """Return the versions of its tables, and those that the code is made for, as YAML."""
        return description.schema_str(self)

    # Its parts

    def _part(self, name: str, key: str) -> Any:
        part = self._parts.get(name)
        if part is None:
            raise DagsterInvariantViolationError(
                f"This instance has no {key.replace('_', ' ')}. Choose one under {key}: in its dagster.yaml."
            )
        return part

    @property
    def run_storage(self) -> RunStorage:
        """Where runs are kept."""
        self._recorder.flush()
        return self._part("run_storage", "run_storage")

    @property
    def event_log_storage(self) -> EventLogStorage:
        """Where events are kept."""
        self._recorder.flush()
        return self._part("event_storage", "event_log_storage")

    @property
    def schedule_storage(self) -> ScheduleStorage:
        """Where schedules, sensors and their ticks are kept."""
        return self._part("schedule_storage", "schedule_storage")

    @property
    def has_schedule_storage(self) -> bool:
        """Whether there is a storage of schedules."""
        return self._parts.get("schedule_storage") is not None

    @property
    def daemon_cursor_storage(self) -> RunStorage:
        """Where the daemon keeps its cursors: with the runs."""
        return self.run_storage

    @property
    def run_coordinator(self) -> RunCoordinator:
        """What takes submitted runs."""
        return self._part("run_coordinator", "run_coordinator")

    @property
    def run_launcher(self) -> RunLauncher:
        """What starts the workers of runs."""
        return self._part("run_launcher", "run_launcher")

    @property
    def compute_log_manager(self) -> ComputeLogManager:
        """Where the output of steps is kept."""
        return self._part("compute_log_manager", "compute_logs")

    @property
    def log_capturer(self) -> ComputeLogManager | None:
        """What captures the output of runs, or None where nothing does."""
        # One that keeps everything in memory has none but what it was given, and loads nothing to see that.
        find = self._parts.get if self._ref is not None else self._parts.loaded
        manager = find("compute_log_manager")
        return manager if manager is not None and manager.captures else None

    @property
    def scheduler(self) -> Scheduler | None:
        """What starts and stops schedules, if there is something."""
        return self._parts.get("scheduler")

    @property
    def scheduler_class(self) -> str | None:
        """The name of the class of the scheduler."""
        scheduler = self.scheduler
        return type(scheduler).__name__ if scheduler is not None else None

    @property
    def defs_state_storage(self) -> Any:
        """Where the state of definitions is kept, or None."""
        return self._parts.get("defs_state_storage")

    # Files

    @property
    def local_artifact_storage(self) -> LocalArtifactStorage:
        """The directory of the instance's files; a temporary one is made when it is first needed."""
        if self._artifacts is None:
            import tempfile

            directory = tempfile.mkdtemp(prefix="dagster-")
            self._own(directory)
            self._artifacts = LocalArtifactStorage(directory)
        return self._artifacts

    @property
    def root_directory(self) -> str:
        """The directory of the instance's files."""
        return self.local_artifact_storage.base_dir

    def storage_directory(self) -> str:
        """Return the directory of stored values."""
        return self.local_artifact_storage.storage_dir

    def schedules_directory(self) -> str:
        """Return the directory of what schedules keep."""
        return self.local_artifact_storage.schedules_dir

    def file_manager_directory(self, run_id: str) -> str:
        """Return the directory of a run's files."""
        return self.local_artifact_storage.file_manager_dir(run_id)

    def intermediates_directory(self, run_id: str) -> str:
        """Return the directory of a run's intermediate values (older generation)."""
        return self.local_artifact_storage.intermediates_dir(run_id)

    # Settings

    @property
    def settings(self) -> InstanceSettings:
        """All settings."""
        return self._settings

    def get_settings(self, settings_key: str) -> Any:
        """Return the settings under a key, or None."""
        return self._settings.raw.get(settings_key)

    @property
    def telemetry_enabled(self) -> bool:
        """Whether usage is reported to anybody: never."""
        return False

    nux_enabled = Setting("nux", True, "Whether a user interface greets at first use.")
    run_monitoring_enabled = Setting("run_monitoring", False, "Whether workers are watched.")
    run_monitoring_start_timeout_seconds = Setting("run_monitoring", 180, "Time for a run to start.")
    run_monitoring_cancel_timeout_seconds = Setting("run_monitoring", 180, "Time for a run to stop.")
    run_monitoring_max_runtime_seconds = Setting("run_monitoring", 0, "Time for a run; 0 is any time.")
    run_monitoring_max_resume_run_attempts = Setting(
        "run_monitoring", 0, "How often a run whose worker is gone is resumed."
    )
    run_monitoring_poll_interval_seconds = Setting("run_monitoring", 120, "Between looks at workers.")
    cancellation_thread_poll_interval_seconds = Setting(
        "run_monitoring", 10, "Between two looks of a worker whether its run was canceled."
    )
    code_server_process_startup_timeout = Setting(
        "code_servers", 180, "Seconds for a code server to start.", "local_startup_timeout"
    )
    code_server_reload_timeout = Setting(
        "code_servers", 180, "Seconds for a code server to reload.", "reload_timeout"
    )
    wait_for_local_code_server_processes_on_shutdown = Setting(
        "code_servers",
        False,
        "Whether code servers are waited for.",
        "wait_for_local_processes_on_shutdown",
    )
    run_retries_enabled = Setting("run_retries", False, "Whether failed runs are run again.")
    run_retries_max_retries = Setting("run_retries", 0, "How often a failed run is run again.")
    run_retries_retry_on_asset_or_op_failure = Setting(
        "run_retries", True, "Also when a step failed, not only the worker."
    )
    auto_materialize_enabled = Setting(
        "auto_materialize", True, "Whether assets are materialized by their conditions."
    )
    auto_materialize_minimum_interval_seconds: Setting[int | None] = Setting(
        "auto_materialize", None, "Seconds between two evaluations at least."
    )
    auto_materialize_run_tags: Setting[Mapping[str, str]] = Setting(
        "auto_materialize", {}, "Tags of the runs that come of it."
    )
    auto_materialize_respect_materialization_data_versions = Setting(
        "auto_materialize", False, "Whether data versions count."
    )
    auto_materialize_max_tick_retries = Setting(
        "auto_materialize", 3, "How often an evaluation that failed is tried again."
    )
    auto_materialize_use_sensors = Setting("auto_materialize", True, "Whether each is a sensor.")
    freshness_enabled = Setting("freshness", True, "Whether the freshness of assets is watched.")

    @property
    def run_monitoring_settings(self) -> Mapping[str, Any]:
        """What is set for the watching of workers."""
        return self._settings.section("run_monitoring")

    @property
    def code_server_settings(self) -> Mapping[str, Any]:
        """What is set for code servers."""
        return self._settings.section("code_servers")

    @property
    def global_op_concurrency_default_limit(self) -> int | None:
        """How many slots a pool has that nobody gave a limit; None is no limit."""
        return concurrency.pool_config(self._settings).default_pool_limit

    @property
    def managed_python_loggers(self) -> Sequence[str]:
        """The Python loggers that are captured while user code runs."""
        return self._settings.managed_python_loggers

    @property
    def python_log_level(self) -> str | None:
        """The level below which messages are dropped."""
        return self._settings.python_log_level

    @property
    def daemon_skip_heartbeats_without_errors(self) -> bool:
        """Whether the daemon only gives a sign of life when something is wrong: no."""
        return False

    def get_handlers(self) -> Sequence[logging.Handler]:
        """Return further handlers for all messages of runs."""
        return self._settings.build_handlers()

    def get_yaml_python_handlers(self) -> Sequence[logging.Handler]:
        """Return the handlers that ``dagster.yaml`` configures."""
        return self._settings.build_handlers()

    def get_event_log_handler(self) -> logging.Handler:
        """Return a handler that writes messages of runs into their logs."""
        return event_log_handler.EventLogHandler(self)

    def get_python_log_dagster_handler_config(self) -> Mapping[str, Any]:
        """Return how ``dagster.yaml`` configures handlers."""
        return self._settings.lookup(["python_logs", "dagster_handler_config"], {})

    def get_concurrency_config(self) -> concurrency.ConcurrencyConfig:
        """Return what is set for pools and for the run queue."""
        return concurrency.concurrency_config(self._settings, self._parts.get("run_coordinator"))

    def get_backfill_settings(self) -> Mapping[str, Any]:
        """Return what is set for backfills."""
        return self._settings.section("backfills")

    def get_scheduler_settings(self) -> Mapping[str, Any]:
        """Return what is set for schedules."""
        return self._settings.section("schedules")

    def get_sensor_settings(self) -> Mapping[str, Any]:
        """Return what is set for sensors."""
        return self._settings.section("sensors")

    def get_auto_materialize_settings(self) -> Mapping[str, Any]:
        """Return what is set for the materialization of assets by their conditions."""
        return self._settings.section("auto_materialize")

    def get_tick_retention_settings(self, instigator_type: InstigatorType) -> Mapping[TickStatus, int]:
        """Return how many days ticks are kept, by status; -1 is for ever."""
        return maintenance.tick_retention_days(self._settings, instigator_type)

    # Looking after it

    def upgrade(self, print_fn: Callable[[Any], None] | None = None) -> None:
        """Bring all tables to the version of the code. Killed half-way, it can be called again."""
        maintenance.upgrade(self, print_fn)

    def reindex(self, print_fn: Callable[[Any], None] = lambda _: None) -> None:
        """Build again what is derived from events."""
        maintenance.reindex(self, print_fn)

    def wipe(self) -> None:
        """Delete all runs and events, and what steps wrote."""
        maintenance.wipe(self)

    def prune_event_logs(
        self, now: float | None = None, print_fn: Callable[[Any], None] | None = None
    ) -> int:
        """Delete logs that ended longer ago than ``retention: event_log:`` keeps them.

        What steps wrote goes with them. What is known of assets and partitions stays, and so do the runs.

        Args:
            now: The time, in seconds since the epoch. Default: now.
            print_fn: Is told how far it has come.

        Returns:
            How many logs were deleted.
        """
        days = self._settings.lookup(["retention", "event_log", "purge_after_days"], -1)
        return maintenance.apply_retention(self, days, _time.now() if now is None else now, print_fn)

    def optimize_for_webserver(
        self, statement_timeout: int, pool_recycle: int, max_overflow: int
    ) -> None:
        """Prepare the storages for many short questions from several threads. SQLite has nothing to set.

        Args:
            statement_timeout: How long a statement may take, in milliseconds; 0 is as long as it likes.
            pool_recycle: After how many seconds a connection is replaced; -1 is never.
            max_overflow: How many connections there may be beside those kept; -1 is any number.
        """
        maintenance.optimize_for_webserver(self, statement_timeout, pool_recycle, max_overflow)

    def inject_env_vars(self, location_name: str | None) -> None:
        """Set the environment variables that the secrets loader has for a code location."""
        loader = self._parts.get("secrets_loader")
        if loader is not None:
            os.environ.update(loader.get_secrets_for_environment(location_name))

    # Runs

    def create_run_for_job(
        self,
        job_def: JobDefinition,
        execution_plan: Any = None,
        run_id: str | None = None,
        run_config: Mapping[str, object] | None = None,
        resolved_op_selection: AbstractSet[str] | None = None,
        status: DagsterRunStatus | str | None = None,
        tags: Mapping[str, Any] | None = None,
        root_run_id: str | None = None,
        parent_run_id: str | None = None,
        op_selection: Sequence[str] | None = None,
        asset_selection: AbstractSet[AssetKey] | None = None,
        remote_job_origin: Any = None,
        job_code_origin: Any = None,
        mode: str | None = None,
        compiled_plan: ExecutionPlan | None = None,
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
            asset_selection: The assets to make.
            remote_job_origin: Where a host finds the job.
            job_code_origin: Where a process finds the code.
            mode: The mode (older vocabulary).
            compiled_plan: The plan that will be carried out, whose record a persistent instance keeps.
        """
        storage = self.run_storage if self.is_persistent else None
        run = runs.build_run(
            job_name=job_def.name,
            run_id=run_id,
            run_config=run_config or {},
            status=status,
            tags={**job_def.run_tags, **runs.normalize_tags(tags)},
            root_run_id=root_run_id,
            parent_run_id=parent_run_id,
            step_keys_to_execute=execution_plan.step_keys_to_execute if execution_plan else None,
            resolved_op_selection=resolved_op_selection or job_def.resolved_op_selection,
            op_selection=op_selection or job_def.op_selection,
            asset_selection=asset_selection,
            remote_job_origin=remote_job_origin,
            job_code_origin=job_code_origin,
            mode=mode,
            **runs.add_snapshots_of(storage, job_def, compiled_plan),
        )
        return self._recorder.add_run(run)

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
            tags={**pipeline_def.tags, **runs.normalize_tags(tags)},
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
        execution_plan_snapshot: ExecutionPlanSnapshot | None = None,
        job_snapshot: JobSnap | None = None,
        parent_job_snapshot: JobSnap | None = None,
        asset_selection: AbstractSet[AssetKey] | None = None,
        asset_check_selection: AbstractSet[Any] | None = None,
        resolved_op_selection: AbstractSet[str] | None = None,
        op_selection: Sequence[str] | None = None,
        remote_job_origin: Any = None,
        job_code_origin: Any = None,
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
            execution_plan_snapshot: The plan as a record.
            job_snapshot: The job as a record.
            parent_job_snapshot: The job as a record that it is a selected part of.
            asset_selection: The assets to make.
            asset_check_selection: The asset checks to run.
            resolved_op_selection: The handles that the op selection means.
            op_selection: The clauses that select ops.
            remote_job_origin: Where a host finds the job.
            job_code_origin: Where a process finds the code.
            mode: The mode (older vocabulary).

        Raises:
            DagsterInvariantViolationError: If there is a run with the id.
        """
        snapshots: Mapping[str, str] = {}
        if job_snapshot is not None or execution_plan_snapshot is not None:
            snapshots = runs.add_snapshots(
                self.run_storage, job_snapshot, execution_plan_snapshot, parent_job_snapshot
            )
        run = runs.build_run(
            job_name=job_name,
            run_id=run_id,
            status=status,
            tags=tags,
            root_run_id=root_run_id,
            parent_run_id=parent_run_id,
            run_config=run_config or {},
            step_keys_to_execute=step_keys_to_execute,
            asset_selection=asset_selection,
            asset_check_selection=asset_check_selection,
            resolved_op_selection=resolved_op_selection,
            op_selection=op_selection,
            remote_job_origin=remote_job_origin,
            job_code_origin=job_code_origin,
            mode=mode,
            **snapshots,
        )
        return self._recorder.add_run(run)

    def register_managed_run(
        self,
        job_name: str,
        run_id: str,
        run_config: Mapping[str, object] | None = None,
        resolved_op_selection: AbstractSet[str] | None = None,
        step_keys_to_execute: Sequence[str] | None = None,
        tags: Mapping[str, str] | None = None,
        root_run_id: str | None = None,
        parent_run_id: str | None = None,
        job_snapshot: JobSnap | None = None,
        execution_plan_snapshot: ExecutionPlanSnapshot | None = None,
        parent_job_snapshot: JobSnap | None = None,
        op_selection: Sequence[str] | None = None,
        job_code_origin: Any = None,
    ) -> DagsterRun:
        """Store a run that something else launches, or return it if it is stored. See :meth:`create_run`."""
        snapshots = runs.add_snapshots(
            self.run_storage, job_snapshot, execution_plan_snapshot, parent_job_snapshot
        )
        return runs.register_run(
            self.run_storage,
            runs.build_run(
                job_name=job_name,
                run_id=run_id,
                status=DagsterRunStatus.MANAGED,
                tags=tags,
                root_run_id=root_run_id,
                parent_run_id=parent_run_id,
                run_config=run_config or {},
                step_keys_to_execute=step_keys_to_execute,
                resolved_op_selection=resolved_op_selection,
                op_selection=op_selection,
                job_code_origin=job_code_origin,
                **snapshots,
            ),
        )

    def add_run(self, dagster_run: DagsterRun) -> DagsterRun:
        """Store a run."""
        return self._recorder.add_run(check.inst_param(dagster_run, "dagster_run", DagsterRun))

    def add_run_tags(self, run_id: str, new_tags: Mapping[str, str]) -> None:
        """Add tags to a run.

        Raises:
            DagsterRunNotFoundError: If there is no such run.
        """
        self.run_storage.add_run_tags(run_id, new_tags)

    def handle_run_event(
        self, run_id: str, event: DagsterEvent, update_timestamp: datetime | None = None
    ) -> None:
        """Take over what an event says of how its run stands."""
        self.run_storage.handle_run_event(run_id, event, update_timestamp)

    def get_run_by_id(self, run_id: str) -> DagsterRun | None:
        """Return a run, or None."""
        return self._recorder.get_run(run_id)

    def get_run_record_by_id(self, run_id: str) -> RunRecord | None:
        """Return a run with what its storage knows of it, or None."""
        return runs.find_record(self.run_storage, self.event_log_storage, run_id)

    def has_run(self, run_id: str) -> bool:
        """Return whether there is a run."""
        return self._recorder.has_run(run_id)

    def get_runs(
        self,
        filters: RunsFilter | None = None,
        cursor: str | None = None,
        limit: int | None = None,
        bucket_by: JobBucket | TagBucket | None = None,
        ascending: bool = False,
    ) -> Sequence[DagsterRun]:
        """Return runs, the newest first.

        Args:
            filters: Which.
            cursor: The id of the run after which to start.
            limit: How many at most. Default: all.
            bucket_by: So many of each job, or of each value of a tag.
            ascending: The oldest first.
        """
        return runs.caught_up(
            lambda: self.run_storage.get_runs(filters, cursor, limit, bucket_by, ascending),
            self.run_storage,
            self.event_log_storage,
        )

    def get_run_ids(
        self, filters: RunsFilter | None = None, cursor: str | None = None, limit: int | None = None
    ) -> Sequence[str]:
        """Return the ids of runs, the newest first."""
        return self.run_storage.get_run_ids(filters, cursor, limit)

    def get_runs_count(self, filters: RunsFilter | None = None) -> int:
        """Return how many runs there are."""
        return self.run_storage.get_runs_count(filters)

    def get_run_records(
        self,
        filters: RunsFilter | None = None,
        limit: int | None = None,
        order_by: str | None = None,
        ascending: bool = False,
        cursor: str | None = None,
        bucket_by: JobBucket | TagBucket | None = None,
    ) -> Sequence[RunRecord]:
        """Return runs with what their storage knows of them.

        Args:
            filters: Which.
            limit: How many at most. Default: all.
            order_by: The column to sort by. Default: ``id``.
            ascending: The smallest first.
            cursor: The id of the run after which to start.
            bucket_by: So many of each job, or of each value of a tag.
        """
        return runs.caught_up(
            lambda: self.run_storage.get_run_records(
                filters, limit, order_by, ascending, cursor, bucket_by
            ),
            self.run_storage,
            self.event_log_storage,
        )

    def get_run_tags(
        self, tag_keys: Sequence[str], value_prefix: str | None = None, limit: int | None = None
    ) -> Sequence[tuple[str, set[str]]]:
        """Return the values of tags that runs have."""
        return self.run_storage.get_run_tags(tag_keys, value_prefix, limit)

    def get_run_tag_keys(self) -> Sequence[str]:
        """Return the tags that runs have."""
        return self.run_storage.get_run_tag_keys()

    def get_run_group(self, run_id: str) -> tuple[str, Sequence[DagsterRun]] | None:
        """Return the id of the first run of a run's group, and all runs of the group."""
        return self.run_storage.get_run_group(run_id)

    def get_run_partition_data(self, runs_filter: RunsFilter) -> Sequence[RunPartitionData]:
        """Return how the newest run of each partition stands."""
        return self.run_storage.get_run_partition_data(runs_filter)

    def get_run_size_limit_bytes(self) -> int | None:
        """Return how large a run may be: there is no limit."""
        return None

    def get_default_graphql_run_records_limit(self) -> int | None:
        """Return how many runs are asked for at once if nobody says: there is no limit."""
        return None

    def delete_run(self, run_id: str) -> None:
        """Delete a run, all events generated by it, and what its steps wrote."""
        self.delete_runs([run_id])

    def delete_runs(self, run_ids: Sequence[str]) -> None:
        """Delete runs, all events generated by them, in a few statements, and what their steps wrote."""
        maintenance.delete_runs(self, run_ids)

    def add_snapshot(self, snapshot: JobSnap | ExecutionPlanSnapshot) -> None:
        """Store the record of a job or of a plan."""
        self.run_storage.add_snapshot(snapshot)

    def has_snapshot(self, snapshot_id: str) -> bool:
        """Return whether the record of a job or of a plan is stored."""
        return self.run_storage.has_snapshot(snapshot_id)

    def has_job_snapshot(self, snapshot_id: str) -> bool:
        """Return whether the record of a job is stored."""
        return self.run_storage.has_job_snapshot(snapshot_id)

    def get_job_snapshot(self, snapshot_id: str) -> JobSnap:
        """Return the record of a job."""
        return self.run_storage.get_job_snapshot(snapshot_id)

    def get_execution_plan_snapshot(self, snapshot_id: str) -> ExecutionPlanSnapshot:
        """Return the record of a plan."""
        return self.run_storage.get_execution_plan_snapshot(snapshot_id)

    def get_historical_job(self, snapshot_id: str) -> historical_job.HistoricalJob:
        """Return a job as it was when a run of it was made."""
        return historical_job.load_historical_job(self.run_storage, snapshot_id)

    #: Whether :meth:`get_historical_job` has something to return.
    has_historical_job = has_job_snapshot

    @property
    def run_domain(self) -> runs.RunDomain:
        """What makes runs, by itself."""
        return runs.RunDomain(self.create_run, self.create_run_for_job, self.register_managed_run)

    # Starting runs

    def submit_run(self, run_id: str, workspace: Any = None) -> DagsterRun:
        """Hand a stored run to the run coordinator, which launches it or puts it into the queue.

        Args:
            run_id: The run.
            workspace: Where its job is loaded from.

        Raises:
            DagsterRunNotFoundError: If there is no such run.
        """
        return launching.submit(self, run_id, workspace)

    def launch_run(self, run_id: str, workspace: Any = None) -> DagsterRun:
        """Have the worker of a stored run started. It has failed if that is not possible.

        Args:
            run_id: The run.
            workspace: Where its job is loaded from.
        """
        return launching.launch(self, run_id, workspace)

    def resume_run(self, run_id: str, workspace: Any, attempt_number: int) -> DagsterRun:
        """Have another worker started for a run whose worker is gone."""
        return launching.resume(self, run_id, workspace, attempt_number)

    def count_resume_run_attempts(self, run_id: str) -> int:
        """Return how often another worker was started for a run."""
        return launching.count_resumed(self, run_id)

    def run_will_resume(self, run_id: str) -> bool:
        """Return whether another worker would be started if the run's worker were gone."""
        limit = self.run_monitoring_max_resume_run_attempts if self.run_monitoring_enabled else 0
        return self.count_resume_run_attempts(run_id) < limit

    # Events

    def event_writer(self, run_id: str) -> RunLogWriter:
        """Return what takes the entries of a run's log. :meth:`close_event_writer` has all committed."""
        writer, listeners = self._recorder.event_writer(run_id), self._listeners.get(run_id)
        return events.HeardWriter(writer, listeners) if listeners else writer

    def close_event_writer(self, run_id: str) -> None:
        """Have everything committed that was written to a run's log."""
        self._recorder.close_writer(run_id)

    def should_store_event(self, event: EventLogEntry) -> bool:
        """Return whether an entry is kept: every one is."""
        return True

    def store_event(self, event: EventLogEntry) -> None:
        """Store an entry."""
        self._recorder.store([event])

    def handle_new_event(
        self, event: EventLogEntry, *, batch_metadata: events.DagsterEventBatchMetadata | None = None
    ) -> None:
        """Store an entry and tell listeners.

        Args:
            event: The entry.
            batch_metadata: The batch to store it with; the last of a batch stores all.
        """
        entries = events.whole_batch(self._batches, event, batch_metadata)
        if entries:
            self._recorder.store(entries)
        for entry in entries:
            events.tell(self._listeners.get(entry.run_id, ()), entry)

    def add_event_listener(self, run_id: str, cb: EventListener) -> None:
        """Have a function called with each new entry of a run that starts after this.

        Args:
            run_id: The run.
            cb: Takes the entry and a cursor.
        """
        self._listeners.setdefault(run_id, []).append(check.callable_param(cb, "cb"))

    def watch_event_logs(self, run_id: str, cursor: str | None, cb: EventHandlerFn) -> None:
        """Have a function called with each entry of a run after a cursor, whoever writes it.

        Args:
            run_id: The run.
            cursor: The cursor of the last entry that is known; None starts at the beginning.
            cb: Takes the entry and its cursor, in a thread of its own.
        """
        self.event_log_storage.watch(run_id, cursor, cb)

    def end_watch_event_logs(self, run_id: str, cb: EventHandlerFn) -> None:
        """Have a function no longer called."""
        self.event_log_storage.end_watch(run_id, cb)

    def all_logs(self, run_id: str, of_type: OfType = None) -> Sequence[EventLogEntry]:
        """Return all entries of a run, or only its events of some types."""
        return self.event_log_storage.get_logs_for_run(run_id, of_type=of_type)

    def logs_after(
        self, run_id: str, cursor: int | None = None, of_type: OfType = None, limit: int | None = None
    ) -> Sequence[EventLogEntry]:
        """Return entries of a run after a position.

        Args:
            run_id: The run.
            cursor: The position of the last entry that is known; -1 or None starts at the beginning.
            of_type: Only events of these types.
            limit: How many at most.
        """
        return self.event_log_storage.get_logs_for_run(run_id, cursor, of_type, limit)

    def get_records_for_run(
        self,
        run_id: str,
        cursor: str | None = None,
        of_type: OfType = None,
        limit: int | None = None,
        ascending: bool = True,
    ) -> event_records.EventLogConnection:
        """Return a page of a run's log, with the cursor to go on from."""
        return self.event_log_storage.get_records_for_run(run_id, cursor, of_type, limit, ascending)

    def get_event_records(
        self,
        event_records_filter: event_records.EventRecordsFilter,
        limit: int | None = None,
        ascending: bool = False,
    ) -> Sequence[event_records.EventLogRecord]:
        """Return events of all runs, the newest first.

        Args:
            event_records_filter: Which.
            limit: How many at most. Default: all.
            ascending: The oldest first.
        """
        return self.event_log_storage.get_event_records(event_records_filter, limit, ascending)

    def fetch_run_status_changes(
        self,
        records_filter: DagsterEventType | event_records.RunStatusChangeRecordsFilter,
        limit: int,
        cursor: str | None = None,
        ascending: bool = False,
    ) -> event_records.EventRecordsResult:
        """Return a page of events that changed how runs stand.

        Args:
            records_filter: Which.
            limit: How many at most.
            cursor: Where the page before ended.
            ascending: The oldest first.
        """
        return self.event_log_storage.fetch_run_status_changes(records_filter, limit, cursor, ascending)

    def get_run_stats(self, run_id: str) -> event_records.DagsterRunStatsSnapshot:
        """Return when a run was enqueued, launched, started and over, and what its steps came to."""
        return self.event_log_storage.get_stats_for_run(run_id)

    def get_run_step_stats(
        self, run_id: str, step_keys: Sequence[str] | None = None
    ) -> Sequence[event_records.RunStepKeyStatsSnapshot]:
        """Return when each step of a run started and ended, and what it came to."""
        return self.event_log_storage.get_step_stats_for_run(run_id, step_keys)

    def report_dagster_event(
        self,
        dagster_event: DagsterEvent,
        run_id: str,
        log_level: str | int = logging.INFO,
        batch_metadata: events.DagsterEventBatchMetadata | None = None,
        timestamp: float | None = None,
    ) -> None:
        """Store an event that was made outside of a running step."""
        entry = events.build_entry(dagster_event, run_id, log_level, timestamp)
        self.handle_new_event(entry, batch_metadata=batch_metadata)

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
        event = events.build_engine_event(message, job_name, run_id, engine_event_data, cls, step_key)
        self.report_dagster_event(event, check.not_none(run_id), events.level_of(engine_event_data))
        return event

    def report_run_canceling(self, run: DagsterRun, message: str | None = None) -> None:
        """Store that a run is to be canceled."""
        text = message or "Sending run termination request."
        event = events.build_run_event(run, DagsterEventType.RUN_CANCELING, text)
        self.report_dagster_event(event, run.run_id)

    def report_run_canceled(self, dagster_run: DagsterRun, message: str | None = None) -> DagsterEvent:
        """Store that a run was canceled, and keep what its steps wrote until then."""
        text = message or "This run has been marked as canceled from outside the execution context."
        event = events.build_run_event(dagster_run, DagsterEventType.RUN_CANCELED, text)
        return maintenance.close_run(self, event, dagster_run.run_id)

    def report_run_failed(
        self,
        dagster_run: DagsterRun,
        message: str | None = None,
        job_failure_data: JobFailureData | None = None,
    ) -> DagsterEvent:
        """Store that a run failed, and keep what its steps wrote until then."""
        text = message or "This run has been marked as failed from outside the execution context."
        event = events.build_run_event(dagster_run, DagsterEventType.RUN_FAILURE, text, job_failure_data)
        return maintenance.close_run(self, event, dagster_run.run_id)

    # Assets

    def report_runless_asset_event(self, asset_event: AssetMaterialization | AssetObservation) -> None:
        """Record an event of an asset that does not belong to a run."""
        event = events.build_runless_event(asset_event)
        self.report_dagster_event(event, events.RUNLESS_RUN_ID)

    def has_asset_key(self, asset_key: AssetKey) -> bool:
        """Return whether an event of the asset is known."""
        return self.event_log_storage.has_asset_key(asset_key)

    def all_asset_keys(self) -> Sequence[AssetKey]:
        """Return all assets of which an event is known."""
        return self.event_log_storage.all_asset_keys()

    def get_asset_keys(
        self, prefix: Sequence[str] | None = None, limit: int | None = None, cursor: str | None = None
    ) -> Sequence[AssetKey]:
        """Return a filtered subset of asset keys managed by this instance.

        Args:
            prefix: Return only assets having this key prefix.
            limit: Maximum number of keys to return.
            cursor: Where the page before ended: an asset key as text.
        """
        return self.event_log_storage.get_asset_keys(prefix, limit, cursor)

    def get_asset_records(
        self, asset_keys: Sequence[AssetKey] | None = None
    ) -> Sequence[asset_records.AssetRecord]:
        """Return what is known of assets.

        Args:
            asset_keys: Which. Default: all.
        """
        return self.event_log_storage.get_asset_records(asset_keys)

    def get_latest_materialization_event(self, asset_key: AssetKey) -> EventLogEntry | None:
        """Return the latest materialization of an asset, or None."""
        return self.get_latest_materialization_events([asset_key]).get(asset_key)

    def get_latest_materialization_events(
        self, asset_keys: Iterable[AssetKey]
    ) -> Mapping[AssetKey, EventLogEntry | None]:
        """Return the latest materialization of each asset, or None."""
        return self.event_log_storage.get_latest_materialization_events(asset_keys)

    def get_latest_materialization_code_versions(
        self, asset_keys: Iterable[AssetKey]
    ) -> Mapping[AssetKey, str | None]:
        """Return the code version of the latest materialization of each asset; None if nobody told it."""
        return self.event_log_storage.get_latest_materialization_code_versions(asset_keys)

    def get_latest_data_version_record(
        self,
        key: AssetKey,
        is_source: bool | None = None,
        partition_key: str | None = None,
        before_cursor: int | None = None,
        after_cursor: int | None = None,
    ) -> event_records.EventLogRecord | None:
        """Return the latest event that has the data version of an asset.

        Args:
            key: The asset.
            is_source: Whether it is only observed; None looks at materializations first.
            partition_key: The partition, if it is about one.
            before_cursor: Only events before this one.
            after_cursor: Only events after this one.
        """
        return self.event_log_storage.get_latest_data_version_record(
            key, is_source, partition_key, before_cursor, after_cursor
        )

    def fetch_materializations(
        self, records_filter: AssetFilter, limit: int, cursor: str | None = None, ascending: bool = False
    ) -> event_records.EventRecordsResult:
        """Return a page of materializations.

        Args:
            records_filter: The asset, or which of its materializations.
            limit: How many at most.
            cursor: Where the page before ended.
            ascending: The oldest first.
        """
        return self.event_log_storage.fetch_materializations(records_filter, limit, cursor, ascending)

    def fetch_observations(
        self, records_filter: AssetFilter, limit: int, cursor: str | None = None, ascending: bool = False
    ) -> event_records.EventRecordsResult:
        """Return a page of observations. See :meth:`fetch_materializations`."""
        return self.event_log_storage.fetch_observations(records_filter, limit, cursor, ascending)

    def fetch_failed_materializations(
        self, records_filter: AssetFilter, limit: int, cursor: str | None = None, ascending: bool = False
    ) -> event_records.EventRecordsResult:
        """Return a page of failed materializations. See :meth:`fetch_materializations`."""
        return self.event_log_storage.fetch_failed_materializations(
            records_filter, limit, cursor, ascending
        )

    def fetch_planned_materializations(
        self, records_filter: AssetFilter, limit: int, cursor: str | None = None, ascending: bool = False
    ) -> event_records.EventRecordsResult:
        """Return a page of planned materializations. See :meth:`fetch_materializations`."""
        return assets.fetch_planned(self.event_log_storage, records_filter, limit, cursor, ascending)

    def get_latest_planned_materialization_info(
        self, asset_key: AssetKey, partition: str | None = None
    ) -> asset_records.PlannedMaterializationInfo | None:
        """Return when a materialization was last planned, and by which run."""
        return self.event_log_storage.get_latest_planned_materialization_info(asset_key, partition)

    def get_event_tags_for_asset(
        self,
        asset_key: AssetKey,
        filter_tags: Mapping[str, str] | None = None,
        filter_event_id: int | None = None,
    ) -> Sequence[Mapping[str, str]]:
        """Return the tags of events of an asset."""
        return self.event_log_storage.get_event_tags_for_asset(asset_key, filter_tags, filter_event_id)

    def get_asset_event_summary_records(
        self,
        event_type: DagsterEventType,
        asset_key: AssetKey | None = None,
        run_id: str | None = None,
        storage_ids: Sequence[int] | None = None,
        after_storage_id: int | None = None,
        before_storage_id: int | None = None,
        limit: int | None = None,
        ascending: bool = False,
    ) -> Sequence[asset_records.AssetEventSummaryRecord]:
        """Return events of assets without their bodies."""
        return self.event_log_storage.get_asset_event_summary_records(
            event_type,
            asset_key,
            run_id,
            storage_ids,
            after_storage_id,
            before_storage_id,
            limit,
            ascending,
        )

    def get_asset_keys_for_run(self, run_id: str, of_type: OfType = None) -> AbstractSet[AssetKey]:
        """Return the assets that events of a run are about."""
        return self.event_log_storage.get_asset_keys_for_run(run_id, of_type)

    def get_asset_partitions_for_run(
        self, run_id: str, of_type: OfType = None
    ) -> Mapping[AssetKey, AbstractSet[str | None]]:
        """Return the assets, and of each the partitions, that events of a run are about."""
        return self.event_log_storage.get_asset_partitions_for_run(run_id, of_type)

    def get_materialized_partitions(
        self, asset_key: AssetKey, before_cursor: int | None = None, after_cursor: int | None = None
    ) -> AbstractSet[str]:
        """Return the partitions of an asset that were materialized."""
        return self.event_log_storage.get_materialized_partitions(asset_key, before_cursor, after_cursor)

    def get_status_by_partition(
        self, asset_key: AssetKey, partition_keys: Sequence[str], partitions_def: Any = None
    ) -> Mapping[str, AssetPartitionStatus | None] | None:
        """Return how partitions of an asset stand.

        Args:
            asset_key: The asset.
            partition_keys: Which.
            partitions_def: The definition of the asset's partitions.
        """
        return self.event_log_storage.get_status_by_partition(
            asset_key, partition_keys, assets.run_statuses(self.run_storage)
        )

    def get_latest_storage_id_by_partition(
        self,
        asset_key: AssetKey,
        event_type: DagsterEventType,
        partitions: set[str] | None = None,
        after_cursor: int | None = None,
    ) -> Mapping[str, int]:
        """Return the number of the latest event of a type of each partition."""
        return self.event_log_storage.get_latest_storage_id_by_partition(
            asset_key, event_type, partitions, after_cursor
        )

    def wipe_assets(self, asset_keys: Sequence[AssetKey]) -> None:
        """Wipe the event history of assets from the event log."""
        self.event_log_storage.wipe_assets(check.sequence_param(asset_keys, "asset_keys"))

    def wipe_asset_partitions(self, asset_key: AssetKey, partition_keys: Sequence[str]) -> None:
        """Wipe the event history of partitions of an asset from the event log."""
        self.event_log_storage.wipe_asset_partitions(asset_key, partition_keys)

    def can_read_asset_failure_events(self) -> bool:
        """Return whether failed materializations are kept."""
        return self.event_log_storage.can_store_asset_failure_events

    def can_read_failure_events_for_asset(self, _asset_record: asset_records.AssetRecord) -> bool:
        """Return whether failed materializations of an asset are kept."""
        return self.can_read_asset_failure_events()

    def can_read_asset_status_cache(self) -> bool:
        """Return whether the status of partitions can be kept with the asset."""
        return self.event_log_storage.can_read_asset_status_cache()

    def update_asset_cached_status_data(self, asset_key: AssetKey, cache_values: Any) -> None:
        """Keep the status of an asset's partitions with it."""
        self.event_log_storage.update_asset_cached_status_data(asset_key, cache_values)

    def wipe_asset_cached_status(self, asset_keys: Sequence[AssetKey]) -> None:
        """Forget the kept status of the partitions of assets."""
        for asset_key in asset_keys:
            self.event_log_storage.wipe_asset_cached_status(asset_key)

    # Dynamic partitions

    def add_dynamic_partitions(self, partitions_def_name: str, partition_keys: Sequence[str]) -> None:
        """Add partitions to a DynamicPartitionsDefinition; those that are there stay as they are."""
        keys = assets.checked_partitions(partitions_def_name, partition_keys)
        self.event_log_storage.add_dynamic_partitions(partitions_def_name, keys)

    def delete_dynamic_partition(self, partitions_def_name: str, partition_key: str) -> None:
        """Delete a partition of a DynamicPartitionsDefinition; one that is not there is deleted already."""
        self.event_log_storage.delete_dynamic_partition(partitions_def_name, partition_key)

    def get_dynamic_partitions(self, partitions_def_name: str) -> Sequence[str]:
        """Return the partitions of a DynamicPartitionsDefinition, in the order in which they were added."""
        return self.event_log_storage.get_dynamic_partitions(partitions_def_name)

    def get_paginated_dynamic_partitions(
        self, partitions_def_name: str, limit: int, ascending: bool, cursor: str | None = None
    ) -> event_records.PaginatedResults[str]:
        """Return a page of the partitions of a DynamicPartitionsDefinition."""
        return self.event_log_storage.get_paginated_dynamic_partitions(
            partitions_def_name, limit, ascending, cursor
        )

    def get_dynamic_partitions_definition_id(self, partitions_def_name: str) -> str:
        """Return a text that changes when the partitions of a DynamicPartitionsDefinition do."""
        return assets.partitions_id(self.get_dynamic_partitions(partitions_def_name))

    def has_dynamic_partition(self, partitions_def_name: str, partition_key: str) -> bool:
        """Return whether a DynamicPartitionsDefinition has a partition."""
        return self.event_log_storage.has_dynamic_partition(partitions_def_name, partition_key)

    def get_existing_dynamic_partitions(
        self, partitions_def_name: str, partition_keys: Sequence[str]
    ) -> AbstractSet[str]:
        """Return those of some partitions that a DynamicPartitionsDefinition has."""
        return self.event_log_storage.get_existing_dynamic_partitions(
            partitions_def_name, partition_keys
        )

    # The daemon

    def add_daemon_heartbeat(self, daemon_heartbeat: DaemonHeartbeat) -> None:
        """Store a sign of life of a part of the daemon, in place of the one before."""
        self.run_storage.add_daemon_heartbeat(daemon_heartbeat)

    def get_daemon_heartbeats(self) -> Mapping[str, DaemonHeartbeat]:
        """Return the latest sign of life of each part of the daemon."""
        return self.run_storage.get_daemon_heartbeats()

    def wipe_daemon_heartbeats(self) -> None:
        """Forget all signs of life."""
        self.run_storage.wipe_daemon_heartbeats()

    def get_required_daemon_types(self) -> Sequence[str]:
        """Return the parts of the daemon without which something that is configured does not work."""
        return daemons.required_daemon_types(self)

    def get_daemon_statuses(
        self, daemon_types: Sequence[str] | None = None
    ) -> Mapping[str, DaemonStatus]:
        """Return how parts of the daemon are.

        Args:
            daemon_types: Which. Default: those that the instance needs.
        """
        return daemons.daemon_statuses(
            self.get_daemon_heartbeats(), self.get_required_daemon_types(), daemon_types, _time.now()
        )

    # Schedules and sensors

    def start_schedule(self, remote_schedule: Any) -> InstigatorState:
        """Start a schedule."""
        return self._part("scheduler", "scheduler").start_schedule(self, remote_schedule)

    def stop_schedule(
        self, schedule_origin_id: str, schedule_selector_id: str, remote_schedule: Any = None
    ) -> InstigatorState:
        """Stop a schedule."""
        return self._part("scheduler", "scheduler").stop_schedule(
            self, schedule_origin_id, schedule_selector_id, remote_schedule
        )

    def reset_schedule(self, remote_schedule: Any) -> InstigatorState:
        """Have a schedule stand again as its code says."""
        return self._part("scheduler", "scheduler").reset_schedule(self, remote_schedule)

    def start_sensor(self, remote_sensor: Any) -> InstigatorState:
        """Start a sensor. One that is running goes on, and one that was stopped goes on from its cursor."""
        return sensors.start(self.schedule_storage, remote_sensor)

    def stop_sensor(
        self, instigator_origin_id: str, selector_id: str, remote_sensor: Any = None
    ) -> InstigatorState:
        """Stop a sensor; its cursor stays."""
        return sensors.stop(self.schedule_storage, instigator_origin_id, selector_id, remote_sensor)

    def reset_sensor(self, remote_sensor: Any) -> InstigatorState:
        """Have a sensor stand again as its code says; its cursor stays."""
        return sensors.reset(self.schedule_storage, remote_sensor)

    def scheduler_debug_info(self) -> SchedulerDebugInfo:
        """Return what is known of the scheduler, as texts."""
        return daemons.scheduler_debug_info(self)

    def logs_path_for_schedule(self, schedule_origin_id: str) -> str:
        """Return the path of the logs of a schedule."""
        return self._part("scheduler", "scheduler").get_logs_path(self, schedule_origin_id)

    def wipe_all_schedules(self) -> None:
        """Delete the state of all schedules and sensors, and all ticks."""
        self.schedule_storage.wipe()

    def all_instigator_state(
        self,
        repository_origin_id: str | None = None,
        repository_selector_id: str | None = None,
        instigator_type: InstigatorType | None = None,
        instigator_statuses: set[InstigatorStatus] | None = None,
    ) -> Sequence[InstigatorState]:
        """Return the state of schedules and sensors."""
        return self.schedule_storage.all_instigator_state(
            repository_origin_id, repository_selector_id, instigator_type, instigator_statuses
        )

    def get_instigator_state(self, origin_id: str, selector_id: str) -> InstigatorState | None:
        """Return the state of a schedule or sensor, or None."""
        return self.schedule_storage.get_instigator_state(origin_id, selector_id)

    def add_instigator_state(self, state: InstigatorState) -> InstigatorState:
        """Store the state of a schedule or sensor."""
        return self.schedule_storage.add_instigator_state(state)

    def update_instigator_state(self, state: InstigatorState) -> InstigatorState:
        """Store the state of a schedule or sensor in place of the one before."""
        return self.schedule_storage.update_instigator_state(state)

    def delete_instigator_state(self, origin_id: str, selector_id: str) -> None:
        """Delete the state of a schedule or sensor."""
        self.schedule_storage.delete_instigator_state(origin_id, selector_id)

    @property
    def supports_batch_tick_queries(self) -> bool:
        """Whether the ticks of several schedules and sensors can be asked for at once."""
        return self.has_schedule_storage and self.schedule_storage.supports_batch_queries

    def get_batch_ticks(
        self,
        selector_ids: Sequence[str],
        limit: int | None = None,
        statuses: Sequence[TickStatus] | None = None,
    ) -> Mapping[str, Sequence[InstigatorTick]]:
        """Return the ticks of several schedules and sensors, the newest first."""
        return self.schedule_storage.get_batch_ticks(selector_ids, limit, statuses)

    def get_tick(self, origin_id: str, selector_id: str, timestamp: float) -> InstigatorTick | None:
        """Return the tick of a schedule or sensor at a time, or None."""
        return daemons.tick_at(self.schedule_storage, origin_id, selector_id, timestamp)

    def get_ticks(
        self,
        origin_id: str,
        selector_id: str,
        before: float | None = None,
        after: float | None = None,
        limit: int | None = None,
        statuses: Sequence[TickStatus] | None = None,
    ) -> Sequence[InstigatorTick]:
        """Return ticks of a schedule or sensor, the newest first."""
        return self.schedule_storage.get_ticks(origin_id, selector_id, before, after, limit, statuses)

    def get_tick_summaries(
        self,
        origin_id: str,
        selector_id: str,
        before: float | None = None,
        after: float | None = None,
        limit: int | None = None,
        statuses: Sequence[TickStatus] | None = None,
    ) -> Sequence[InstigatorTickSummary]:
        """Return ticks of a schedule or sensor without what they asked for, the newest first."""
        return self.schedule_storage.get_tick_summaries(
            origin_id, selector_id, before, after, limit, statuses
        )

    def create_tick(self, tick_data: TickData) -> InstigatorTick:
        """Store a tick."""
        return self.schedule_storage.create_tick(tick_data)

    def update_tick(self, tick: InstigatorTick) -> InstigatorTick:
        """Store a tick in place of the one before."""
        return self.schedule_storage.update_tick(tick)

    def purge_ticks(
        self,
        origin_id: str,
        selector_id: str,
        before: float,
        tick_statuses: Sequence[TickStatus] | None = None,
    ) -> None:
        """Delete old ticks of a schedule or sensor."""
        self.schedule_storage.purge_ticks(origin_id, selector_id, before, tick_statuses)

    def get_tick_termination_check_interval(self) -> int | None:
        """Return how often a running tick is asked whether it was stopped: never."""
        return None

    # Backfills

    def get_backfills(
        self,
        filters: BulkActionsFilter | None = None,
        cursor: str | None = None,
        limit: int | None = None,
        status: BulkActionStatus | None = None,
    ) -> Sequence[PartitionBackfill]:
        """Return backfills, the newest first."""
        return self.run_storage.get_backfills(filters, cursor, limit, status)

    def get_backfills_count(self, filters: BulkActionsFilter | None = None) -> int:
        """Return how many backfills there are."""
        return self.run_storage.get_backfills_count(filters)

    def get_backfill(self, backfill_id: str) -> PartitionBackfill | None:
        """Return a backfill, or None."""
        return self.run_storage.get_backfill(backfill_id)

    def add_backfill(self, partition_backfill: PartitionBackfill) -> None:
        """Store a backfill."""
        self.run_storage.add_backfill(partition_backfill)

    def update_backfill(self, partition_backfill: PartitionBackfill) -> None:
        """Store a backfill in place of the one before."""
        self.run_storage.update_backfill(partition_backfill)
