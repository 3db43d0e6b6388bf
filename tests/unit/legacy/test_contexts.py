from __future__ import annotations

import pytest

from dagster._core.definitions.inputs import InputDefinition
from dagster._core.definitions.op.decorator import op
from dagster._core.errors import DagsterError
from dagster._core.execution.op_context import AbstractComputeExecutionContext, OpExecutionContext
from dagster._core.io.file_manager import LocalFileManager
from dagster._core.records.handles import StepOutputHandle
from dagster._core.records.run import DagsterRun
from dagster._legacy.context import SolidExecutionContext, build_solid_context
from dagster._legacy.execution import execute_pipeline
from dagster._legacy.isolated_execution import execute_solid
from dagster._legacy.mode import ModeDefinition
from dagster._legacy.pipeline import PipelineDefinition, pipeline
from dagster._legacy.solid import solid
from dagster._legacy.system_context import (
    SystemComputeExecutionContext,
    SystemExecutionContext,
    SystemStepExecutionContext,
)


def inside(look, **arguments):
    """Run a solid whose body is ``look`` and return what that returns."""

    @solid(config_schema={"k": int}, required_resource_keys={"r"}, tags={"s": "1"})
    def probe(context):
        return look(context)

    @pipeline(mode_defs=[ModeDefinition("m", {"r": "res"})], tags={"t": "v"})
    def p():
        probe.alias("looker")()

    config = {"solids": {"looker": {"config": {"k": 3}}}}
    return execute_pipeline(p, {**config, **arguments}).output_for_solid("looker"), p


def test_members_of_the_solid_context():
    def look(context: SolidExecutionContext):
        assert isinstance(context, SolidExecutionContext)
        assert isinstance(context, OpExecutionContext)
        assert isinstance(context, AbstractComputeExecutionContext)
        assert context.solid_config == {"k": 3} == context.op_config
        assert isinstance(context.pipeline_run, DagsterRun)
        assert context.pipeline_run.run_id == context.run_id
        assert context.instance.is_ephemeral
        assert context.pdb is not None
        assert isinstance(context.file_manager, LocalFileManager)
        assert context.resources.r == "res"
        assert context.step_launcher is None
        assert context.run_config == {"solids": {"looker": {"config": {"k": 3}}}}
        assert context.pipeline_name == "p"
        assert context.mode_def is not None
        assert context.mode_def.name == "m"
        context.log.info("said")
        assert context.solid_handle.to_string() == "looker"
        assert context.solid.name == "looker"
        assert context.solid.tags == {"s": "1"}
        assert context.solid_def.name == "probe"
        assert context.retry_number == 0
        assert context.has_tag("t")
        assert context.get_tag("t") == "v"
        assert not context.has_tag("u")
        step = context.get_step_execution_context()
        assert step.solid is context.solid
        assert step.solid_def is context.solid_def
        assert step.pipeline_def is context.pipeline_def
        assert step.mode_def is context.mode_def
        assert step.solid_handle == context.solid_handle
        assert step.pipeline_name == "p"
        assert step.pipeline_run is context.pipeline_run
        return context.pipeline_def

    found, p = inside(look)
    assert found is p


def test_members_of_the_system_context():
    def look(context):
        system = context.get_system_context()
        assert type(system) is SystemComputeExecutionContext
        assert isinstance(system, SystemStepExecutionContext)
        assert isinstance(system, SystemExecutionContext)
        assert system.solid_config == {"k": 3}
        assert system.step.key == "looker"
        assert system.step_launcher is None
        assert system.solid_handle == context.solid_handle
        assert system.solid_def is context.solid_def
        assert system.solid is context.solid
        assert system.pipeline_def is context.pipeline_def
        assert system.resources.r == "res"
        assert system.required_resource_keys == {"r"}
        assert system.log is context.log
        assert system.pipeline_run is context.pipeline_run
        assert system.scoped_resources_builder is not None
        assert system.run_id == context.run_id
        assert system.run_config == context.run_config
        assert system.environment_config.ops["looker"].config == {"k": 3}
        assert system.pipeline.get_definition().pipeline_def is system.pipeline_def
        assert system.pipeline_name == "p"
        assert system.mode_def is context.mode_def
        assert system.intermediate_storage_def is None
        assert system.system_storage_def is None
        assert system.intermediate_storage is None
        assert system.using_default_intermediate_storage()
        assert system.instance is context.instance
        assert isinstance(system.file_manager, LocalFileManager)
        assert system.raise_on_error is True
        assert system.retries.name == "ENABLED"
        assert system.logging_tags["step_key"] == "looker"
        assert system.execution_plan.step_keys_to_execute == ["looker"]
        assert system.output_capture == {}
        assert system.has_tag("t")
        assert system.get_tag("t") == "v"
        assert type(system.for_compute()) is SystemComputeExecutionContext
        assert type(system.for_step(system.step)) is SystemStepExecutionContext
        handle = StepOutputHandle("looker", "result")
        assert system.get_output_context(handle).name == "result"
        assert hasattr(system.get_io_manager(handle), "handle_output")
        type_context = system.for_type(context.solid_def.output_defs[0].dagster_type)
        assert type_context.run_id == context.run_id
        return "done"

    assert inside(look)[0] == "done"


def test_chosen_storage_in_the_system_context(tmp_path):
    def look(context):
        system = context.get_system_context()
        assert not system.using_default_intermediate_storage()
        assert system.intermediate_storage.is_persistent
        handle = context.file_manager.write_data(b"data")
        assert context.file_manager.read_data(handle) == b"data"
        return handle.path

    base_dir = str(tmp_path)
    path, _ = inside(look, storage={"filesystem": {"config": {"base_dir": base_dir}}})
    assert path.startswith(base_dir)


def test_file_manager_resource():
    manager = object()

    @solid(required_resource_keys={"file_manager"})
    def look(context):
        return context.file_manager is manager

    mode = ModeDefinition(resource_defs={"file_manager": manager})
    assert execute_solid(look, mode_def=mode).output_value() is True


def test_ops_in_pipelines_have_the_older_names_that_ops_have():
    @op
    def look(context):
        return context.solid_config, context.solid_def.name, context.pipeline_run.pipeline_name

    @pipeline
    def p():
        look()

    assert execute_pipeline(p).output_for_solid("look") == (None, "look", "p")


def test_context_of_a_solid_in_a_job():
    @solid
    def look(context):
        return context.mode_def, context.pipeline_name

    from dagster._core.definitions.job.decorator import job

    @job
    def j():
        look()

    assert j.execute_in_process().output_for_node("look") == (None, "j")


def test_build_solid_context():
    @solid(
        config_schema={"k": int},
        required_resource_keys={"r"},
        input_defs=[InputDefinition("x", int)],
    )
    def probe(context, x):
        assert isinstance(context, SolidExecutionContext)
        assert context.solid_def.name == "probe"
        assert context.solid.name == "probe"
        assert isinstance(context.file_manager, LocalFileManager)
        return context.solid_config["k"] + x, context.resources.r

    context = build_solid_context(resources={"r": "res"}, config={"k": 1})
    with context:
        assert probe(context, 2) == (3, "res")

    @solid
    def asks(context):
        return context.pipeline_def

    with pytest.raises(DagsterError, match="directly invoked"):
        asks(build_solid_context())
    assert isinstance(inside(lambda c: c.pipeline_def)[0], PipelineDefinition)
