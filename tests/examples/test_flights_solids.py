from __future__ import annotations

import json

import pytest

from dagster import (
    DagsterEventType,
    DagsterInstance,
    RetryRequested,
    execute_pipeline,
    execute_solid,
    reconstructable,
    reexecute_pipeline,
)
from examples.flights import data, flights_ops, flights_solids


@pytest.fixture(scope="module")
def directory(tmp_path_factory):
    return tmp_path_factory.mktemp("flights_solids")


@pytest.fixture(scope="module")
def run_config(directory):
    """The preset `fast`, smaller still, with its results in a directory of the test."""
    config = json.loads(json.dumps(flights_solids.flights_pipeline.get_preset("fast").run_config))
    config["solids"]["load_and_clean"]["solids"]["load_flights"]["config"]["days"] = 20
    config["solids"]["test_model"]["config"]["driver_flights"] = 200
    config["resources"] = {"results": {"config": {"path": str(directory)}}}
    return config


@pytest.fixture(scope="module")
def result(run_config):
    return execute_pipeline(flights_solids.flights_pipeline, mode="memory", run_config=run_config)


def test_the_run_succeeds_and_leaves_a_report(result, directory):
    assert result.success
    assert result.output_for_solid("write_report") == str(directory / "report.md")
    assert len(list((directory / "plots").glob("*.png"))) == 6


def test_solids_and_ops_come_to_the_same_scores(result, directory, tmp_path):
    config = {"ops": {}, "resources": {}}
    config["ops"]["load_and_clean"] = {"ops": {"load_flights": {"config": {"days": 20}}}}
    config["ops"]["train_model"] = {"config": {"iterations": 60, "leaves": 31}}
    config["ops"]["test_model"] = {"config": {"driver_flights": 200}}
    config["resources"]["results"] = {"config": {"path": str(tmp_path)}}
    config["resources"]["io_manager"] = {"config": {"base_dir": str(tmp_path / "storage")}}
    assert flights_ops.flights.execute_in_process(run_config=config).success
    for name in ("report.md", "scores.json", "plots/predicted_vs_actual.png"):
        assert (tmp_path / name).read_bytes() == (directory / name).read_bytes(), name


def test_the_composite_gives_the_joined_flights(result):
    joined = result.result_for_solid("load_and_clean").output_value()
    assert data.missing_columns(joined, data.JOINED_COLUMNS) == []


def test_expectations_are_kept_as_events(result):
    labels = [
        event.event_specific_data.expectation_result.label
        for event in result.step_event_list
        if event.event_type == DagsterEventType.STEP_EXPECTATION_RESULT
    ]
    assert labels == ["airlines_known", "beats_timetable"]


def test_every_file_is_materialized(result, directory):
    materializations = [
        event.event_specific_data.materialization
        for event in result.step_event_list
        if event.event_type == DagsterEventType.ASSET_MATERIALIZATION
    ]
    paths = {
        materialization.asset_key.path[-1]: entry.entry_data.path
        for materialization in materializations
        for entry in materialization.metadata_entries
        if entry.label == "path"
    }
    assert len(paths) == 7
    assert paths["report"] == str(directory / "report.md")


def test_the_file_system_mode_gives_the_same(result, run_config, directory, tmp_path):
    config = {
        **run_config,
        "resources": {
            "results": {"config": {"path": str(tmp_path)}},
            "io_manager": {"config": {"base_dir": str(tmp_path / "storage")}},
        },
    }
    kept = execute_pipeline(flights_solids.flights_pipeline, mode="default", run_config=config)
    assert result.success
    assert kept.success
    assert (tmp_path / "scores.json").read_bytes() == (directory / "scores.json").read_bytes()
    assert any((tmp_path / "storage").rglob("result"))


def test_the_unreliable_mode_fails_in_its_test_and_goes_on_from_there(
    result, run_config, directory, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    preset = flights_solids.flights_pipeline.get_preset("unreliable").run_config
    config = {**preset, "solids": run_config["solids"]}
    # The mode and its preset say where: below the current directory.
    results = tmp_path / flights_solids.RESULTS
    rebuilt = reconstructable(flights_solids.flights_pipeline)
    with DagsterInstance.local_temp(str(tmp_path / "home")) as instance:
        failed = execute_pipeline(
            rebuilt, config, mode="unreliable", instance=instance, raise_on_error=False
        )
        assert [e.step_key for e in failed.step_event_list if e.is_step_failure] == ["test_model"]
        assert (results / "test_machine_is_up").exists()
        again = reexecute_pipeline(
            rebuilt,
            failed.run_id,
            config,
            step_selection=["test_model*"],
            mode="unreliable",
            instance=instance,
        )
        assert again.success
        ran = {event.step_key for event in again.step_event_list if event.is_step_success}
        assert ran == {"test_model", "predicted_vs_actual", "model_drivers", "write_report"}
    for name in ("report.md", "scores.json", "plots/predicted_vs_actual.png"):
        assert (results / name).read_bytes() == (directory / name).read_bytes(), name


def test_a_solid_runs_alone():
    result = execute_solid(
        flights_solids.load_table,
        run_config={"solids": {"load_table": {"config": {"table": "airlines"}}}},
    )
    assert len(result.output_value()) == 16


def test_a_disk_that_sleeps_is_asked_again(monkeypatch):
    def fail(table):
        raise TimeoutError(f"{table}: the disk is asleep")

    monkeypatch.setattr(flights_solids.data, "load_table", fail)
    with pytest.raises(RetryRequested) as raised:
        flights_solids.read_table("airlines")
    assert (raised.value.max_retries, raised.value.seconds_to_wait) == (2, 1)
    assert isinstance(raised.value.__cause__, TimeoutError)
