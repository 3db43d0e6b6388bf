"""Getting the instance that a ``dagster.yaml`` describes, and what it says of itself."""

from __future__ import annotations

import ast
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import pytest

from dagster._config.yaml_files import dump_yaml
from dagster._core.instance.instance import DagsterInstance
from dagster._core.records.instigator import InstigatorType
from dagster._core.records.tick import TickStatus
from dagster._serdes.config_class import ConfigurableClass, ConfigurableClassData
from tests.storage.instance.conftest import KINDS, config_of, open_instance
from tests.storage.instance.test_assets_and_daemons import Sensor

DURABLE = [kind for kind in KINDS if kind != "ephemeral"]


class Secrets(ConfigurableClass):
    """A loader of secrets that has one."""

    def __init__(self, inst_data: ConfigurableClassData | None = None) -> None:
        self._inst_data = inst_data

    @property
    def inst_data(self) -> ConfigurableClassData | None:
        return self._inst_data

    @classmethod
    def config_type(cls) -> Any:
        return {}

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> Self:
        return cls(inst_data)

    def get_secrets_for_environment(self, location_name: str | None) -> Mapping[str, str]:
        return {"SECRET_OF_THE_TEST": location_name or "everywhere"}


SETTINGS: Mapping[str, Any] = {
    "auto_materialize": {
        "enabled": False,
        "max_tick_retries": 1,
        "minimum_interval_seconds": 9,
        "respect_materialization_data_versions": True,
        "run_tags": {"k": "v"},
        "use_sensors": False,
    },
    "backfills": {"use_threads": True},
    "code_servers": {
        "local_startup_timeout": 1,
        "reload_timeout": 2,
        "wait_for_local_processes_on_shutdown": True,
    },
    "concurrency": {"pools": {"default_limit": 4}},
    "freshness": {"enabled": False},
    "nux": {"enabled": False},
    "python_logs": {
        "managed_python_loggers": ["mine"],
        "python_log_level": "WARNING",
        "dagster_handler_config": {"handlers": {"h": {"class": "logging.NullHandler"}}},
    },
    "retention": {"sensor": {"purge_after_days": 3}},
    "run_monitoring": {
        "enabled": True,
        "start_timeout_seconds": 1,
        "cancel_timeout_seconds": 2,
        "max_runtime_seconds": 3,
        "max_resume_run_attempts": 4,
        "poll_interval_seconds": 5,
        "cancellation_thread_poll_interval_seconds": 6,
    },
    "run_retries": {"enabled": True, "max_retries": 2, "retry_on_asset_or_op_failure": False},
    "schedules": {"num_workers": 1},
    "sensors": {"num_workers": 2},
    "telemetry": {"enabled": True},
}


def check_settings(instance: DagsterInstance) -> None:
    assert not instance.telemetry_enabled
    assert not instance.nux_enabled
    assert not instance.freshness_enabled
    assert not instance.daemon_skip_heartbeats_without_errors
    assert not instance.auto_materialize_enabled
    assert instance.auto_materialize_max_tick_retries == 1
    assert instance.auto_materialize_minimum_interval_seconds == 9
    assert instance.auto_materialize_respect_materialization_data_versions
    assert instance.auto_materialize_run_tags == {"k": "v"}
    assert not instance.auto_materialize_use_sensors
    assert instance.get_auto_materialize_settings()["max_tick_retries"] == 1
    assert instance.code_server_process_startup_timeout == 1
    assert instance.code_server_reload_timeout == 2
    assert instance.wait_for_local_code_server_processes_on_shutdown
    assert instance.code_server_settings["reload_timeout"] == 2
    assert instance.global_op_concurrency_default_limit == 4
    assert instance.managed_python_loggers == ["mine"]
    assert instance.python_log_level == "WARNING"
    assert set(instance.get_python_log_dagster_handler_config()) == {"handlers"}
    assert [type(each).__name__ for each in instance.get_handlers()] == ["NullHandler"]
    assert len(instance.get_yaml_python_handlers()) == 1
    days = instance.get_tick_retention_settings(InstigatorType.SENSOR)
    assert days == dict.fromkeys(TickStatus, 3)
    assert instance.run_monitoring_enabled
    assert instance.run_monitoring_settings["poll_interval_seconds"] == 5
    assert instance.run_monitoring_start_timeout_seconds == 1
    assert instance.run_monitoring_cancel_timeout_seconds == 2
    assert instance.run_monitoring_max_runtime_seconds == 3
    assert instance.run_monitoring_max_resume_run_attempts == 4
    assert instance.run_monitoring_poll_interval_seconds == 5
    assert instance.cancellation_thread_poll_interval_seconds == 6
    assert instance.run_retries_enabled
    assert instance.run_retries_max_retries == 2
    assert not instance.run_retries_retry_on_asset_or_op_failure
    assert instance.get_backfill_settings()["use_threads"]
    assert instance.get_scheduler_settings()["num_workers"] == 1
    assert instance.get_sensor_settings()["num_workers"] == 2
    assert instance.get_settings("sensors") == instance.settings.raw["sensors"]
    # Nothing limits these: whoever asks is told so.
    assert instance.get_run_size_limit_bytes() is None
    assert instance.get_default_graphql_run_records_limit() is None
    assert instance.get_tick_termination_check_interval() is None


@pytest.mark.parametrize("kind", KINDS)
def test_settings_hold_on_every_storage(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    with open_instance(kind, tmp_path, request, SETTINGS) as instance:
        check_settings(instance)


@pytest.mark.parametrize("kind", DURABLE)
def test_dagster_home_names_the_instance(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = {**config_of(kind, tmp_path, request), **SETTINGS}
    secrets = {"custom": {"module": __name__, "class": "Secrets"}}
    (tmp_path / "dagster.yaml").write_text(dump_yaml({**config, "secrets": secrets}))
    (tmp_path / "other.yaml").write_text(dump_yaml(config_of(kind, tmp_path, request)))
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    monkeypatch.delenv("SECRET_OF_THE_TEST", raising=False)
    with DagsterInstance.get() as instance:
        instance.wipe()
        check_settings(instance)
        run = instance.create_run(job_name="job")
        instance.inject_env_vars("here")
        assert os.environ.pop("SECRET_OF_THE_TEST") == "here"
        assert instance.is_persistent
        assert instance.ref_or_none == instance.get_ref()
        assert "python_logs" in instance.info_dict()
    with DagsterInstance.from_config(str(tmp_path), "other.yaml") as instance:
        assert instance.get_runs() == [run]
        assert instance.nux_enabled
        instance.inject_env_vars(None)
        assert "SECRET_OF_THE_TEST" not in os.environ


def test_its_parts(durable: DagsterInstance) -> None:
    assert durable.daemon_cursor_storage is durable.run_storage
    durable.daemon_cursor_storage.set_cursor_values({"key": "value"})
    assert durable.run_storage.get_cursor_values({"key"}) == {"key": "value"}
    assert durable.has_schedule_storage
    assert durable.scheduler is not None
    assert durable.scheduler_class == "DagsterDaemonScheduler"
    assert durable.defs_state_storage is None
    assert durable.log_capturer is durable.compute_log_manager
    root = durable.local_artifact_storage.base_dir
    assert durable.root_directory == root
    assert durable.storage_directory() == os.path.join(root, "storage")
    run = durable.create_run(job_name="job")
    # Getting ready for a web server, and being disposed of, loses nothing.
    durable.optimize_for_webserver(statement_timeout=5_000, pool_recycle=3_600, max_overflow=20)
    assert durable.get_runs() == [run]
    durable.dispose()
    assert durable.get_runs() == [run]


def test_a_state_is_added_as_it_is(instance: DagsterInstance) -> None:
    state = instance.start_sensor(Sensor())
    instance.delete_instigator_state(state.instigator_origin_id, state.selector_id)
    assert instance.add_instigator_state(state) == state
    assert instance.all_instigator_state() == [state]


def test_every_member_is_shown_here() -> None:
    """Each public member of the instance is used by a test of this folder, which is run on every storage."""
    members = {name for name in vars(DagsterInstance) if not name.startswith("_")}
    used = {
        node.attr
        for path in Path(__file__).parent.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute)
    }
    assert members - used == set()
