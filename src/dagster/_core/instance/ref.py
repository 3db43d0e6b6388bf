"""InstanceRef: everything that an instance is made of, as a value that crosses processes."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import dagster._check as check
from dagster._core.instance.home import DAGSTER_CONFIG_YAML_FILENAME
from dagster._core.storage.root import LocalArtifactStorage
from dagster._process.late_module import LateModule
from dagster._serdes.config_class import ConfigurableClassData, class_data_from_config
from dagster._wire.codec import deserialize_value, serialize_value
from dagster._wire.record import Record

if TYPE_CHECKING:
    from dagster._core.instance import dagster_yaml
else:
    dagster_yaml = LateModule("dagster._core.instance.dagster_yaml")

#: Classes by the name of a shorthand under ``storage:``.
_STORAGE_CLASSES = {
    "sqlite": ("dagster._core.storage.sqlite_storage", "DagsterSqliteStorage"),
    "postgres": ("dagster_postgres", "DagsterPostgresStorage"),
    "mysql": ("dagster_mysql", "DagsterMySQLStorage"),
}

Parts = Mapping[str, ConfigurableClassData | None]


class InstanceRef(Record, frozen=True):
    """Serializable representation of a DagsterInstance. From the "Internals" document.

    Users do not make these: ``instance.get_ref()`` gives one, and ``DagsterInstance.from_ref`` an instance.
    Each ``…_data`` tells where a class is and its config; the property without ``_data`` makes a new object
    of it.

    Args:
        local_artifact_storage_data: The directory of files.
        compute_logs_data: Where the output of steps is kept.
        scheduler_data: What starts and stops schedules.
        run_coordinator_data: What takes submitted runs.
        run_launcher_data: What starts workers.
        settings: Everything else of ``dagster.yaml``.
        run_storage_data: Where runs are kept.
        event_storage_data: Where events are kept.
        schedule_storage_data: Where schedules are kept.
        custom_instance_class_data: A subclass of DagsterInstance.
        storage_data: All three storages in one; None if each is chosen by itself.
        secrets_loader_data: Where environment variables of code locations come from.
        defs_state_storage_data: Where the state of definitions is kept.
    """

    local_artifact_storage_data: ConfigurableClassData
    compute_logs_data: ConfigurableClassData | None
    scheduler_data: ConfigurableClassData | None
    run_coordinator_data: ConfigurableClassData | None
    run_launcher_data: ConfigurableClassData | None
    settings: Mapping[str, Any]
    run_storage_data: ConfigurableClassData | None
    event_storage_data: ConfigurableClassData | None
    schedule_storage_data: ConfigurableClassData | None
    custom_instance_class_data: ConfigurableClassData | None = None
    storage_data: ConfigurableClassData | None = None
    secrets_loader_data: ConfigurableClassData | None = None
    defs_state_storage_data: ConfigurableClassData | None = None

    @staticmethod
    def config_defaults(base_dir: str) -> Parts:
        """Return what an instance is made of when its ``dagster.yaml`` says nothing.

        Args:
            base_dir: The directory of the instance.
        """
        of = ConfigurableClassData.of
        history = os.path.join(base_dir, "history")
        return {
            "local_artifact_storage": of(
                "dagster._core.storage.root", "LocalArtifactStorage", {"base_dir": base_dir}
            ),
            "storage": of(*_STORAGE_CLASSES["sqlite"], {"base_dir": base_dir}),
            "compute_logs": of(
                "dagster._core.storage.local_compute_log_manager",
                "LocalComputeLogManager",
                {"base_dir": os.path.join(base_dir, "storage")},
            ),
            "scheduler": of("dagster._core.scheduler", "DagsterDaemonScheduler", {}),
            "run_coordinator": of("dagster._core.run_coordinator", "QueuedRunCoordinator", {}),
            "run_launcher": None,
            "secrets": None,
            "defs_state_storage": None,
            "run_storage": of(
                "dagster._core.storage.runs",
                "SqliteRunStorage",
                {"base_dir": os.path.join(history, "")},
            ),
            "event_log_storage": of(
                "dagster._core.storage.event_log",
                "SqliteEventLogStorage",
                {"base_dir": os.path.join(history, "runs", "")},
            ),
            "schedule_storage": of(
                "dagster._core.storage.schedules",
                "SqliteScheduleStorage",
                {"base_dir": os.path.join(base_dir, "schedules")},
            ),
        }

    @staticmethod
    def from_dir(
        base_dir: str,
        *,
        config_dir: str | None = None,
        config_filename: str = DAGSTER_CONFIG_YAML_FILENAME,
        overrides: Mapping[str, Any] | None = None,
    ) -> InstanceRef:
        """Return the reference of the instance of a directory.

        Args:
            base_dir: The directory: an absolute path.
            config_dir: Where ``dagster.yaml`` is. Default: in the directory itself.
            config_filename: Its name.
            overrides: Config that goes before what the file says, key by key.

        Raises:
            DagsterInvalidConfigError: With every problem of the file, each with its line.
        """
        check.str_param(base_dir, "base_dir")
        config = dagster_yaml.load_dagster_yaml(config_dir or base_dir, config_filename, overrides)
        return build_instance_ref(base_dir, config)

    @staticmethod
    def from_dict(instance_ref_dict: Mapping[str, Any]) -> InstanceRef:
        """Return the reference that :meth:`to_dict` wrote."""

        def data(name: str) -> ConfigurableClassData | None:
            given = instance_ref_dict.get(name)
            return None if given is None else ConfigurableClassData(**given)

        names = [name for name in InstanceRef.__struct_fields__ if name != "settings"]
        parts: dict[str, Any] = {name: data(name) for name in names}
        return InstanceRef(settings=instance_ref_dict.get("settings") or {}, **parts)

    def to_dict(self) -> Mapping[str, Any]:
        """Return the same in plain dicts and strings."""
        return {
            name: value._asdict() if isinstance(value, ConfigurableClassData) else value
            for name, value in self._asdict().items()
        }

    def to_json(self) -> str:
        """Return the same as one line of JSON, as a child process takes it."""
        return serialize_value(self)

    @staticmethod
    def from_json(text: str) -> InstanceRef:
        """Return the reference that :meth:`to_json` wrote."""
        return deserialize_value(text, InstanceRef)

    # New objects

    @property
    def local_artifact_storage(self) -> LocalArtifactStorage:
        return self.local_artifact_storage_data.rehydrate(LocalArtifactStorage)

    @property
    def storage(self) -> Any:
        return _made(self.storage_data)

    @property
    def run_storage(self) -> Any:
        return _made(self.run_storage_data)

    @property
    def event_storage(self) -> Any:
        return _made(self.event_storage_data)

    @property
    def schedule_storage(self) -> Any:
        return _made(self.schedule_storage_data)

    @property
    def compute_log_manager(self) -> Any:
        return _made(self.compute_logs_data)

    @property
    def scheduler(self) -> Any:
        return _made(self.scheduler_data)

    @property
    def run_coordinator(self) -> Any:
        return _made(self.run_coordinator_data)

    @property
    def run_launcher(self) -> Any:
        return _made(self.run_launcher_data)

    @property
    def secrets_loader(self) -> Any:
        return _made(self.secrets_loader_data)

    @property
    def defs_state_storage(self) -> Any:
        return _made(self.defs_state_storage_data)

    @property
    def custom_instance_class(self) -> type | None:
        """The subclass of DagsterInstance, if there is one."""
        data = self.custom_instance_class_data
        return data.load_class() if data is not None else None

    @property
    def custom_instance_class_config(self) -> Mapping[str, Any]:
        """Further arguments for the constructor of that class."""
        data = self.custom_instance_class_data
        return data.config_dict if data is not None else {}


def _made(data: ConfigurableClassData | None) -> Any:
    return data.rehydrate() if data is not None else None


def build_instance_ref(base_dir: str, config: Mapping[str, Any]) -> InstanceRef:
    """Return the reference of an instance.

    Args:
        base_dir: The directory of the instance.
        config: The checked config.
    """
    defaults = InstanceRef.config_defaults(base_dir)

    def part(key: str) -> ConfigurableClassData | None:
        given = config.get(key)
        return class_data_from_config(given) if given is not None else defaults.get(key)

    artifacts = part("local_artifact_storage")
    queue = config.get("run_queue")
    coordinator = part("run_coordinator")
    if queue is not None:
        coordinator = ConfigurableClassData.of(
            "dagster._core.run_coordinator", "QueuedRunCoordinator", queue
        )
    separate = {key: part(key) for key in ("run_storage", "event_log_storage", "schedule_storage")}
    storage = None if any(key in config for key in separate) else _storage_data(config, defaults)
    whole = storage is not None and "storage" in config
    secrets = (config.get("secrets") or {}).get("custom")
    instance_class = config.get("instance_class") or config.get("custom_instance_class")
    return InstanceRef(
        local_artifact_storage_data=check.not_none(artifacts),
        compute_logs_data=_compute_logs(config, defaults, check.not_none(artifacts)),
        scheduler_data=part("scheduler"),
        run_coordinator_data=coordinator,
        run_launcher_data=part("run_launcher"),
        settings={key: config[key] for key in dagster_yaml.SETTINGS_KEYS if key in config},
        run_storage_data=None if whole else separate["run_storage"],
        event_storage_data=None if whole else separate["event_log_storage"],
        schedule_storage_data=None if whole else separate["schedule_storage"],
        custom_instance_class_data=(
            class_data_from_config(instance_class) if instance_class is not None else None
        ),
        storage_data=storage,
        secrets_loader_data=class_data_from_config(secrets) if secrets is not None else None,
        defs_state_storage_data=part("defs_state_storage"),
    )


def _storage_data(config: Mapping[str, Any], defaults: Parts) -> ConfigurableClassData | None:
    given = config.get("storage")
    if given is None:
        return defaults["storage"]
    ((kind, inner),) = given.items()
    if kind == "custom":
        return class_data_from_config(inner)
    return ConfigurableClassData.of(*_STORAGE_CLASSES[kind], inner)


def _compute_logs(
    config: Mapping[str, Any], defaults: Parts, artifacts: ConfigurableClassData
) -> ConfigurableClassData | None:
    """Return where logs are kept: in the directory of artifacts, if one was chosen."""
    given = config.get("compute_logs")
    if given is not None:
        return class_data_from_config(given)
    base_dir = artifacts.config_dict.get("base_dir")
    if "local_artifact_storage" not in config or not isinstance(base_dir, str):
        return defaults["compute_logs"]
    return ConfigurableClassData.of(
        "dagster._core.storage.local_compute_log_manager",
        "LocalComputeLogManager",
        {"base_dir": os.path.join(base_dir, "storage")},
    )
