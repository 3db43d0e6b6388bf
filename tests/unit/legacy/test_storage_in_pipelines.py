"""Storages that the run config of a pipeline chooses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dagster._core.definitions.inputs import InputDefinition
from dagster._core.definitions.outputs import OutputDefinition
from dagster._core.errors import DagsterInvalidConfigError
from dagster._core.instance.instance import DagsterInstance
from dagster._legacy.asset_store import fs_asset_store, io_manager_from_asset_store
from dagster._legacy.execution import execute_pipeline
from dagster._legacy.mode import ModeDefinition
from dagster._legacy.object_store import InMemoryObjectStore
from dagster._legacy.pipeline import PipelineDefinition, pipeline
from dagster._legacy.root_input_manager import root_input_manager
from dagster._legacy.solid import lambda_solid, solid
from dagster._legacy.storage_definition import (
    build_intermediate_storage_from_object_store,
    intermediate_storage,
)


@lambda_solid
def one():
    return 1


@lambda_solid
def plus_one(number):
    return number + 1


def pipeline_in(*modes: ModeDefinition) -> PipelineDefinition:
    @pipeline(mode_defs=list(modes))
    def two():
        plus_one(one())

    return two


def files(base: Path) -> list[str]:
    return sorted(str(p.relative_to(base)) for p in base.rglob("*") if p.is_file())


@pytest.mark.parametrize("key", ["intermediate_storage", "storage"])
def test_run_config_chooses_the_files(key: str, tmp_path: Path) -> None:
    config = {key: {"filesystem": {"config": {"base_dir": str(tmp_path)}}}}
    result = execute_pipeline(pipeline_in(ModeDefinition()), run_config=config)
    assert result.result_for_solid("plus_one").output_value() == 2
    start = f"storage/{result.run_id}/intermediates"
    assert files(tmp_path) == [f"{start}/one/result", f"{start}/plus_one/result"]
    with pytest.raises(DagsterInvalidConfigError, match="base_dri"):
        execute_pipeline(
            pipeline_in(ModeDefinition()),
            run_config={key: {"filesystem": {"config": {"base_dri": "x"}}}},
        )


@pytest.mark.parametrize("config", [{"filesystem": {}}, {"filesystem": None}])
def test_files_are_in_the_instance_by_default(config: dict[str, Any]) -> None:
    with DagsterInstance.ephemeral() as instance:
        result = execute_pipeline(
            pipeline_in(ModeDefinition()),
            run_config={"intermediate_storage": config},
            instance=instance,
        )
        start = Path(instance.intermediates_directory(result.run_id))
        assert files(start) == ["one/result", "plus_one/result"]


@pytest.mark.parametrize("key", ["intermediate_storage", "storage"])
def test_in_memory_leaves_the_values_to_the_io_manager(key: str) -> None:
    result = execute_pipeline(pipeline_in(ModeDefinition()), run_config={key: {"in_memory": {}}})
    assert result.result_for_solid("plus_one").output_value() == 2
    assert not [e for e in result.event_list if e.event_type_value == "OBJECT_STORE_OPERATION"]


def test_the_only_storage_of_a_mode_is_used_and_gets_the_modes_resources() -> None:
    store = InMemoryObjectStore()
    told: list[Any] = []

    @intermediate_storage(required_resource_keys={"bucket"})
    def bucket_storage(init_context: Any) -> Any:
        told.append(init_context)
        return build_intermediate_storage_from_object_store(init_context.resources.bucket, init_context)

    mode = ModeDefinition(resource_defs={"bucket": store}, intermediate_storage_defs=[bucket_storage])
    two = pipeline_in(mode)
    result = execute_pipeline(two)
    assert result.result_for_solid("plus_one").output_value() == 2
    start = f"dagster/storage/{result.run_id}/intermediates"
    assert sorted(store.values) == [f"{start}/one/result", f"{start}/plus_one/result"]
    (context,) = told
    assert context.pipeline_def is two
    assert context.mode_def.name == mode.name


def test_a_system_storage_gives_the_file_manager(tmp_path: Path) -> None:
    @solid
    def write(context):
        return context.file_manager.write_data(b"data").path

    @pipeline
    def writing():
        write()

    result = execute_pipeline(
        writing, run_config={"storage": {"filesystem": {"config": {"base_dir": str(tmp_path)}}}}
    )
    path = Path(result.result_for_solid("write").output_value())
    assert path.read_bytes() == b"data"
    assert path.parent == tmp_path / "storage" / result.run_id / "files"


def test_an_asset_store_under_either_key(tmp_path: Path) -> None:
    store = fs_asset_store.configured({"base_dir": str(tmp_path)})

    @solid(output_defs=[OutputDefinition(io_manager_key="asset_store")])
    def stored(_context):
        return 1

    @pipeline(mode_defs=[ModeDefinition(resource_defs={"asset_store": store})])
    def storing():
        plus_one(stored())

    result = execute_pipeline(storing)
    assert result.result_for_solid("plus_one").output_value() == 2
    # The key is also the default of outputs that name none, as it was in 0.9.
    assert files(tmp_path) == [f"{result.run_id}/plus_one/result", f"{result.run_id}/stored/result"]
    adapted = ModeDefinition(resource_defs={"io_manager": io_manager_from_asset_store(store)})
    assert execute_pipeline(pipeline_in(adapted)).success
    assert len(files(tmp_path)) == 4


def test_a_root_input_manager() -> None:
    @root_input_manager(input_config_schema={"rows": int})
    def table_loader(context: Any) -> list[int]:
        return list(range(context.config["rows"]))

    @solid(input_defs=[InputDefinition("table", root_manager_key="tables")])
    def count(_context, table):
        return table if isinstance(table, int) else len(table)

    @pipeline(mode_defs=[ModeDefinition(resource_defs={"tables": table_loader})])
    def counting():
        count.alias("again")(count())

    config = {"solids": {"count": {"inputs": {"table": {"rows": 3}}}}}
    assert execute_pipeline(counting, run_config=config).result_for_solid("again").output_value() == 3
