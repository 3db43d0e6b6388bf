"""EventMetadata, PipelineRun, and the 0.9 names of loaders and materializers."""

from __future__ import annotations

import pytest

from dagster._check import CheckError
from dagster._core.definitions.inputs import InputDefinition
from dagster._core.definitions.outputs import OutputDefinition
from dagster._core.definitions.types.registry import usable_as_dagster_type
from dagster._core.records.asset_key import AssetKey
from dagster._core.records.metadata_value import (
    DagsterAssetMetadataValue,
    DagsterRunMetadataValue,
    MetadataValue,
    PythonArtifactMetadataValue,
    TableMetadataValue,
    TableSchemaMetadataValue,
)
from dagster._core.records.run import DagsterRun, DagsterRunStatus
from dagster._core.records.table import TableColumn, TableRecord, TableSchema
from dagster._core.records.user_events import AssetMaterialization
from dagster._legacy.isolated_execution import execute_solid
from dagster._legacy.metadata import EventMetadata
from dagster._legacy.pipeline_run import PipelineRun, PipelineRunStatus
from dagster._legacy.solid import solid
from dagster._legacy.type_config import input_hydration_config, output_materialization_config


def test_event_metadata_makes_metadata_values():
    schema = TableSchema(columns=[TableColumn("a", "int")])
    assert EventMetadata.text("t") == MetadataValue.text("t")
    assert EventMetadata.url("u") == MetadataValue.url("u")
    assert EventMetadata.path("/p") == MetadataValue.path("/p")
    assert EventMetadata.json({"a": 1}) == MetadataValue.json({"a": 1})
    assert EventMetadata.md("*m*") == MetadataValue.md("*m*")
    assert EventMetadata.float(1.5) == MetadataValue.float(1.5)
    assert EventMetadata.int(2) == MetadataValue.int(2)
    assert isinstance(EventMetadata.python_artifact(solid), PythonArtifactMetadataValue)
    assert EventMetadata.pipeline_run("r") == DagsterRunMetadataValue("r")
    assert EventMetadata.asset(AssetKey("a")) == DagsterAssetMetadataValue(AssetKey("a"))
    assert isinstance(EventMetadata.table([TableRecord({"a": 1})], schema), TableMetadataValue)
    assert isinstance(EventMetadata.table_schema(schema), TableSchemaMetadataValue)
    made = AssetMaterialization("a", metadata={"n": EventMetadata.int(1)})
    assert made.metadata["n"].value == 1


def test_pipeline_run_is_a_run_with_older_names():
    run = PipelineRun(
        pipeline_name="p",
        run_id="id",
        run_config={"solids": {}},
        mode="m",
        solid_selection=["a+"],
        solids_to_execute=frozenset({"a"}),
        step_keys_to_execute=["a"],
        status=PipelineRunStatus.SUCCESS,
        tags={"t": "v"},
        root_run_id="root",
        parent_run_id="parent",
        pipeline_snapshot_id="snap",
    )
    assert isinstance(run, DagsterRun)
    assert isinstance(run, PipelineRun)
    assert not isinstance("run", PipelineRun)
    assert (run.pipeline_name, run.job_name, run.mode) == ("p", "p", "m")
    assert (run.solid_selection, run.solids_to_execute) == (["a+"], {"a"})
    assert run.is_success
    assert run.is_finished
    assert not run.is_failure
    assert run.previous_run_id == "parent"
    assert run.pipeline_snapshot_id == "snap"
    assert PipelineRun("p").run_id != PipelineRun("p").run_id
    assert PipelineRun("p").status is DagsterRunStatus.NOT_STARTED
    assert PipelineRunStatus is DagsterRunStatus


def test_tags_of_runs():
    class Named:
        def __init__(self, name):
            self.name = name

    assert PipelineRun.tags_for_schedule(Named("s")) == {"dagster/schedule_name": "s"}
    assert PipelineRun.tags_for_sensor(Named("s")) == {"dagster/sensor_name": "s"}
    assert PipelineRun.tags_for_backfill_id("b") == {"dagster/backfill": "b"}
    assert PipelineRun.tags_for_partition_set(Named("set"), Named("part")) == {
        "dagster/partition": "part",
        "dagster/partition_set": "set",
    }


def test_older_names_of_loader_and_materializer():
    kept: list[tuple[str, int]] = []

    @input_hydration_config({"n": int})
    def load(_context, config):
        return Number(config["n"])

    @output_materialization_config(config_cls={"where": str})
    def write(_context, config, value):
        kept.append((config["where"], value.n))
        return AssetMaterialization("number")

    @usable_as_dagster_type(name="LegacyNumber", loader=load, materializer=write)
    class Number:
        def __init__(self, n: int) -> None:
            self.n = n

    @solid(input_defs=[InputDefinition("x", Number)], output_defs=[OutputDefinition(Number)])
    def same(_, x):
        return x

    config = {
        "solids": {"same": {"inputs": {"x": {"n": 3}}, "outputs": [{"result": {"where": "here"}}]}}
    }
    assert execute_solid(same, run_config=config).output_value().n == 3
    assert kept == [("here", 3)]


def test_one_schema_only():
    with pytest.raises(CheckError, match="got both"):
        input_hydration_config({"a": int}, config_cls={"a": int})
    with pytest.raises(CheckError, match="config_schema"):
        output_materialization_config()
