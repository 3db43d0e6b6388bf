from __future__ import annotations

import json
from pathlib import Path

import pytest

from dagster._core.instance import InstanceRef
from dagster._core.instance.instance import DagsterInstance
from dagster._core.run_coordinator import QueuedRunCoordinator


def test_defaults_are_the_documented_ones() -> None:
    defaults = InstanceRef.config_defaults("/base/me")
    described = {
        key: (data.module_name, data.class_name, dict(data.config_dict))
        for key, data in defaults.items()
        if data is not None
    }
    assert described["run_storage"] == (
        "dagster._core.storage.runs",
        "SqliteRunStorage",
        {"base_dir": "/base/me/history/"},
    )
    assert described["event_log_storage"][2] == {"base_dir": "/base/me/history/runs/"}
    assert described["schedule_storage"][2] == {"base_dir": "/base/me/schedules"}
    assert described["storage"][1:] == ("DagsterSqliteStorage", {"base_dir": "/base/me"})
    assert described["compute_logs"][2] == {"base_dir": "/base/me/storage"}


def test_it_is_the_same_after_a_journey(tmp_path: Path) -> None:
    (tmp_path / "dagster.yaml").write_text(
        "run_queue: {max_concurrent_runs: 4}\nnux: {enabled: false}\n"
    )
    ref = InstanceRef.from_dir(str(tmp_path))
    assert InstanceRef.from_json(ref.to_json()) == ref
    plain = json.loads(json.dumps(ref.to_dict()))
    assert InstanceRef.from_dict(plain) == ref


def test_run_queue_is_short_for_its_coordinator(tmp_path: Path) -> None:
    (tmp_path / "dagster.yaml").write_text("run_queue: {max_concurrent_runs: 4}\n")
    coordinator = InstanceRef.from_dir(str(tmp_path)).run_coordinator
    assert isinstance(coordinator, QueuedRunCoordinator)
    assert coordinator.get_run_queue_config().max_concurrent_runs == 4


def test_one_storage_by_itself_leaves_the_others_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "dagster.yaml").write_text(
        "event_log_storage:\n  module: dagster.core.storage.event_log\n"
        f"  class: ConsolidatedSqliteEventLogStorage\n  config: {{base_dir: {tmp_path}/events}}\n"
    )
    ref = InstanceRef.from_dir(str(tmp_path))
    assert ref.storage_data is None
    assert ref.run_storage_data == InstanceRef.config_defaults(str(tmp_path))["run_storage"]
    with DagsterInstance.from_ref(ref) as instance:
        assert type(instance.event_log_storage).__name__ == "ConsolidatedSqliteEventLogStorage"
        assert type(instance.run_storage).__name__ == "SqliteRunStorage"


def test_logs_follow_the_directory_of_artifacts(tmp_path: Path) -> None:
    ref = InstanceRef.from_dir(
        str(tmp_path),
        overrides={
            "local_artifact_storage": {
                "module": "dagster._core.storage.root",
                "class": "LocalArtifactStorage",
                "config": {"base_dir": "/artifacts"},
            }
        },
    )
    assert ref.compute_logs_data is not None
    assert ref.compute_logs_data.config_dict == {"base_dir": "/artifacts/storage"}


def test_an_instance_class_of_ones_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "own_instance_module.py").write_text(
        "from dagster import DagsterInstance\n"
        "from dagster._serdes import ConfigurableClass\n"
        "class OwnInstance(DagsterInstance, ConfigurableClass):\n"
        "    inst_data = None\n"
        "    def __init__(self, *args, colour='', **kwargs):\n"
        "        super().__init__(*args, **kwargs)\n"
        "        self.colour = colour\n"
        "    @classmethod\n"
        "    def config_type(cls): return {'colour': str}\n"
        "    @classmethod\n"
        "    def from_config_value(cls, inst_data, config_value): raise NotImplementedError\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "dagster.yaml").write_text(
        "instance_class: {module: own_instance_module, class: OwnInstance, config: {colour: blue}}\n"
    )
    with DagsterInstance.from_config(str(tmp_path)) as instance:
        assert type(instance).__name__ == "OwnInstance"
        assert instance.colour == "blue"  # pyright: ignore[reportAttributeAccessIssue]
