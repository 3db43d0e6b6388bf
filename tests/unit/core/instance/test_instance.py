from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from dagster._core.definitions.job.decorator import job
from dagster._core.definitions.op.decorator import op
from dagster._core.errors import DagsterInvalidConfigError, DagsterInvariantViolationError
from dagster._core.instance.dagster_yaml import settings_schema
from dagster._core.instance.for_test import instance_for_test
from dagster._core.instance.instance import DagsterInstance
from dagster._core.instance.settings import Setting
from dagster._core.records.concurrency import PoolGranularity
from dagster._core.records.instigator import InstigatorType
from dagster._core.records.tick import TickStatus
from dagster._core.run_coordinator import DefaultRunCoordinator, QueuedRunCoordinator


def test_an_ephemeral_run_loads_no_database() -> None:
    program = (
        "import sys\n"
        "from dagster import DagsterInstance, job, op\n"
        "@op\ndef a(): return 1\n"
        "@job\ndef j(): a()\n"
        "with DagsterInstance.ephemeral() as instance:\n"
        "    result = j.execute_in_process(instance=instance)\n"
        "    assert instance.get_run_by_id(result.run_id).is_success\n"
        "    assert 'sqlalchemy' not in sys.modules and 'yaml' not in sys.modules\n"
        "    assert len(instance.all_logs(result.run_id)) > 5\n"
        "    assert 'sqlalchemy' in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


def test_what_is_written_after_reading_is_read_too() -> None:
    with DagsterInstance.ephemeral() as instance:
        run = instance.create_run(job_name="a")
        write = instance.event_writer(run.run_id).write
        storage = instance.event_log_storage
        instance.report_engine_event("one", run)
        (entry,) = storage.get_logs_for_run(run.run_id)
        write(entry._replace(timestamp=entry.timestamp + 1))
        assert len(storage.get_logs_for_run(run.run_id)) == 2
        instance.close_event_writer(run.run_id)
        write(entry._replace(timestamp=entry.timestamp + 2))
        assert len(storage.get_logs_for_run(run.run_id)) == 3
        late = instance.create_run(job_name="b")
        assert [found.run_id for found in instance.get_runs()] == [late.run_id, run.run_id]


def test_config_that_no_database_can_hold_hides_no_other_run() -> None:
    with DagsterInstance.ephemeral() as instance:
        odd = instance.create_run(job_name="a", run_config={"ops": object()})
        instance.create_run(job_name="b")
        assert instance.get_runs_count() == 2
        found = instance.get_run_by_id(odd.run_id)
        assert found is not None
        assert "object object" in found.run_config["ops"]


def test_a_temporary_directory_goes_with_its_instance() -> None:
    with DagsterInstance.local_temp() as instance:
        directory = instance.root_directory
        instance.create_run(job_name="a")
        assert os.path.isdir(directory)
    assert not os.path.exists(directory)
    with DagsterInstance.ephemeral() as instance:
        directory = instance.storage_directory()
        assert instance.root_directory == os.path.dirname(directory)
    assert not os.path.exists(os.path.dirname(directory))


def test_an_ephemeral_instance_crosses_no_process() -> None:
    instance = DagsterInstance.ephemeral()
    with pytest.raises(DagsterInvariantViolationError, match="ineligible DagsterInstance"):
        instance.get_ref()


def test_settings_have_their_documented_defaults() -> None:
    with DagsterInstance.ephemeral() as instance:
        assert not instance.telemetry_enabled
        assert instance.nux_enabled
        assert not instance.run_monitoring_enabled
        assert instance.run_monitoring_start_timeout_seconds == 180
        assert instance.run_monitoring_poll_interval_seconds == 120
        assert instance.cancellation_thread_poll_interval_seconds == 10
        assert instance.code_server_process_startup_timeout == 180
        assert instance.run_retries_retry_on_asset_or_op_failure
        assert instance.auto_materialize_max_tick_retries == 3
        assert instance.auto_materialize_minimum_interval_seconds is None
        assert instance.auto_materialize_run_tags == {}
        assert instance.global_op_concurrency_default_limit is None
        assert instance.get_sensor_settings() == {}
        days = instance.get_tick_retention_settings(InstigatorType.SENSOR)
        assert days == {
            TickStatus.STARTED: -1,
            TickStatus.SKIPPED: 7,
            TickStatus.SUCCESS: -1,
            TickStatus.FAILURE: -1,
        }
        assert instance.get_tick_retention_settings(InstigatorType.SCHEDULE)[TickStatus.SKIPPED] == -1


def test_every_setting_stands_in_dagster_yaml() -> None:
    fields = settings_schema().fields
    paths = [each.path for each in vars(DagsterInstance).values() if isinstance(each, Setting)]
    assert len(paths) > 15
    unknown = [path for path in paths if path[1] not in fields[path[0]].config_type.fields]
    assert unknown == []


def test_settings_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTO", "no")
    settings = {
        "auto_materialize": {"enabled": {"env": "AUTO"}},
        "retention": {
            "schedule": {"purge_after_days": 5},
            "sensor": {"purge_after_days": {"failure": 2}},
        },
        "concurrency": {"pools": {"default_limit": 2, "granularity": "run"}},
        "sensors": {"use_threads": True},
    }
    with DagsterInstance.ephemeral(settings=settings) as instance:
        assert not instance.auto_materialize_enabled
        assert set(instance.get_tick_retention_settings(InstigatorType.SCHEDULE).values()) == {5}
        sensor_days = instance.get_tick_retention_settings(InstigatorType.SENSOR)
        assert (sensor_days[TickStatus.FAILURE], sensor_days[TickStatus.SKIPPED]) == (2, 7)
        pools = instance.get_concurrency_config().pool_config
        assert pools.pool_granularity is PoolGranularity.RUN
        assert instance.global_op_concurrency_default_limit == 2
        assert instance.get_settings("sensors")["use_threads"]
        assert instance.get_settings("nothing") is None


def test_limits_of_runs_go_before_those_of_the_coordinator() -> None:
    overrides = {"concurrency": {"runs": {"max_concurrent_runs": 3}}}
    with instance_for_test({**overrides, "run_queue": {}}) as instance:
        assert isinstance(instance.run_coordinator, QueuedRunCoordinator)
        queue = instance.get_concurrency_config().run_queue_config
        assert queue is not None
        assert queue.max_concurrent_runs == 3


def test_all_problems_of_settings_are_told() -> None:
    with pytest.raises(DagsterInvalidConfigError) as caught:
        DagsterInstance.ephemeral(settings={"nuxx": {}, "run_retries": {"max_retries": "x"}})
    assert len(caught.value.errors) == 2


def test_passwords_are_not_told(tmp_path: Path) -> None:
    database = {"username": "u", "password": "secret!", "hostname": "h", "db_name": "d"}
    overrides = {"storage": {"postgres": {"postgres_db": database}}}
    with DagsterInstance.local_temp(str(tmp_path), overrides) as instance:
        text = instance.info_str()
    assert "secret!" not in text
    assert "hostname: h" in text
    assert "DagsterPostgresStorage" in text


def test_instance_for_test_is_the_one_of_dagster_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DAGSTER_HOME", "/before")
    with instance_for_test() as instance:
        assert isinstance(instance.run_coordinator, DefaultRunCoordinator)
        assert os.environ["DAGSTER_HOME"] == instance.root_directory
        run = instance.create_run(job_name="a")
        with DagsterInstance.get() as other:
            assert other.get_run_by_id(run.run_id) == run
    assert os.environ["DAGSTER_HOME"] == "/before"
    assert not os.path.exists(instance.root_directory)


def test_instance_for_test_in_a_given_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    with instance_for_test(temp_dir=str(tmp_path), set_dagster_home=False) as instance:
        assert instance.root_directory == str(tmp_path)
        assert "DAGSTER_HOME" not in os.environ
    assert tmp_path.exists()
    with pytest.raises(DagsterInvariantViolationError, match="no launcher in this version"):
        instance_for_test(synchronous_run_launcher=True).__enter__()


def test_a_failing_log_fails_the_run_with_its_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    @op
    def one() -> int:
        return 1

    @job
    def alone() -> None:
        one()

    with DagsterInstance.local_temp(str(tmp_path)) as instance:
        storage = instance.event_log_storage
        stored = storage.store_event_batch

        def full(entries: Any) -> None:
            if any(
                (e.dagster_event and e.dagster_event.event_type_value) == "STEP_SUCCESS" for e in entries
            ):
                raise OSError("no space left on device")
            stored(entries)

        monkeypatch.setattr(storage, "store_event_batch", full)
        with pytest.raises(OSError, match="no space left"):
            alone.execute_in_process(instance=instance)
        monkeypatch.undo()


def test_secrets_are_put_into_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    class Loader:
        def get_secrets_for_environment(self, location_name: str | None) -> dict[str, str]:
            return {"MY_SECRET": f"of {location_name}"}

    from dagster._core.instance.instance import InstanceType

    monkeypatch.setenv("MY_SECRET", "")
    with DagsterInstance(InstanceType.EPHEMERAL, secrets_loader=Loader()) as instance:
        instance.inject_env_vars("here")
    assert os.environ["MY_SECRET"] == "of here"
