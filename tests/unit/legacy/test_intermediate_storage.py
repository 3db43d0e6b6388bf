"""Intermediate storages: the objects, their definitions and defaults."""

from __future__ import annotations

from pathlib import Path
from typing import IO, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import dagster._check as check
from dagster._config.configurable import configured
from dagster._core.definitions.types.builtins import ANY
from dagster._core.definitions.types.dagster_type import DagsterType
from dagster._core.definitions.types.serialization import SerializationStrategy
from dagster._core.errors import (
    DagsterInvalidConfigDefinitionError,
    DagsterInvalidDefinitionError,
    DagsterStepOutputNotFoundError,
)
from dagster._core.instance.instance import DagsterInstance
from dagster._core.io.context_base import EPHEMERAL_RUN_ID
from dagster._core.records.handles import StepOutputHandle
from dagster._core.records.run import DagsterRun
from dagster._legacy.intermediate_storage import ObjectStoreIntermediateStorage
from dagster._legacy.object_store import FilesystemObjectStore, InMemoryObjectStore
from dagster._legacy.storage_definition import (
    InitIntermediateStorageContext,
    IntermediateStorageDefinition,
    build_intermediate_storage_from_object_store,
    default_intermediate_storage_defs,
    fs_intermediate_storage,
    intermediate_storage,
    mem_intermediate_storage,
)

HANDLE = StepOutputHandle("step", "result")


def run(run_id: str = "R") -> DagsterRun:
    return DagsterRun(job_name="p", run_id=run_id)


def context(run_id: str = "R", **arguments: Any) -> InitIntermediateStorageContext:
    return InitIntermediateStorageContext(pipeline_run=run(run_id), **arguments)


def files(base: Path) -> list[str]:
    return sorted(str(p.relative_to(base)) for p in base.rglob("*") if p.is_file())


def test_a_value_is_kept_by_run_step_output_and_mapping_key(tmp_path: Path) -> None:
    storage = fs_intermediate_storage.create(
        context(intermediate_storage_config={"base_dir": str(tmp_path)})
    )
    made = storage.set_intermediate(None, ANY, HANDLE, 5, version="v")
    assert (made.value_name, made.version, made.mapping_key) == ("result", "v", None)
    keyed = StepOutputHandle("dyn", "result", "k")
    assert storage.set_intermediate(None, ANY, keyed, 6).mapping_key == "k"
    assert storage.get_intermediate(None, ANY, HANDLE).obj == 5
    assert storage.get_intermediate(None, ANY, keyed).mapping_key == "k"
    assert storage.has_intermediate(None, HANDLE)
    assert not storage.has_intermediate(None, StepOutputHandle("step", "other"))
    assert storage.is_persistent
    assert files(tmp_path) == [
        "storage/R/intermediates/dyn/result/k",
        "storage/R/intermediates/step/result",
    ]


def test_the_default_directory_is_that_of_the_instance() -> None:
    with DagsterInstance.ephemeral() as instance:
        storage = fs_intermediate_storage.create(context(instance=instance))
        made = storage.set_intermediate(None, ANY, HANDLE, 5)
        assert made.key == f"{instance.intermediates_directory('R')}/step/result"


def test_in_memory_keeps_the_object_itself() -> None:
    storage = mem_intermediate_storage.create(context())
    value = object()
    storage.set_intermediate(None, ANY, HANDLE, value)
    assert storage.get_intermediate(None, ANY, HANDLE).obj is value
    assert not storage.is_persistent


def test_the_type_says_how_a_value_is_written(tmp_path: Path) -> None:
    class Text(SerializationStrategy):
        def __init__(self) -> None:
            super().__init__("text", write_mode="w", read_mode="r", encoding="utf-8")

        def serialize(self, value: Any, write_file_obj: IO[Any]) -> None:
            write_file_obj.write(value)

        def deserialize(self, read_file_obj: IO[Any]) -> Any:
            return read_file_obj.read()

    text = DagsterType(
        type_check_fn=lambda _context, _value: True, name="Text", serialization_strategy=Text()
    )
    storage = ObjectStoreIntermediateStorage(FilesystemObjectStore(), "R", lambda _: str(tmp_path))
    storage.set_intermediate(None, text, HANDLE, "plain")
    assert (tmp_path / "intermediates/step/result").read_text() == "plain"
    assert storage.get_intermediate(None, text, HANDLE).obj == "plain"


def test_what_is_missing_says_what_was_looked_for_where(tmp_path: Path) -> None:
    storage = fs_intermediate_storage.create(
        context(intermediate_storage_config={"base_dir": str(tmp_path)})
    )
    with pytest.raises(DagsterStepOutputNotFoundError) as raised:
        storage.get_intermediate(None, ANY, StepOutputHandle("step", "result", "k"))
    assert str(raised.value) == (
        'No value of output "result" with mapping key "k" of step "step" in the intermediate storage of '
        f"run R: looked in filesystem object store at {tmp_path}/storage/R/intermediates/step/result/k. "
        "Run that step again, or look whether the storage has the same config as when it ran."
    )
    assert (raised.value.step_key, raised.value.output_name) == ("step", "result")
    memory = mem_intermediate_storage.create(context())
    with pytest.raises(DagsterStepOutputNotFoundError, match="use a persistent one"):
        memory.get_intermediate(None, ANY, HANDLE)


def test_an_error_of_reading_is_no_missing_value() -> None:
    class Broken(SerializationStrategy):
        def serialize(self, value: Any, write_file_obj: IO[Any]) -> None:
            write_file_obj.write(b"")

        def deserialize(self, read_file_obj: IO[Any]) -> Any:
            raise KeyError("inside")

    broken = DagsterType(
        type_check_fn=lambda _context, _value: True, name="B", serialization_strategy=Broken("b")
    )
    with DagsterInstance.ephemeral() as instance:
        storage = fs_intermediate_storage.create(context(instance=instance))
        storage.set_intermediate(None, broken, HANDLE, 1)
        with pytest.raises(KeyError, match="inside"):
            storage.get_intermediate(None, broken, HANDLE)


def test_a_value_of_another_run_is_copied(tmp_path: Path) -> None:
    config = {"base_dir": str(tmp_path)}
    first = fs_intermediate_storage.create(context("A", intermediate_storage_config=config))
    second = fs_intermediate_storage.create(context("B", intermediate_storage_config=config))
    with pytest.raises(DagsterStepOutputNotFoundError, match=r"of run A: looked in .*/storage/A/"):
        second.copy_intermediate_from_run(None, "A", HANDLE)
    first.set_intermediate(None, ANY, HANDLE, 7)
    assert second.copy_intermediate_from_run(None, "A", HANDLE).value_name == "result"
    assert second.get_intermediate(None, ANY, HANDLE).obj == 7


_NAMES = st.text(min_size=1, max_size=8)


@given(st.lists(st.tuples(_NAMES, _NAMES, _NAMES), min_size=1, max_size=8, unique=True))
def test_each_output_of_each_run_has_its_own_key_below_the_root(
    handles: list[tuple[str, str, str]],
) -> None:
    keys = set()
    for run_id, step, output in handles:
        storage = build_intermediate_storage_from_object_store(InMemoryObjectStore(), context(run_id))
        key = storage.set_intermediate(None, ANY, StepOutputHandle(step, output), 0).key
        parts = key.split("/")
        assert parts[:2] == ["dagster", "storage"]
        assert parts[3] == "intermediates"
        assert len(parts) == 6
        assert not {".", "..", ""} & set(parts)
        keys.add(key)
    assert len(keys) == len(handles)


def test_decorator() -> None:
    @intermediate_storage(
        required_resource_keys={"s3"}, name="bucket", is_persistent=False, config_schema={"prefix": str}
    )
    def make(init_context: InitIntermediateStorageContext) -> ObjectStoreIntermediateStorage:
        """In a bucket."""
        config = init_context.intermediate_storage_config or {}
        return build_intermediate_storage_from_object_store(
            init_context.resources.s3, init_context, lambda run_id: f"{config['prefix']}/{run_id}"
        )

    assert isinstance(make, IntermediateStorageDefinition)
    assert (make.name, make.is_persistent, make.description) == ("bucket", False, "In a bucket.")
    assert make.required_resource_keys == {"s3"}
    assert make.has_config_field
    assert callable(make.intermediate_storage_creation_fn)
    assert repr(make) == "IntermediateStorageDefinition('bucket')"

    @intermediate_storage
    def bare(init_context: Any) -> Any:
        return init_context

    assert (bare.name, bare.is_persistent, bare.required_resource_keys) == ("bare", True, frozenset())
    with pytest.raises(check.CheckError, match="what @intermediate_storage decorates"):
        intermediate_storage(name="x")(3)  # type: ignore[arg-type]


def test_the_defaults() -> None:
    assert default_intermediate_storage_defs == [mem_intermediate_storage, fs_intermediate_storage]
    assert [d.name for d in default_intermediate_storage_defs] == ["in_memory", "filesystem"]
    assert [d.is_persistent for d in default_intermediate_storage_defs] == [False, True]


def test_configured_keeps_name_and_function(tmp_path: Path) -> None:
    here = fs_intermediate_storage.configured({"base_dir": str(tmp_path)}, description="Here.")
    assert (here.name, here.is_persistent, here.description) == ("filesystem", True, "Here.")
    assert here.is_preconfigured
    assert not fs_intermediate_storage.is_preconfigured
    assert here.apply_config_mapping(None).value == {"base_dir": str(tmp_path)}

    @configured(fs_intermediate_storage, config_schema={"team": str})
    def of_team(config: dict[str, str]) -> dict[str, str]:
        return {"base_dir": f"/data/{config['team']}"}

    assert of_team.apply_config_mapping({"team": "a"}).value == {"base_dir": "/data/a"}


def test_refusals() -> None:
    with pytest.raises(DagsterInvalidDefinitionError, match="is not a valid intermediate storage name"):
        IntermediateStorageDefinition("no spaces", True, set())
    with pytest.raises(DagsterInvalidConfigDefinitionError):
        IntermediateStorageDefinition("a", True, set(), config_schema=3)
    with pytest.raises(check.CheckError, match="is_persistent"):
        IntermediateStorageDefinition("a", "yes")  # type: ignore[arg-type]
    with pytest.raises(DagsterInvalidDefinitionError, match="give intermediate_storage_creation_fn"):
        IntermediateStorageDefinition("a", True).create(context())
    with pytest.raises(DagsterInvalidDefinitionError, match="has no base_dir and there is no instance"):
        fs_intermediate_storage.create(context())
    with pytest.raises(check.CheckError, match="init_context"):
        build_intermediate_storage_from_object_store(InMemoryObjectStore(), None)  # type: ignore[arg-type]


def test_the_context_has_both_generations_names() -> None:
    made = InitIntermediateStorageContext(
        "pipeline", "mode", mem_intermediate_storage, None, "instance", "config", None, None, {"a": 1}
    )
    assert (made.pipeline_def, made.mode_def, made.instance) == ("pipeline", "mode", "instance")
    assert made.environment_config == made.resolved_run_config == "config"
    assert made.intermediate_storage_config == {"a": 1}
    assert made.intermediate_storage_def is mem_intermediate_storage
    assert made.run_id == EPHEMERAL_RUN_ID
    assert InitIntermediateStorageContext(resolved_run_config="c").environment_config == "c"
