"""Every documented attribute can be read from a real object: a class may promise what its instances lack."""

from __future__ import annotations

import contextlib
import warnings
from datetime import UTC, datetime
from functools import cache
from typing import Any

import pytest

from dagster import (
    AssetKey,
    AssetMaterialization,
    AssetRecordsFilter,
    AssetStoreContext,
    DagsterError,
    DagsterEventType,
    DagsterInstance,
    DagsterType,
    Definitions,
    EventLogRecord,
    EventRecordsFilter,
    EventRecordsResult,
    IOManager,
    MetadataValue,
    ModeDefinition,
    Out,
    OutputDefinition,
    PipelineRun,
    PresetDefinition,
    ReexecutionOptions,
    RunRecord,
    RunsFilter,
    RunShardedEventsCursor,
    RunStatusChangeRecordsFilter,
    StepRunRef,
    SubmitRunContext,
    composite_solid,
    execute_pipeline,
    execute_solid,
    executor,
    fs_intermediate_storage,
    graph,
    in_process_executor,
    io_manager,
    job,
    mem_system_storage,
    op,
    pipeline,
    reconstructable,
    repository,
    resource,
    solid,
    success_hook,
)
from dagster._core.io.file_handle import LocalFileHandle
from dagster._core.records.retry import RetryMode
from tests.architecture.test_interface import ENTRIES, later

#: Attributes that may say why they have no value here, in place of a value. They say it as a DagsterError.
MAY_REFUSE = {
    "InputContext": ("asset_", "partition_"),
    "OutputContext": ("asset_", "partition_"),
    "SolidExecutionResult": ("compute_step_failure_event",),
}


@job
def empty() -> None:
    """A job that other processes can load."""


@cache
def _newer() -> dict[str, Any]:
    """Run one job and keep what user code was given."""
    seen: dict[str, Any] = {}

    def check_it(context: Any, value: Any) -> bool:
        seen["TypeCheckContext"] = seen["StepTypeCheckContext"] = context
        return True

    class Keeper(IOManager):
        def __init__(self) -> None:
            self.values: dict[Any, Any] = {}

        def handle_output(self, context: Any, obj: Any) -> None:
            seen["OutputContext"] = context
            self.values[context.step_key] = obj

        def load_input(self, context: Any) -> Any:
            seen["InputContext"] = context
            return self.values[context.upstream_output.step_key]

    @io_manager
    def keeper(_init: Any) -> Keeper:
        return Keeper()

    @resource
    def plain(_init: Any) -> int:
        return 1

    @success_hook
    def told(context: Any) -> None:
        seen["HookContext"] = context

    @op(
        out=Out(DagsterType(check_it, name="Seen"), io_manager_key="keeper"),
        required_resource_keys={"plain"},
    )
    def first(context: Any) -> int:
        seen["OpExecutionContext"] = seen["AbstractComputeExecutionContext"] = context
        seen["StepExecutionContext"] = context.get_step_execution_context()
        context.log_event(AssetMaterialization("table"))
        return 1

    @op
    def second(first: int) -> int:
        return first

    @graph
    def both() -> int:
        return second(first())

    made = both.to_job(resource_defs={"keeper": keeper, "plain": plain}, hooks={told})
    instance = DagsterInstance.ephemeral()
    result = made.execute_in_process(instance=instance)
    assert result.success
    seen |= {
        "OpDefinition": first,
        "GraphDefinition": both,
        "JobDefinition": made,
        "ResourceDefinition": plain,
        "ExecuteInProcessResult": result,
        "DagsterInstance": instance,
        "DagsterRun": result.dagster_run,
        "StepRunRef": StepRunRef(
            {}, result.dagster_run, result.run_id, RetryMode.ENABLED, "empty", reconstructable(empty)
        ),
        "PipelineRun": PipelineRun("named", mode="default"),
        "RunRecord": RunRecord(1, result.dagster_run, *[_moment()] * 2),
        "RunsFilter": RunsFilter(),
        "EventLogEntry": instance.all_logs(result.run_id)[0],
        "EventLogRecord": EventLogRecord(1, instance.all_logs(result.run_id)[0]),
        "EventRecordsFilter": EventRecordsFilter(DagsterEventType.RUN_START),
        "AssetRecordsFilter": AssetRecordsFilter(AssetKey("a")),
        "RunStatusChangeRecordsFilter": RunStatusChangeRecordsFilter(DagsterEventType.RUN_START),
        "EventRecordsResult": EventRecordsResult([], "1", has_more=False),
        "RunShardedEventsCursor": RunShardedEventsCursor(1, _moment()),
        "SubmitRunContext": SubmitRunContext(result.dagster_run),
        "MetadataValue": MetadataValue.int(1),
        "LocalFileHandle": LocalFileHandle("/tmp/x"),
        "FileHandle": LocalFileHandle("/tmp/x"),
    }

    @repository
    def everything() -> list[Any]:
        return [made]

    seen["RepositoryDefinition"] = everything
    seen["Definitions"] = Definitions(jobs=[made])
    return seen


def _moment() -> datetime:
    return datetime(2021, 1, 1, tzinfo=UTC)


@cache
def _older() -> dict[str, Any]:
    """Run one pipeline and keep what user code was given."""
    seen: dict[str, Any] = {}

    @executor(name="seen", config_schema={})
    def seen_executor(init: Any) -> Any:
        seen["InitExecutorContext"] = init
        return in_process_executor.executor_creation_fn(init)

    @solid(output_defs=[OutputDefinition(int)])
    def one(context: Any) -> int:
        seen["SolidExecutionContext"] = context
        seen["SystemComputeExecutionContext"] = context.get_system_context()
        return 1

    @composite_solid
    def around() -> int:
        return one()

    mode = ModeDefinition(
        "only", intermediate_storage_defs=[fs_intermediate_storage], executor_defs=[seen_executor]
    )
    chosen = {"intermediate_storage": {"filesystem": {}}, "execution": {"seen": {}}}
    preset = PresetDefinition("usual", mode="only", run_config=chosen)

    @pipeline(mode_defs=[mode], preset_defs=[preset])
    def outer() -> None:
        around()

    with DagsterInstance.ephemeral() as instance:
        result = execute_pipeline(outer, preset="usual", instance=instance)
    seen |= {
        "PipelineExecutionResult": result,
        "ReexecutionOptions": ReexecutionOptions("some run", ["one*"]),
        "SolidExecutionResult": execute_solid(one),
        "CompositeSolidExecutionResult": execute_solid(around),
        "ExecutorDefinition": seen_executor,
        "ModeDefinition": mode,
        "PresetDefinition": preset,
        "IntermediateStorageDefinition": fs_intermediate_storage,
        "SystemStorageDefinition": mem_system_storage,
        "AssetStoreContext": AssetStoreContext("step", "result", {}, "pipeline", one),
    }
    return seen


def _instance_of(name: str) -> Any:
    return _older()[name] if name in _older() else _newer()[name]


WITH_ATTRIBUTES = [
    name
    for name, entry in ENTRIES.items()
    if "attributes" in entry
    # A DagsterEvent refuses the payload of another type of event; a ConfigurableResource is the user's.
    and name not in ("DagsterEvent", "JobExecutionResult", "ConfigurableResource", "Executor")
]


@pytest.mark.parametrize("name", WITH_ATTRIBUTES)
def test_every_attribute_can_be_read(name: str) -> None:
    made = _instance_of(name)
    left_out = later(name)
    for attribute in ENTRIES[name]["attributes"]:
        if attribute in left_out or f".{attribute}" in left_out:
            continue
        may_refuse = attribute.startswith(MAY_REFUSE.get(name, ()))
        with warnings.catch_warnings(), contextlib.suppress(*[DagsterError] * may_refuse):
            warnings.simplefilter("ignore")
            getattr(made, attribute)
