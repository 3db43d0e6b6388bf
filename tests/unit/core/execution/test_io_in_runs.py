"""I/O managers in runs: what they are told, what they may tell, and where values go."""

from __future__ import annotations

import os
import pickle
from typing import Any

import pytest

from dagster._core.definitions.inputs import In
from dagster._core.definitions.job.decorator import job
from dagster._core.definitions.op.decorator import op
from dagster._core.definitions.outputs import DynamicOut, Out
from dagster._core.definitions.types.builtins import Nothing
from dagster._core.errors import (
    DagsterExecutionHandleOutputError,
    DagsterExecutionLoadInputError,
    DagsterInvalidDefinitionError,
)
from dagster._core.instance.instance import DagsterInstance
from dagster._core.io.filesystem import custom_path_fs_io_manager, fs_io_manager
from dagster._core.io.io_manager import IOManager, io_manager
from dagster._core.records.asset_key import AssetKey
from dagster._core.records.metadata import MetadataEntry, MetadataValue
from dagster._core.records.user_events import AssetMaterialization, DynamicOutput, Output
from tests.unit.core.execution.runs import events, execution_of, kinds, run_op


class Keeps(IOManager):
    """Keeps values in memory, and notes what its contexts say."""

    def __init__(self) -> None:
        self.values: dict[tuple[str, ...], Any] = {}
        self.outputs: list[dict[str, Any]] = []
        self.inputs: list[dict[str, Any]] = []

    def handle_output(self, context: Any, obj: Any) -> None:
        self.outputs.append(
            {
                "step": context.step_key,
                "name": context.name,
                "run": context.run_id,
                "job": context.job_name,
                "key": context.mapping_key,
                "definition": dict(context.definition_metadata or {}),
                "given": {k: v.value for k, v in (context.output_metadata or {}).items()},
                "type": context.dagster_type.display_name,
                "op": context.op_def.name,
                "resource_config": context.resource_config,
            }
        )
        self.values[tuple(context.get_identifier())] = obj

    def load_input(self, context: Any) -> Any:
        upstream = context.upstream_output
        self.inputs.append(
            {
                "name": context.name,
                "job": context.job_name,
                "definition": dict(context.definition_metadata or {}),
                "type": context.dagster_type.display_name,
                "op": context.op_def.name,
                "upstream": (upstream.step_key, upstream.name, upstream.mapping_key),
            }
        )
        return self.values[tuple(upstream.get_identifier())]


@op(out=Out(int, metadata={"schema": "s"}))
def one():
    yield Output(1, metadata={"rows": 3})


@op(ins={"x": In(metadata={"columns": "c"})})
def takes(x: int):
    return x


def test_what_the_contexts_say() -> None:
    keeps = Keeps()

    @job(resource_defs={"io_manager": keeps})
    def kept():
        takes.alias("alias")(one())

    result = kept.execute_in_process()
    first, second = keeps.outputs
    assert first == {
        "step": "one",
        "name": "result",
        "run": result.run_id,
        "job": "kept",
        "key": None,
        "definition": {"schema": "s"},
        "given": {"rows": 3},
        "type": "Int",
        "op": "one",
        "resource_config": None,
    }
    assert (second["step"], second["op"]) == ("alias", "takes")
    assert keeps.inputs == [
        {
            "name": "x",
            "job": "kept",
            "definition": {"columns": "c"},
            "type": "Int",
            "op": "takes",
            "upstream": ("one", "result", None),
        }
    ]


def test_values_of_dynamic_outputs_have_names_of_their_own() -> None:
    keeps = Keeps()

    @op(out=DynamicOut())
    def many():
        yield DynamicOutput(1, "a")
        yield DynamicOutput(2, "b")

    @op
    def gather(xs):
        return xs

    @job(resource_defs={"io_manager": keeps})
    def mapped():
        gather(many().map(takes).collect())

    result = mapped.execute_in_process()
    assert result.output_for_node("gather") == [1, 2]
    assert [o["key"] for o in keeps.outputs if o["step"] == "many"] == ["a", "b"]
    assert {i["upstream"] for i in keeps.inputs} == {
        ("many", "result", "a"),
        ("many", "result", "b"),
        ("takes[a]", "result", None),
        ("takes[b]", "result", None),
    }


def test_each_output_may_have_its_manager() -> None:
    special, usual = Keeps(), Keeps()

    @op(out={"a": Out(io_manager_key="special"), "b": Out()})
    def two():
        return 1, 2

    @op
    def both(a, b):
        return a + b

    @job(resource_defs={"special": special, "io_manager": usual})
    def routed():
        both(*two())

    result = routed.execute_in_process()
    assert result.output_for_node("both") == 3
    assert [o["name"] for o in special.outputs] == ["a"]
    assert [o["name"] for o in usual.outputs] == ["b", "result"]
    handled = [e.handled_output_data.manager_key for e in events(result, "HANDLED_OUTPUT")]
    assert handled == ["special", "io_manager", "io_manager"]
    loaded = [e.loaded_input_data.manager_key for e in events(result, "LOADED_INPUT")]
    assert loaded == ["special", "io_manager"]


def test_an_input_may_have_its_manager() -> None:
    class Loads(IOManager):
        def handle_output(self, context, obj):
            raise AssertionError("only inputs come here")

        def load_input(self, context):
            return f"loaded from {context.upstream_output.step_key}"

    @op(ins={"x": In(input_manager_key="loads")})
    def reads(x):
        return x

    @job(resource_defs={"loads": Loads()})
    def other():
        reads(one())

    result = other.execute_in_process()
    assert result.output_for_node("reads") == "loaded from one"


def test_managers_have_config_and_resources() -> None:
    seen: list[Any] = []

    @io_manager(
        config_schema={"base": str}, output_config_schema={"part": str}, required_resource_keys={"disk"}
    )
    def configured_manager(init_context):
        class Manager(IOManager):
            def handle_output(self, context, obj):
                seen.append((context.resource_config, context.config, context.resources.disk))

            def load_input(self, context):
                return None

        seen.append((init_context.resource_config, init_context.resources.disk))
        return Manager()

    @job(resource_defs={"io_manager": configured_manager, "disk": "the disk"})
    def stored():
        one()

    config = {
        "resources": {"io_manager": {"config": {"base": "b"}}},
        "ops": {"one": {"outputs": {"result": {"part": "p"}}}},
    }
    assert stored.execute_in_process(run_config=config).success
    assert seen == [({"base": "b"}, "the disk"), ({"base": "b"}, {"part": "p"}, "the disk")]


def test_managers_tell_of_what_they_did() -> None:
    class Tells(IOManager):
        def handle_output(self, context, obj):
            context.add_output_metadata({"path": "p"})
            context.log_event(AssetMaterialization("logged"))
            context.log.info("stored")

        def load_input(self, context):
            context.add_input_metadata({"read": 2})
            return 7

    @job(resource_defs={"io_manager": Tells()})
    def told():
        takes(one())

    result = told.execute_in_process()
    assert kinds(result, "one") == [
        "STEP_START",
        "STEP_OUTPUT",
        "ASSET_MATERIALIZATION",
        "HANDLED_OUTPUT",
        "STEP_SUCCESS",
    ]
    handled = events(result, "HANDLED_OUTPUT")[0].handled_output_data
    assert handled.metadata == {"path": MetadataValue.text("p")}
    (loaded,) = events(result, "LOADED_INPUT")
    assert loaded.loaded_input_data.metadata == {"read": MetadataValue.int(2)}


def test_managers_may_yield_materializations() -> None:
    class Yields(IOManager):
        def handle_output(self, context, obj):
            yield AssetMaterialization("a")
            yield AssetMaterialization("b")

        def load_input(self, context):
            return 1

    result = run_op(one, resource_defs={"io_manager": Yields()})
    assert kinds(result)[1:-1] == [
        "STEP_OUTPUT",
        "ASSET_MATERIALIZATION",
        "ASSET_MATERIALIZATION",
        "HANDLED_OUTPUT",
    ]


def test_what_managers_must_not_give() -> None:
    class Wrong(IOManager):
        def handle_output(self, context, obj):
            return "a path"

        def load_input(self, context):
            return 1

    result = run_op(one, resource_defs={"io_manager": Wrong()})
    data = result.failure_data_for_node("one")
    assert data is not None
    assert data.error is not None
    assert 'The I/O manager "io_manager" must return None from handle_output' in data.error.message


def test_asset_keys_make_materializations() -> None:
    @op(out=Out(asset_key=AssetKey(["db", "table"])))
    def by_definition():
        return Output(1, metadata={"rows": 2})

    result = run_op(by_definition)
    (told,) = result.asset_materializations_for_node("by_definition")
    assert told.asset_key == AssetKey(["db", "table"])
    assert told.metadata == {"rows": MetadataValue.int(2)}

    class Named(Keeps):
        def get_output_asset_key(self, context):
            return AssetKey([context.step_key, context.name])

    (told,) = run_op(one, resource_defs={"io_manager": Named()}).asset_materializations_for_node("one")
    assert told.asset_key == AssetKey(["one", "result"])


class Fails(Keeps):
    def __init__(self, where: str) -> None:
        super().__init__()
        self.where = where

    def handle_output(self, context: Any, obj: Any) -> None:
        if self.where == "store":
            raise OSError("disk full")
        super().handle_output(context, obj)

    def load_input(self, context: Any) -> Any:
        raise OSError("gone")


@pytest.mark.parametrize(
    ("where", "step", "error", "message"),
    [
        (
            "store",
            "one",
            DagsterExecutionHandleOutputError,
            'Error occurred while handling output "result" of step "one"',
        ),
        (
            "load",
            "takes",
            DagsterExecutionLoadInputError,
            'Error occurred while loading input "x" of step "takes"',
        ),
    ],
)
def test_errors_of_managers_are_the_users(where: str, step: str, error: type, message: str) -> None:
    @job(resource_defs={"io_manager": Fails(where)})
    def failing():
        takes(one())

    result = failing.execute_in_process(raise_on_error=False)
    data = result.failure_data_for_node(step)
    assert data is not None
    assert data.error is not None
    assert data.error.cls_name == error.__name__
    assert message in data.error.message
    assert data.error.cause is not None
    assert data.error.cause.cls_name == "OSError"
    with pytest.raises(OSError, match=r"disk full|gone"):
        failing.execute_in_process()


def test_a_resource_that_is_no_manager_is_refused() -> None:
    @op(out=Out(io_manager_key="number"))
    def stored():
        return 1

    result = run_op(stored, resource_defs={"number": 5})
    data = result.failure_data_for_node("stored")
    assert data is not None
    assert data.error is not None
    assert 'expected resource with key "number" to be an IOManager, got: 5 (int)' in data.error.message


def test_a_manager_that_nobody_defines_is_refused_before_anything_runs() -> None:
    @op(out=Out(io_manager_key="nowhere"))
    def stored():
        return 1

    with pytest.raises(DagsterInvalidDefinitionError, match="nowhere"):
        run_op(stored)


def test_outputs_of_type_nothing_are_not_stored() -> None:
    keeps = Keeps()

    @op(out=Out(Nothing))
    def nothing():
        pass

    assert run_op(nothing, resource_defs={"io_manager": keeps}).success
    assert keeps.outputs == []


def test_files_of_an_ephemeral_instance_go_with_it() -> None:
    @job(resource_defs={"io_manager": fs_io_manager})
    def stored():
        takes(one())

    instance = DagsterInstance.ephemeral()
    said = list(execution_of(stored, instance).events())
    run = instance.get_runs()[0]
    path = os.path.join(instance.storage_directory(), run.run_id, "one", "result")
    with open(path, "rb") as file:
        assert pickle.load(file) == 1
    assert said[-1].is_job_success
    instance.dispose()
    assert not os.path.exists(path)


def test_values_under_the_users_own_paths(tmp_path) -> None:
    @op(out=Out(metadata={"path": "numbers/one.pickle"}, io_manager_key="files"))
    def gives():
        return 1

    @op(out=Out(metadata={"path": "numbers/two.pickle"}, io_manager_key="files"))
    def adds(x):
        return x + 1

    @job(resource_defs={"files": custom_path_fs_io_manager.configured({"base_dir": str(tmp_path)})})
    def stored():
        adds(gives())

    result = stored.execute_in_process()
    assert result.output_for_node("adds") == 2
    with open(tmp_path / "numbers" / "two.pickle", "rb") as file:
        assert pickle.load(file) == 2
    (told,) = result.asset_materializations_for_node("adds")
    assert told.asset_key == AssetKey(["stored", "adds", "result"])
    assert told.metadata == {"path": MetadataValue.path(str(tmp_path / "numbers" / "two.pickle"))}


def test_the_asset_key_may_depend_on_the_output() -> None:
    @op(out=Out(asset_key=lambda context: AssetKey([context.step_key, context.name])))
    def named_by_function():
        return 1

    (told,) = run_op(named_by_function).asset_materializations_for_node("named_by_function")
    assert told.asset_key == AssetKey(["named_by_function", "result"])


def test_managers_of_the_older_form_yield_metadata_entries() -> None:
    class Older(IOManager):
        def handle_output(self, context, obj):
            yield MetadataEntry("path", value=MetadataValue.path("/p"))

        def load_input(self, context):
            return 1

    result = run_op(one, resource_defs={"io_manager": Older()})
    (handled,) = events(result, "HANDLED_OUTPUT")
    assert handled.handled_output_data.metadata == {"path": MetadataValue.path("/p")}


def test_a_resource_that_cannot_load_an_input_is_refused() -> None:
    @op(ins={"x": In(input_manager_key="number")})
    def reads(x):
        return x

    @job(resource_defs={"number": 5})
    def wrong():
        reads(one())

    result = wrong.execute_in_process(raise_on_error=False)
    data = result.failure_data_for_node("reads")
    assert data is not None
    assert data.error is not None
    assert 'expected resource with key "number" to be an IOManager' in data.error.message
