from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
import yaml

from dagster import (
    DagsterEventType,
    DagsterInstance,
    DagsterInvalidConfigError,
    DagsterTypeCheckDidNotPass,
    Out,
    ReexecutionOptions,
    build_op_context,
    graph,
    op,
    validate_run_config,
)
from examples.flights import data, flights_ops
from examples.flights.frame_types import Table

HERE = Path(flights_ops.__file__).parent
FIGURES = (
    "delay_by_hour",
    "delay_by_carrier",
    "weather_effect",
    "delay_calendar",
    "predicted_vs_actual",
    "model_drivers",
)
RESOURCES = ("results", "test_machine", "io_manager")


def run_config(directory):
    """The configuration of fast.yaml, smaller still, with its results in a directory of the test."""
    config = yaml.safe_load((HERE / "fast.yaml").read_text())
    config["ops"]["load_and_clean"]["ops"]["load_flights"]["config"]["days"] = 20
    config["ops"]["test_model"]["config"]["driver_flights"] = 200
    config["resources"] = {
        "results": {"config": {"path": str(directory)}},
        "io_manager": {"config": {"base_dir": str(directory / "storage")}},
    }
    return config


@pytest.fixture(scope="module")
def directory(tmp_path_factory):
    return tmp_path_factory.mktemp("flights_ops")


@pytest.fixture(scope="module")
def result(directory):
    return flights_ops.flights.execute_in_process(run_config=run_config(directory))


def test_the_run_succeeds_and_leaves_report_scores_and_figures(result, directory):
    assert result.success
    assert result.output_for_node("write_report") == str(directory / "report.md")
    report = (directory / "report.md").read_text()
    for figure in FIGURES:
        assert f"(plots/{figure}.png)" in report
        assert (directory / "plots" / f"{figure}.png").stat().st_size > 10_000
    assert [row["forecast"] for row in json.loads((directory / "scores.json").read_text())] == [
        "timetable",
        "mean",
        "median",
        "model",
    ]


def test_each_file_is_materialized_with_its_path(result, directory):
    paths = {}
    for event in result.all_events:
        if event.event_type == DagsterEventType.ASSET_MATERIALIZATION:
            materialization = event.step_materialization_data.materialization
            paths[materialization.asset_key.path[-1]] = materialization.metadata["path"].value
    assert paths == {
        **{figure: str(directory / "plots" / f"{figure}.png") for figure in FIGURES},
        "report": str(directory / "report.md"),
    }


def test_the_join_and_the_model_are_observed(result):
    observed = {}
    for event in result.all_events:
        if event.event_type == DagsterEventType.ASSET_OBSERVATION:
            observation = event.asset_observation_data.asset_observation
            observed[observation.asset_key.path[-1]] = {
                label: value.value for label, value in observation.metadata.items()
            }
    assert observed["joined"]["with_airline"] == 1
    assert observed["model"] == {
        "mean_absolute_error": result.output_for_node("test_model", "scores").set_index("forecast")[
            "mae"
        ]["model"],
        "of_the_timetable": result.output_for_node("test_model", "scores")["mae"][0],
    }


def test_the_graph_gives_the_joined_flights(result):
    joined = result.output_for_node("load_and_clean")
    assert data.missing_columns(joined, data.JOINED_COLUMNS) == []
    assert result.output_for_node("load_and_clean.clean_flights").shape[0] == len(joined)


def test_a_second_run_gives_the_same_files(result, directory, tmp_path):
    assert flights_ops.flights.execute_in_process(run_config=run_config(tmp_path)).success
    for name in ("report.md", "scores.json", *(f"plots/{figure}.png" for figure in FIGURES)):
        assert (tmp_path / name).read_bytes() == (directory / name).read_bytes(), name


def test_the_unreliable_job_fails_in_its_test_and_goes_on_from_there(result, directory, tmp_path):
    config = run_config(tmp_path)
    config["resources"]["test_machine"] = {"config": {"down_until": str(tmp_path / "is_up")}}
    job = flights_ops.unreliable_flights
    with DagsterInstance.ephemeral() as instance:
        failed = job.execute_in_process(config, instance=instance, raise_on_error=False)
        assert failed.get_failed_step_keys() == {"test_model"}
        assert (
            "the test machine is down" in failed.failure_data_for_node("test_model").error.cause.message
        )
        assert failed.is_node_success("train_model")
        assert not (tmp_path / "report.md").exists()
        again = job.execute_in_process(
            instance=instance,
            reexecution_options=ReexecutionOptions.from_failure(failed.run_id, instance),
        )
    assert again.success
    assert {event.step_key for event in again.get_step_success_events()} == {
        "test_model",
        "predicted_vs_actual",
        "model_drivers",
        "write_report",
    }
    for name in ("report.md", "scores.json", *(f"plots/{figure}.png" for figure in FIGURES)):
        assert (tmp_path / name).read_bytes() == (directory / name).read_bytes(), name


def test_the_unreliable_job_differs_in_its_machine_only():
    reliable = validate_run_config(flights_ops.flights, {})
    unreliable = validate_run_config(flights_ops.unreliable_flights, {})
    assert reliable["resources"].pop("test_machine") == {"config": {"down_until": None}}
    assert unreliable["resources"].pop("test_machine") == {
        "config": {"down_until": "flights_results/test_machine_is_up"}
    }
    assert reliable == unreliable


def test_run_config_yaml_says_the_defaults():
    written = yaml.safe_load((HERE / "run_config.yaml").read_text())
    resolved = validate_run_config(flights_ops.flights, written)
    defaults = validate_run_config(flights_ops.flights, {})
    assert resolved["ops"] == defaults["ops"]
    assert {key: resolved["resources"][key] for key in RESOURCES} == {
        key: defaults["resources"][key] for key in RESOURCES
    }


def test_a_mistyped_option_is_refused_before_anything_runs(tmp_path):
    config = run_config(tmp_path)
    config["ops"]["train_model"]["config"]["itterations"] = 3
    with pytest.raises(DagsterInvalidConfigError, match="itterations"):
        flights_ops.flights.execute_in_process(run_config=config)
    assert list(tmp_path.iterdir()) == []


def test_an_empty_table_is_caught_by_its_type():
    empty = pd.DataFrame({"origin": [], "time_hour": []})

    @op(out=Out(Table))
    def no_weather():
        return empty

    @graph
    def without_weather():
        flights_ops.clean_weather(no_weather())

    with pytest.raises(DagsterTypeCheckDidNotPass, match="Table"):
        without_weather.execute_in_process()


def test_an_op_is_a_function_to_a_test():
    output = flights_ops.load_table(build_op_context(), config=flights_ops.TableConfig(table="airlines"))
    assert len(output.value) == 16
    assert output.metadata["rows"] == 16 or output.metadata["rows"].value == 16


def test_a_carrier_without_a_name_fails_the_join():
    tables = {name: data.load_table(name) for name in data.TABLES}
    flights = data.clean_flights(data.sample_days(tables["flights"], 1))
    with pytest.raises(
        flights_ops.Failure, match="expected every carrier to be in the table of airlines"
    ):
        flights_ops.join_tables(
            build_op_context(),
            flights=flights,
            weather=data.clean_weather(tables["weather"]),
            planes=tables["planes"],
            airlines=tables["airlines"].head(2),
            airports=tables["airports"],
        )
