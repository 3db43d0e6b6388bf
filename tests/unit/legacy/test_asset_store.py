"""Asset stores of 0.9.21 and 0.9.22."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import dagster._check as check
from dagster._core.definitions.job.decorator import job
from dagster._core.definitions.job.definition import JobDefinition
from dagster._core.definitions.op.decorator import op
from dagster._core.definitions.outputs import DynamicOut, Out
from dagster._core.definitions.resource.build import build_init_resource_context
from dagster._core.definitions.resource.decorator import resource
from dagster._core.errors import DagsterInvariantViolationError, DagsterStepOutputNotFoundError
from dagster._core.io.build_context import build_input_context
from dagster._core.records.metadata import MetadataValue
from dagster._core.records.user_events import AssetMaterialization, DynamicOutput
from dagster._legacy.asset_store import (
    AssetStore,
    AssetStoreContext,
    CustomPathPickledObjectFilesystemAssetStore,
    PickledObjectFilesystemAssetStore,
    custom_path_fs_asset_store,
    fs_asset_store,
    io_manager_from_asset_store,
    mem_asset_store,
)


def context(**more: Any) -> AssetStoreContext:
    given: dict[str, Any] = {
        "step_key": "s",
        "output_name": "result",
        "asset_metadata": {},
        "pipeline_name": "p",
        "solid_def": None,
        "source_run_id": "R",
    }
    return AssetStoreContext(**{**given, **more})


def files(base: Path) -> list[str]:
    return sorted(str(p.relative_to(base)) for p in base.rglob("*") if p.is_file())


def job_of(out: Any, **resource_defs: Any) -> JobDefinition:
    @op(out=out)
    def one():
        return 1

    @op(out=out)
    def two(x):
        return x + 1

    @job(resource_defs=resource_defs)
    def numbers():
        two(one())

    return numbers


def test_the_context_of_the_documents() -> None:
    made = AssetStoreContext("s", "o", {"a": 1}, "p", "solid", "R")
    assert made.get_run_scoped_output_identifier() == ["R", "s", "o"]
    assert (made.asset_metadata, made.pipeline_name, made.solid_def) == ({"a": 1}, "p", "solid")
    assert context(mapping_key="k").get_run_scoped_output_identifier() == ["R", "s", "result", "k"]
    with pytest.raises(DagsterInvariantViolationError, match="made without a source_run_id"):
        AssetStoreContext("s", "o", {}, "p", None).get_run_scoped_output_identifier()


def test_a_run_with_an_asset_store_by_its_own_key(tmp_path: Path) -> None:
    store = fs_asset_store.configured({"base_dir": str(tmp_path)})
    result = job_of(Out(io_manager_key="asset_store"), asset_store=store).execute_in_process()
    assert result.output_for_node("two") == 2
    assert files(tmp_path) == [f"{result.run_id}/one/result", f"{result.run_id}/two/result"]
    (handled,) = [e for e in result.events_for_node("one") if e.is_handled_output]
    assert handled.handled_output_data.manager_key == "asset_store"


def test_a_run_with_an_asset_store_as_the_io_manager(tmp_path: Path) -> None:
    adapter = io_manager_from_asset_store(fs_asset_store)
    config = {"resources": {"io_manager": {"config": {"base_dir": str(tmp_path)}}}}
    assert job_of(Out(), io_manager=adapter).execute_in_process(run_config=config).success
    assert len(files(tmp_path)) == 2
    memory = io_manager_from_asset_store(mem_asset_store)
    assert job_of(Out(), io_manager=memory).execute_in_process().output_for_node("two") == 2
    custom = io_manager_from_asset_store(
        custom_path_fs_asset_store.configured({"base_dir": str(tmp_path / "custom")})
    )

    @op(out=Out(metadata={"path": "deep/one.pickle"}))
    def one():
        return 1

    @job(resource_defs={"io_manager": custom})
    def at_a_path():
        one()

    assert at_a_path.execute_in_process().success
    assert files(tmp_path / "custom") == ["deep/one.pickle"]


def test_a_store_of_ones_own() -> None:
    class Mine(AssetStore):
        def __init__(self) -> None:
            self.values: dict[str, Any] = {}
            self.contexts: list[AssetStoreContext] = []

        def set_asset(self, context: AssetStoreContext, obj: Any) -> Any:
            self.contexts.append(context)
            self.values[context.step_key] = obj
            yield AssetMaterialization(asset_key=context.step_key)

        def get_asset(self, context: AssetStoreContext) -> Any:
            return self.values[context.step_key]

    mine = Mine()
    result = job_of(Out(metadata={"m": 1}), io_manager=mine).execute_in_process()
    assert result.output_for_node("two") == 2
    assert [m.asset_key.path for m in result.asset_materializations_for_node("one")] == [["one"]]
    first = mine.contexts[0]
    assert (first.pipeline_name, first.solid_def.name) == ("numbers", "one")
    assert first.source_run_id == result.run_id
    assert first.asset_metadata["m"] in (1, MetadataValue.int(1))
    adapter = io_manager_from_asset_store(mine)
    assert job_of(Out(), io_manager=adapter).execute_in_process().success


def test_values_of_a_dynamic_output_are_apart(tmp_path: Path) -> None:
    @op(out=DynamicOut())
    def many():
        yield DynamicOutput(1, "a")
        yield DynamicOutput(2, "b")

    @op
    def total(xs):
        return sum(xs)

    @job(
        resource_defs={
            "io_manager": io_manager_from_asset_store(
                fs_asset_store.configured({"base_dir": str(tmp_path)})
            )
        }
    )
    def adds():
        total(many().collect())

    assert adds.execute_in_process().output_for_node("total") == 3


def test_a_resource_with_a_teardown_and_one_that_is_no_store() -> None:
    torn: list[int] = []

    @resource
    def yields(_: Any) -> Any:
        yield mem_asset_store(build_init_resource_context())
        torn.append(1)

    assert job_of(Out(), io_manager=io_manager_from_asset_store(yields)).execute_in_process().success
    assert torn == [1]

    @resource
    def other(_: Any) -> Any:
        return 3

    with pytest.raises(DagsterInvariantViolationError, match='key "io_manager" to be an IOManager'):
        job_of(Out(), io_manager=io_manager_from_asset_store(other)).execute_in_process()
    with pytest.raises(check.CheckError, match="asset_store"):
        io_manager_from_asset_store(3)  # type: ignore[arg-type]


def test_missing_values_say_what_was_looked_for_where(tmp_path: Path) -> None:
    with pytest.raises(DagsterStepOutputNotFoundError) as raised:
        PickledObjectFilesystemAssetStore(str(tmp_path)).get_asset(context(mapping_key="k"))
    assert str(raised.value) == (
        'The asset store has no value of output "result" with mapping key "k" of step "s" of run R: '
        f"looked in {tmp_path}/R/s/result/k. Run that step again, or look whether the store has the same "
        "base_dir as when it ran."
    )
    memory = mem_asset_store(build_init_resource_context())
    with pytest.raises(DagsterStepOutputNotFoundError, match="looked in memory"):
        memory.get_asset(context())
    with pytest.raises(DagsterInvariantViolationError, match='input "x": no output feeds it'):
        memory.load_input(build_input_context(name="x"))


@pytest.mark.parametrize("path", ["../out", "/etc/out", "a/../../out"])
def test_custom_paths_stay_inside(tmp_path: Path, path: str) -> None:
    store = CustomPathPickledObjectFilesystemAssetStore(str(tmp_path / "base"))
    with pytest.raises(DagsterInvariantViolationError, match="expected a path below"):
        store.set_asset(context(asset_metadata={"path": path}), 1)
    assert files(tmp_path) == []


@pytest.mark.parametrize("metadata", [{}, {"path": ""}, {"path": 3}])
def test_custom_paths_must_be_given(tmp_path: Path, metadata: dict[str, Any]) -> None:
    store = CustomPathPickledObjectFilesystemAssetStore(str(tmp_path))
    with pytest.raises(DagsterInvariantViolationError, match=r"does not know where .* of step \"s\""):
        store.set_asset(context(asset_metadata=metadata), 1)


def test_identifiers_become_safe_names(tmp_path: Path) -> None:
    store = PickledObjectFilesystemAssetStore(str(tmp_path))
    store.set_asset(context(source_run_id="..", step_key="a/b"), 1)
    assert files(tmp_path) == [".%2E/a%2Fb/result"]
    assert store.get_asset(context(source_run_id="..", step_key="a/b")) == 1


@pytest.mark.parametrize("definition", [fs_asset_store, custom_path_fs_asset_store])
def test_the_default_directory_is_that_of_the_instance(definition: Any, tmp_path: Path) -> None:
    class Instance:
        def storage_directory(self) -> str:
            return str(tmp_path)

    made = definition(build_init_resource_context(instance=Instance()))
    assert made.base_dir == str(tmp_path)
