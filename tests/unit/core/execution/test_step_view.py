"""What hooks and type checks are told of the step around them, under the older names."""

from __future__ import annotations

from typing import Any

from dagster._core.definitions.graph.decorator import graph
from dagster._core.definitions.hook import success_hook
from dagster._core.definitions.op.decorator import op
from dagster._core.definitions.outputs import Out
from dagster._core.definitions.resource.definition import ResourceDefinition
from dagster._core.definitions.types.context import TypeCheckContext
from dagster._core.definitions.types.dagster_type import DagsterType
from dagster._core.execution.step_view import StepTypeCheckContext, file_manager_of
from dagster._core.instance.instance import DagsterInstance
from dagster._core.io.file_manager import LocalFileManager


def ran(resources: dict[str, Any] | None = None) -> dict[str, Any]:
    """Run an op inside of a graph and return what each kind of context told while the run went on."""
    told: dict[str, Any] = {}

    def look(context: Any) -> dict[str, Any]:
        return {
            "run": context.pipeline_run.run_id,
            "pipeline": context.pipeline_name,
            "mode": context.mode_def,
            "storage": (context.intermediate_storage_def, context.intermediate_storage),
            "tag": (context.has_tag("t"), context.get_tag("t"), context.get_tag("missing")),
            "retries": context.retries.value,
            "raises": context.raise_on_error,
            "plan": [step.key for step in context.execution_plan.steps],
            "key": context.logging_tags["step_key"],
            "files": context.file_manager,
            "config": context.run_config,
            "resolved": context.environment_config.resources,
            "instance": context.instance,
            "built": context.scoped_resources_builder.build(frozenset({"plain"})).plain,
            "other": context.for_step(context.execution_plan.steps[0]).step.key,
        }

    def check(context: Any, value: Any) -> bool:
        told["type"] = look(context)
        told["class"] = type(context)
        return True

    @success_hook
    def hook(context: Any) -> None:
        told["hook"] = look(context)
        told["captured"] = dict(context.output_capture)

    @op(out=Out(DagsterType(check, name="Looked")), required_resource_keys={"plain", *(resources or {})})
    def inner(context: Any) -> int:
        step_context = context.get_step_execution_context()
        told["inside"] = step_context.is_op_in_graph
        told["outputs"] = step_context.selected_output_names
        told["files"] = file_manager_of(step_context)
        return 1

    @graph
    def middle() -> int:
        return inner()

    @graph
    def outer() -> None:
        middle()

    made = outer.to_job(
        resource_defs={"plain": ResourceDefinition.hardcoded_resource(7), **(resources or {})},
        tags={"t": "v"},
    ).with_hooks({hook})
    with DagsterInstance.ephemeral() as instance:
        result = made.execute_in_process(instance=instance)
        told["result"] = result
        told["instance"] = instance
    return told


def test_hooks_and_type_checks_are_told_the_same() -> None:
    told = ran()
    assert told["class"] is StepTypeCheckContext
    assert issubclass(StepTypeCheckContext, TypeCheckContext)
    for kind in ("hook", "type"):
        seen = told[kind]
        files = seen.pop("files")
        assert isinstance(files, LocalFileManager)
        assert seen == {
            "run": told["result"].run_id,
            "pipeline": "outer",
            "mode": None,
            "storage": (None, None),
            "tag": (True, "v", None),
            "retries": "enabled",
            "raises": True,
            "plan": ["middle.inner"],
            "key": "middle.inner",
            "config": {},
            "resolved": seen["resolved"],
            "instance": told["instance"],
            "built": 7,
            "other": "middle.inner",
        }
    assert told["inside"] is True
    assert told["outputs"] == {"result"}
    assert list(told["captured"].values()) == [1]


def test_the_file_manager_is_the_resource_where_there_is_one() -> None:
    mine = object()
    told = ran({"file_manager": ResourceDefinition.hardcoded_resource(mine)})
    assert told["files"] is mine
    assert told["hook"]["files"] is mine
