"""An instance in words: what it is made of, and the versions of its tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from dagster._config.yaml_files import dump_yaml

if TYPE_CHECKING:
    from dagster._core.instance.instance import DagsterInstance

_SECRET_KEYS = frozenset({"password", "postgres_url", "mysql_url"})


def info_dict(instance: DagsterInstance) -> Mapping[str, object]:
    """Return what an instance is made of, as ``dagster.yaml`` writes it, without passwords."""
    parts = instance.ref_or_none
    if parts is None:
        described = {name: type(part).__name__ for name, part in _parts(instance).items()}
        return {**described, **instance.settings.raw}
    storage: dict[str, Any] = {}
    if parts.storage_data is not None:
        storage["storage"] = parts.storage_data.info_dict()
    else:
        storage["run_storage"] = _info(parts.run_storage_data)
        storage["event_log_storage"] = _info(parts.event_storage_data)
        storage["schedule_storage"] = _info(parts.schedule_storage_data)
    described = {
        "local_artifact_storage": _info(parts.local_artifact_storage_data),
        **storage,
        "compute_logs": _info(parts.compute_logs_data),
        "scheduler": _info(parts.scheduler_data),
        "run_coordinator": _info(parts.run_coordinator_data),
        "run_launcher": _info(parts.run_launcher_data),
        "secrets": _info(parts.secrets_loader_data),
        "instance_class": _info(parts.custom_instance_class_data),
    }
    return {
        **{key: masked(value) for key, value in described.items() if value is not None},
        **parts.settings,
    }


def _parts(instance: DagsterInstance) -> Mapping[str, object]:
    return {
        "local_artifact_storage": instance.local_artifact_storage,
        "run_storage": instance.run_storage,
        "event_log_storage": instance.event_log_storage,
        "schedule_storage": instance.schedule_storage,
        "run_coordinator": instance.run_coordinator,
    }


def _info(data: Any) -> Mapping[str, Any] | None:
    return None if data is None else data.info_dict()


def masked(value: Any) -> Any:
    """Return config without the passwords in it; what names an environment variable stays."""
    if not isinstance(value, Mapping):
        return value
    return {
        key: "***" if key in _SECRET_KEYS and isinstance(inner, str) else masked(inner)
        for key, inner in value.items()
    }


def info_str(instance: DagsterInstance) -> str:
    """Return what an instance is made of, as YAML."""
    return dump_yaml(dict(info_dict(instance)))


def schema_str(instance: DagsterInstance) -> str:
    """Return the versions of the tables of an instance, as YAML."""
    versions: dict[str, Any] = {}
    for name in ("run_storage", "event_log_storage", "schedule_storage"):
        found = getattr(instance, name).alembic_version()
        if found is not None:
            versions[name] = {"current": _plain(found[0]), "latest": _plain(found[1])}
    return dump_yaml({"schema": versions})


def _plain(version: object) -> object:
    return list(version) if isinstance(version, tuple) else version
