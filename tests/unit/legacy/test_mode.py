from __future__ import annotations

import pytest

from dagster._core.definitions.executor import executor
from dagster._core.definitions.resource.decorator import resource
from dagster._core.definitions.resource.definition import ResourceDefinition
from dagster._core.errors import DagsterInvalidConfigError, DagsterInvalidDefinitionError
from dagster._core.execution.op_context import OpExecutionContext
from dagster._core.executor.builtin import default_executors, in_process_executor
from dagster._core.executor.in_process import InProcessExecutor
from dagster._core.io.memory import mem_io_manager
from dagster._legacy.asset_store import fs_asset_store
from dagster._legacy.execution import execute_pipeline
from dagster._legacy.mode import ModeDefinition
from dagster._legacy.pipeline import pipeline
from dagster._legacy.solid import solid
from dagster._legacy.storage_definition import (
    default_intermediate_storage_defs,
    fs_intermediate_storage,
    intermediate_storage,
    mem_intermediate_storage,
)
from dagster._legacy.system_storage import default_system_storage_defs, mem_system_storage


def test_defaults():
    mode = ModeDefinition()
    assert mode.name == "default"
    assert mode.resource_defs == {"io_manager": mem_io_manager}
    assert mode.resource_key_set == {"io_manager"}
    assert list(mode.loggers) == ["console"]
    assert list(mode.executor_defs) == default_executors
    assert list(mode.intermediate_storage_defs) == list(default_intermediate_storage_defs)
    assert list(mode.system_storage_defs) == list(default_system_storage_defs)
    assert mode.get_intermediate_storage_def("in_memory") is mem_intermediate_storage
    assert mode.get_system_storage_def("in_memory") is mem_system_storage


def test_from_resources():
    mode = ModeDefinition.from_resources({"a": 1, "b": None}, name="test")
    assert mode.name == "test"
    assert isinstance(mode.resource_defs["a"], ResourceDefinition)

    @solid(required_resource_keys={"a", "b"})
    def show(context: OpExecutionContext):
        return context.resources.a, context.resources.b

    @pipeline(mode_defs=[mode])
    def p():
        show()

    assert execute_pipeline(p).output_for_solid("show") == (1, None)


def test_unknown_storages_and_same_names():
    mode = ModeDefinition("m")
    with pytest.raises(
        DagsterInvalidDefinitionError, match=r'unknown intermediate storage "file".*"filesystem"'
    ):
        mode.get_intermediate_storage_def("file")
    with pytest.raises(DagsterInvalidDefinitionError, match='Mode "m": unknown system storage "x"'):
        mode.get_system_storage_def("x")
    with pytest.raises(DagsterInvalidDefinitionError, match='two executors with the name "in_process"'):
        ModeDefinition(executor_defs=[in_process_executor, in_process_executor])


def test_a_mode_with_one_storage_uses_it():
    @solid
    def one(context):
        system = context.get_system_context()
        return system.intermediate_storage_def.name, system.intermediate_storage.is_persistent

    @pipeline(mode_defs=[ModeDefinition(intermediate_storage_defs=[fs_intermediate_storage])])
    def p():
        one()

    result = execute_pipeline(p)
    assert result.output_for_solid("one") == ("filesystem", True)
    assert any(e.event_type_value == "OBJECT_STORE_OPERATION" for e in result.event_list)


def test_asset_store_of_a_mode_keeps_the_values(tmp_path):
    @solid
    def one(_):
        return 1

    @solid
    def plus(_, x):
        return x + 1

    @pipeline(mode_defs=[ModeDefinition(resource_defs={"asset_store": fs_asset_store})])
    def p():
        plus(one())

    config = {"resources": {"asset_store": {"config": {"base_dir": str(tmp_path)}}}}
    assert execute_pipeline(p, config).output_for_solid("plus") == 2
    assert any(path.is_file() for path in tmp_path.rglob("*"))


def test_run_config_chooses_among_executors():
    made: list[object] = []

    @executor(name="mine", config_schema={"n": int})
    def mine(init_context):
        made.append(init_context.executor_config["n"])
        return InProcessExecutor()

    @solid
    def one(_):
        return 1

    @pipeline(mode_defs=[ModeDefinition(executor_defs=[in_process_executor, mine])])
    def p():
        one()

    assert execute_pipeline(p).success
    assert made == []
    assert execute_pipeline(p, {"execution": {"mine": {"config": {"n": 3}}}}).success
    assert made == [3]
    job = p.get_mode_job()
    assert job.executor_def is in_process_executor
    assert job.for_run({"execution": {"mine": {"config": {"n": 3}}}}).executor_def is mine
    # As a job run by other means, the choice holds too.
    job.execute_in_process(run_config={"execution": {"mine": {"config": {"n": 4}}}})
    assert made == [3, 4]


def test_an_executor_that_needs_config_must_be_named():
    @executor(name="mine", config_schema={"n": int})
    def mine(_init_context):
        return InProcessExecutor()

    @solid
    def one(_):
        return 1

    @pipeline(mode_defs=[ModeDefinition(executor_defs=[mine])])
    def p():
        one()

    with pytest.raises(Exception, match="execution"):
        execute_pipeline(p)
    assert execute_pipeline(p, {"execution": {"mine": {"config": {"n": 1}}}}).success


def test_a_resource_that_nothing_uses_needs_no_config():
    @resource(config_schema={"host": str})
    def db(init_context):
        return init_context.resource_config["host"]

    @solid
    def one(_):
        return 1

    @solid(required_resource_keys={"db"})
    def use(context):
        return context.resources.db

    mode = ModeDefinition(resource_defs={"db": db})

    @pipeline(mode_defs=[mode])
    def free():
        one()

    @pipeline(mode_defs=[mode])
    def bound():
        use()

    assert execute_pipeline(free).success
    with pytest.raises(DagsterInvalidConfigError, match="resources"):
        execute_pipeline(bound)


def test_a_storage_with_resources_takes_those_of_the_mode():
    @intermediate_storage(required_resource_keys={"disk"}, name="shared", is_persistent=False)
    def shared(init_context):
        init_context.resources.disk.append(init_context.mode_def.name)
        return mem_intermediate_storage.create(init_context)

    @solid
    def one(_):
        return 1

    disk: list[str] = []
    storages = [*default_intermediate_storage_defs, shared]

    @pipeline(
        mode_defs=[
            ModeDefinition("shared_disk", {"disk": disk}, intermediate_storage_defs=storages),
            ModeDefinition("without", intermediate_storage_defs=storages),
        ]
    )
    def p():
        one()

    assert execute_pipeline(p, mode="without").success
    assert execute_pipeline(p, {"intermediate_storage": {"shared": {}}}, mode="shared_disk").success
    assert disk == ["shared_disk"]
    with pytest.raises(DagsterInvalidDefinitionError, match='"disk"'):
        execute_pipeline(p, {"intermediate_storage": {"shared": {}}}, mode="without")
