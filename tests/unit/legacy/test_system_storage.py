"""System storages of 0.9: definitions and defaults."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import dagster._check as check
from dagster._core.definitions.types.builtins import ANY
from dagster._core.errors import DagsterInvalidDefinitionError
from dagster._core.instance.instance import DagsterInstance
from dagster._core.records.handles import StepOutputHandle
from dagster._core.records.run import DagsterRun
from dagster._legacy.storage_definition import InitIntermediateStorageContext, mem_intermediate_storage
from dagster._legacy.system_storage import (
    InitSystemStorageContext,
    SystemStorageData,
    SystemStorageDefinition,
    default_system_storage_defs,
    fs_system_storage,
    mem_system_storage,
    system_storage,
)


def context(**arguments: Any) -> InitSystemStorageContext:
    run = DagsterRun(job_name="p", run_id="R")
    return InitSystemStorageContext(pipeline_run=run, **arguments)


def test_the_defaults() -> None:
    assert default_system_storage_defs == [mem_system_storage, fs_system_storage]
    assert [d.name for d in default_system_storage_defs] == ["in_memory", "filesystem"]
    assert [d.is_persistent for d in default_system_storage_defs] == [False, True]


def test_values_and_files_of_a_run_are_side_by_side(tmp_path: Path) -> None:
    data = fs_system_storage.create(context(system_storage_config={"base_dir": str(tmp_path)}))
    data.intermediate_storage.set_intermediate(None, ANY, StepOutputHandle("s"), 1)
    handle = data.file_manager.write_data(b"x")
    assert (tmp_path / "storage/R/intermediates/s/result").is_file()
    assert Path(handle.path).parent == tmp_path / "storage/R/files"


@pytest.mark.parametrize("definition", [mem_system_storage, fs_system_storage])
def test_files_are_in_the_instance_by_default(definition: SystemStorageDefinition) -> None:
    with DagsterInstance.ephemeral() as instance:
        data = definition.create(context(instance=instance))
        assert data.file_manager.base_dir == instance.file_manager_directory("R")


def test_memory_needs_no_instance() -> None:
    data = mem_system_storage.create(context())
    data.intermediate_storage.set_intermediate(None, ANY, StepOutputHandle("s"), 1)
    assert data.intermediate_storage.get_intermediate(None, ANY, StepOutputHandle("s")).obj == 1
    assert data.file_manager is None
    with pytest.raises(DagsterInvalidDefinitionError, match="has no base_dir and there is no instance"):
        fs_system_storage.create(context())


def test_decorator_and_configured() -> None:
    @system_storage(required_resource_keys={"r"}, is_persistent=False, config_schema={"a": int})
    def make(init_context: Any) -> Any:
        """Made here."""
        return init_context.system_storage_config

    assert (make.name, make.is_persistent, make.description) == ("make", False, "Made here.")
    assert make.required_resource_keys == {"r"}
    configured = make.configured({"a": 1})
    assert isinstance(configured, SystemStorageDefinition)
    assert configured.is_preconfigured
    assert configured.required_resource_keys == {"r"}
    assert configured.apply_config_mapping(None).value == {"a": 1}
    assert configured.create(context(system_storage_config={"a": 1})) == {"a": 1}
    assert callable(configured.system_storage_creation_fn)

    @system_storage
    def bare(init_context: Any) -> Any:
        return init_context

    assert bare.name == "bare"
    with pytest.raises(check.CheckError, match="what @system_storage decorates"):
        system_storage(set())(3)  # type: ignore[arg-type]


def test_refusals() -> None:
    with pytest.raises(DagsterInvalidDefinitionError, match="is not a valid system storage name"):
        SystemStorageDefinition("no spaces", True, set())
    with pytest.raises(DagsterInvalidDefinitionError, match="give system_storage_creation_fn"):
        SystemStorageDefinition("a", True, set()).create(context())
    with pytest.raises(check.CheckError, match="intermediate_storage"):
        SystemStorageData(3, None)  # type: ignore[arg-type]
    storage = mem_intermediate_storage.create(InitIntermediateStorageContext())
    with pytest.raises(check.CheckError, match="file_manager"):
        SystemStorageData(storage, "files")  # type: ignore[arg-type]
