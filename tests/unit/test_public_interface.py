"""What the tables of the interface say that each name means, as short programs in both spellings.

Every program is written with ``from dagster import …`` alone, as its users would.
"""

from __future__ import annotations

import logging
import os
import pickle
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any as AnyValue

import pytest

import dagster
from dagster import (
    Any,
    Array,
    AssetKey,
    AssetMaterialization,
    AssetObservation,
    AssetStore,
    Backoff,
    Bool,
    BoolSource,
    Config,
    ConfigArgumentWarning,
    ConfigMapping,
    ConfigurableIOManager,
    ConfigurableResource,
    DagsterConfigMappingFunctionError,
    DagsterError,
    DagsterEventType,
    DagsterExecutionStepExecutionError,
    DagsterInstance,
    DagsterInvalidConfigDefinitionError,
    DagsterInvalidConfigError,
    DagsterInvalidDefinitionError,
    DagsterInvalidInvocationError,
    DagsterInvalidSubsetError,
    DagsterInvariantViolationError,
    DagsterResourceFunctionError,
    DagsterRunStatus,
    DagsterType,
    DagsterTypeCheckDidNotPass,
    DagsterTypeCheckError,
    DagsterUserCodeExecutionError,
    Definitions,
    DependencyDefinition,
    Dict,
    DynamicOut,
    DynamicOutput,
    DynamicOutputDefinition,
    Enum,
    EnumValue,
    EnvVar,
    EventMetadata,
    EventMetadataEntry,
    ExpectationResult,
    Failure,
    Field,
    FilesystemIOManager,
    Float,
    GraphDefinition,
    GraphIn,
    GraphOut,
    HookExecutionResult,
    In,
    InputDefinition,
    InputMapping,
    Int,
    IntSource,
    IOManager,
    Jitter,
    JobDefinition,
    List,
    LocalFileHandle,
    Map,
    Materialization,
    MetadataValue,
    ModeDefinition,
    MultiDependencyDefinition,
    NodeInvocation,
    Noneable,
    Nothing,
    OpDefinition,
    OpExecutionContext,
    Optional,
    Out,
    Output,
    OutputDefinition,
    OutputMapping,
    Permissive,
    PermissiveConfig,
    PipelineDefinition,
    PipelineRun,
    PipelineRunStatus,
    PresetDefinition,
    PythonObjectDagsterType,
    RepositoryDefinition,
    ResourceDefinition,
    ResourceParam,
    RetryPolicy,
    RetryRequested,
    RunConfig,
    RunsFilter,
    ScalarUnion,
    Selector,
    Set,
    Shape,
    SolidDefinition,
    SolidInvocation,
    String,
    StringSource,
    TableColumn,
    TableRecord,
    TableSchema,
    Tuple,
    TypeCheck,
    build_hook_context,
    build_init_logger_context,
    build_init_resource_context,
    build_input_context,
    build_op_context,
    build_output_context,
    build_reconstructable_job,
    build_resources,
    build_solid_context,
    check_dagster_type,
    composite_solid,
    config_from_yaml_strings,
    config_mapping,
    configured,
    custom_path_fs_io_manager,
    dagster_type_loader,
    dagster_type_materializer,
    default_executors,
    default_intermediate_storage_defs,
    default_system_storage_defs,
    deserialize_value,
    event_list_hook,
    execute_pipeline,
    execute_pipeline_iterator,
    execute_solid,
    execute_solid_within_pipeline,
    execute_solids_within_pipeline,
    failure_hook,
    file_relative_path,
    fs_intermediate_storage,
    fs_io_manager,
    get_dagster_logger,
    graph,
    in_process_executor,
    input_manager,
    io_manager,
    job,
    lambda_solid,
    local_file_manager,
    logger,
    make_python_type_usable_as_dagster_type,
    make_values_resource,
    mem_io_manager,
    op,
    pipeline,
    repository,
    resource,
    root_input_manager,
    serialize_value,
    solid,
    success_hook,
    usable_as_dagster_type,
    validate_run_config,
    with_resources,
)

# Ops, graphs, jobs — solids, composites, pipelines


def test_an_op_computes_its_outputs_from_its_inputs() -> None:
    @op(ins={"left": In(int), "right": In(int, default_value=2)}, out={"sum": Out(int), "rest": Out()})
    def add(left, right):
        return left + right, None

    @op
    def one() -> int:
        return 1

    @job
    def adding():
        add(one())

    assert isinstance(add, OpDefinition)
    assert adding.execute_in_process().output_for_node("add", "sum") == 3


def test_a_solid_computes_its_outputs_from_its_inputs() -> None:
    @solid(
        input_defs=[InputDefinition("left", Int), InputDefinition("right", Int, default_value=2)],
        output_defs=[OutputDefinition(Int, "sum"), OutputDefinition(name="rest", is_required=False)],
    )
    def add(_context, left, right):
        yield Output(left + right, "sum")

    @lambda_solid(output_def=OutputDefinition(Int))
    def one():
        return 1

    @pipeline
    def adding():
        add(one())

    assert isinstance(add, SolidDefinition)
    assert isinstance(adding, PipelineDefinition)
    result = execute_pipeline(adding)
    assert result.output_for_solid("add", "sum") == 3
    assert result.result_for_solid("add").output_values == {"sum": 3}


def test_a_graph_is_a_node_made_of_nodes() -> None:
    @op
    def double(value: int) -> int:
        return 2 * value

    @graph(ins={"value": GraphIn("what")}, out=GraphOut("four times as much"))
    def fourfold(value):
        return double.alias("second")(double(value))

    made = fourfold.to_job(input_values={"value": 3})
    assert made.execute_in_process().output_value() == 12
    assert fourfold.execute_in_process(input_values={"value": 1}).output_value() == 4
    assert [node.name for node in fourfold.nodes_in_topological_order] == ["double", "second"]
    assert fourfold.resolve_output_to_origin_op_def("result") is double
    assert fourfold.get_input_mapping("value").mapped_node_name == "double"


def test_a_composite_solid_is_a_solid_made_of_solids() -> None:
    @lambda_solid(input_defs=[InputDefinition("value", Int)])
    def double(value):
        return 2 * value

    @composite_solid(
        input_defs=[InputDefinition("value", Int)],
        config_schema={"ignored": Field(Int, default_value=0)},
        config_fn=lambda _config: {},
    )
    def fourfold(value):
        return double.alias("second")(double(value))

    result = execute_solid(fourfold, input_values={"value": 3})
    assert result.output_value() == 12
    assert result.output_value_for_handle("second") == 12
    assert [inner.solid.name for inner in result.solid_result_list] == ["double", "second"]


@pytest.mark.parametrize("generation", ["newer", "older"])
def test_dependency_dictionaries_say_the_same_as_the_decorators(generation: str) -> None:
    if generation == "newer":

        @op
        def one():
            return 1

        @op(ins={"values": In(list)})
        def total(values):
            return sum(values)

        node, definitions = NodeInvocation, {"node_defs": [one, total]}
        edges = [DependencyDefinition("one"), DependencyDefinition("again")]
        made: AnyValue = GraphDefinition(
            "summing",
            dependencies={
                node("one", alias="again"): {},
                "total": {"values": MultiDependencyDefinition(edges)},
            },
            output_mappings=[OutputMapping("result", "total", "result")],
            **definitions,
        )
        assert made.execute_in_process().output_value() == 2
    else:

        @lambda_solid
        def one():
            return 1

        @lambda_solid(input_defs=[InputDefinition("values", List[Int])])
        def total(values):
            return sum(values)

        made = PipelineDefinition(
            solid_defs=[one, total],
            name="summing",
            dependencies={
                SolidInvocation("one", alias="again"): {},
                "total": {
                    "values": MultiDependencyDefinition(
                        [DependencyDefinition("one"), DependencyDefinition(solid="again")]
                    )
                },
            },
        )
        assert execute_pipeline(made).output_for_solid("total") == 2


def test_input_and_output_mappings_join_a_graph_to_what_is_around_it() -> None:
    @op
    def double(value: int) -> int:
        return 2 * value

    made = GraphDefinition(
        "doubling",
        node_defs=[double],
        input_mappings=[InputMapping("outer", "double", "value")],
        output_mappings=[OutputMapping("doubled", "double", "result")],
    )
    assert made.execute_in_process(input_values={"outer": 4}).output_value("doubled") == 8


def test_a_dynamic_output_runs_what_follows_once_per_key() -> None:
    @op(out=DynamicOut(int))
    def numbers():
        for number in (1, 2, 3):
            yield DynamicOutput(number, mapping_key=f"n{number}")

    @op
    def square(number: int) -> int:
        return number * number

    @op
    def total(numbers: list[int]) -> int:
        return sum(numbers)

    @job
    def squares():
        total(numbers().map(square).collect())

    result = squares.execute_in_process()
    assert result.output_for_node("square") == {"n1": 1, "n2": 4, "n3": 9}
    assert result.output_for_node("total") == 14


def test_a_dynamic_output_definition_does_the_same() -> None:
    @solid(output_defs=[DynamicOutputDefinition(Int)])
    def numbers(_context):
        yield DynamicOutput(1, mapping_key="a")
        yield DynamicOutput(2, mapping_key="b")

    @solid(input_defs=[InputDefinition("numbers")])
    def total(_context, numbers):
        return sum(numbers)

    @pipeline
    def summing():
        total(numbers().collect())

    assert execute_pipeline(summing).output_for_solid("total") == 3


def test_nothing_orders_without_a_value() -> None:
    order: list[str] = []

    @op(out=Out(Nothing))
    def before():
        order.append("before")

    @op(ins={"start": In(Nothing)})
    def after():
        order.append("after")

    @job
    def ordered():
        after(start=before())

    assert ordered.execute_in_process().success
    assert order == ["before", "after"]


@pytest.mark.parametrize("generation", ["newer", "older"])
def test_retries_are_asked_for_and_told(generation: str) -> None:
    tries: list[int] = []
    if generation == "newer":

        @op(retry_policy=RetryPolicy(max_retries=2, backoff=Backoff.LINEAR, jitter=Jitter.FULL))
        def flaky(context):
            tries.append(context.retry_number)
            if len(tries) < 3:
                raise ValueError("not yet")

        @job
        def trying():
            flaky()

        result = trying.execute_in_process()
        assert result.retry_attempts_for_node("flaky") == 2
    else:

        @solid
        def flaky(context):
            tries.append(context.retry_number)
            if len(tries) < 3:
                raise RetryRequested(max_retries=2)

        assert execute_solid(flaky).retry_attempts == 2
    assert tries == [0, 1, 2]


def test_a_failure_carries_its_metadata_and_may_forbid_retries() -> None:
    @op(retry_policy=RetryPolicy(max_retries=3))
    def broken():
        raise Failure("no rows", metadata={"rows": 0}, allow_retries=False)

    @job
    def breaking():
        broken()

    result = breaking.execute_in_process(raise_on_error=False)
    data = result.failure_data_for_node("broken")
    assert data is not None
    assert data.user_failure_data.description == "no rows"
    assert data.user_failure_data.metadata["rows"].value == 0
    assert result.retry_attempts_for_node("broken") == 0
    with pytest.raises(Failure, match="no rows"):
        breaking.execute_in_process()


def test_both_vocabularies_stand_in_one_program() -> None:
    @op
    def one() -> int:
        return 1

    @lambda_solid(input_defs=[InputDefinition("value")])
    def add_one(value):
        return value + 1

    @pipeline
    def mixed():
        add_one(one())

    @job
    def mixed_too():
        add_one(one())

    assert execute_pipeline(mixed).output_for_solid("add_one") == 2
    assert mixed_too.execute_in_process().output_for_node("add_one") == 2


# Config


def received(schema: AnyValue, value: AnyValue) -> AnyValue:
    """Return what an op with a schema gets for a config."""
    seen: list[AnyValue] = []

    @op(config_schema=schema)
    def configurable(context):
        seen.append(context.op_config)

    @job
    def configurable_job():
        configurable()

    configurable_job.execute_in_process({"ops": {"configurable": {"config": value}}})
    return seen[0]


@pytest.mark.parametrize(
    ("schema", "good", "expected", "bad"),
    [
        (Array(Int), [1, 2], [1, 2], ["a"]),
        (Noneable(Int), None, None, "a"),
        (Shape({"a": Int, "b": Field(Int, default_value=2)}), {"a": 1}, {"a": 1, "b": 2}, {"c": 1}),
        (Permissive({"a": Int}), {"a": 1, "z": 2}, {"a": 1, "z": 2}, {"z": 2}),
        (Selector({"a": Int, "b": Int}), {"b": 1}, {"b": 1}, {"a": 1, "b": 1}),
        (Map(str, Int, key_label_name="name"), {"x": 1}, {"x": 1}, {"x": "y"}),
        (ScalarUnion(Int, Shape({"a": Int})), 3, 3, "x"),
        (ScalarUnion(Int, Shape({"a": Int})), {"a": 1}, {"a": 1}, {"a": "x"}),
        (Enum("Size", [EnumValue("SMALL", python_value=1)]), "SMALL", 1, "BIG"),
        ({"a": str}, {"a": "x"}, {"a": "x"}, {"a": 1}),
        ([str], ["x"], ["x"], "x"),
        (Bool, True, True, "yes"),
        (Float, 1.5, 1.5, "x"),
    ],
)
def test_a_schema_takes_what_it_says_and_nothing_else(schema, good, expected, bad) -> None:
    assert received(schema, good) == expected
    with pytest.raises(DagsterInvalidConfigError):
        received(schema, bad)


def test_sources_read_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORD", "hello")
    monkeypatch.setenv("NUMBER", "7")
    monkeypatch.setenv("FLAG", "true")
    schema = {"word": StringSource, "number": IntSource, "flag": BoolSource}
    given = {"word": {"env": "WORD"}, "number": {"env": "NUMBER"}, "flag": {"env": "FLAG"}}
    assert received(schema, given) == {"word": "hello", "number": 7, "flag": True}


def test_every_problem_of_a_config_is_told_at_once() -> None:
    with pytest.raises(DagsterInvalidConfigError) as caught:
        received({"times": Int, "name": String}, {"times": "many", "nam": "x"})
    assert len(caught.value.errors) == 3  # the wrong type, the unknown field, the missing one
    assert "Error 3" in str(caught.value)


def test_a_bad_schema_is_refused_when_it_is_made() -> None:
    with pytest.raises(DagsterInvalidConfigDefinitionError):
        op(config_schema={"a": object()})(lambda _context: None)


def test_config_classes_read_config_by_annotation() -> None:
    class Greeting(Config):
        name: str
        times: int = 1

    class Open(PermissiveConfig):
        name: str

    @op
    def greet(config: Greeting) -> str:
        return config.name * config.times

    @op
    def whatever(config: Open) -> int:
        return config.more  # type: ignore[attr-defined] - that is what permissive means

    @job
    def greetings():
        greet()
        whatever()

    config = RunConfig(
        ops={"greet": Greeting(name="ab", times=2), "whatever": Open(name="x", more=3)}  # type: ignore
    )
    result = greetings.execute_in_process(run_config=config)
    assert result.output_for_node("greet") == "abab"
    assert result.output_for_node("whatever") == 3
    assert config.to_config_dict()["ops"]["greet"] == {"config": {"name": "ab", "times": 2}}


def test_a_parameter_named_config_without_a_class_is_warned_of() -> None:
    with pytest.warns(ConfigArgumentWarning):

        @op
        def odd(config):
            return config


def test_config_mapping_maps_the_outer_config_to_the_inner() -> None:
    @op(config_schema={"name": str})
    def greet(context):
        return context.op_config["name"]

    @config_mapping(config_schema={"who": str})
    def from_who(outer):
        return {"greet": {"config": {"name": outer["who"]}}}

    @graph(config=from_who)
    def greeting():
        return greet()

    @job(config=ConfigMapping(lambda who: {"ops": {"greeting": {"config": {"who": who}}}}, String))
    def greeting_job():
        greeting()

    assert isinstance(from_who, ConfigMapping)
    assert greeting_job.execute_in_process("Ada").output_for_node("greeting.greet") == "Ada"  # type: ignore

    @job(config=ConfigMapping(lambda _config: 1 / 0, {"who": str}))
    def broken_job():
        greet()

    with pytest.raises(DagsterConfigMappingFunctionError):
        broken_job.execute_in_process({"who": "x"})


@pytest.mark.parametrize("generation", ["newer", "older"])
def test_configured_presets_config(generation: str) -> None:
    def greet(context):
        return context.op_config["name"] * context.op_config["times"]

    make = op if generation == "newer" else solid
    greeting = make(config_schema={"name": str, "times": int})(greet)
    fixed = configured(greeting, name="fixed")({"name": "a", "times": 2})

    @configured(greeting, config_schema=int)
    def by_times(times):
        return {"name": "b", "times": times}

    if generation == "newer":

        @job
        def greetings():
            fixed()
            by_times()

        result = greetings.execute_in_process({"ops": {"by_times": {"config": 3}}})
        assert (result.output_for_node("fixed"), result.output_for_node("by_times")) == ("aa", "bbb")
    else:

        @pipeline
        def greetings_too():
            fixed()
            by_times()

        run = execute_pipeline(greetings_too, {"solids": {"by_times": {"config": 3}}})
        assert (run.output_for_solid("fixed"), run.output_for_solid("by_times")) == ("aa", "bbb")


def test_validate_run_config_resolves_or_refuses() -> None:
    @op(config_schema={"a": Field(int, default_value=3)})
    def one(_context):
        return 1

    @job
    def only():
        one()

    @pipeline
    def only_too():
        one()

    assert validate_run_config(only)["ops"]["one"]["config"] == {"a": 3}
    assert validate_run_config(only_too)["solids"]["one"]["config"] == {"a": 3}
    with pytest.raises(DagsterInvalidConfigError, match=r"ops|solids"):
        validate_run_config(only, {"ops": {"one": {"config": {"a": "x"}}}})


def test_yaml_documents_merge_into_one_config() -> None:
    merged = config_from_yaml_strings(["ops: {a: {config: 1}}", "ops: {b: {config: 2}}"])
    assert merged == {"ops": {"a": {"config": 1}, "b": {"config": 2}}}


# Resources — modes, presets


def test_resources_are_made_in_order_and_torn_down_in_reverse() -> None:
    order: list[str] = []

    @resource
    def base(_init) -> Iterator[str]:
        order.append("base up")
        yield "base"
        order.append("base down")

    @resource(required_resource_keys={"base"}, config_schema={"suffix": str})
    def top(init) -> Iterator[str]:
        order.append("top up")
        yield init.resources.base + init.resource_config["suffix"]
        order.append("top down")

    @op(required_resource_keys={"top"})
    def use(context):
        return context.resources.top

    @job(resource_defs={"base": base, "top": top.configured({"suffix": "!"})})
    def using():
        use()

    assert using.execute_in_process().output_for_node("use") == "base!"
    assert order == ["base up", "top up", "top down", "base down"]


def test_a_mode_names_resources_and_a_preset_a_run() -> None:
    @resource(config_schema=String)
    def word(init):
        return init.resource_config

    @solid(required_resource_keys={"word"})
    def say(context):
        return context.resources.word

    @pipeline(
        mode_defs=[
            ModeDefinition("quiet", resource_defs={"word": ResourceDefinition.hardcoded_resource("hush")}),
            ModeDefinition("loud", resource_defs={"word": word}),
        ],
        preset_defs=[
            PresetDefinition(
                "shout", mode="loud", run_config={"resources": {"word": {"config": "HEY"}}}, tags={"p": "1"}
            )
        ],
    )
    def saying():
        say()

    assert execute_pipeline(saying, mode="quiet").output_for_solid("say") == "hush"
    assert execute_pipeline(saying, preset="shout").output_for_solid("say") == "HEY"
    with pytest.raises(DagsterInvariantViolationError):
        execute_pipeline(saying)  # two modes: which?
    with pytest.raises(DagsterError):
        execute_pipeline(saying, mode="unknown")
    assert saying.get_preset("shout").with_additional_config({"loggers": {}}).mode == "loud"


def test_configurable_resources_nest_and_set_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOST", "example.org")
    events: list[str] = []

    class Connection(ConfigurableResource):
        host: str

        def setup_for_execution(self, context) -> None:
            events.append(f"open {self.host}")

        def teardown_after_execution(self, context) -> None:
            events.append("close")

    class Store(ConfigurableResource):
        connection: Connection
        table: str = "t"

        def name(self) -> str:
            return f"{self.connection.host}/{self.table}"

    @op
    def read(store: Store, plain: ResourceParam[str]) -> str:
        return store.name() + plain

    connection = Connection(host=EnvVar("HOST"))

    @job(resource_defs={"store": Store(connection=connection), "plain": "?", "connection": connection})
    def reading():
        read()

    assert reading.execute_in_process().output_for_node("read") == "example.org/t?"
    assert "open example.org" in events
    assert events[-1] == "close"


def test_resources_outside_a_run() -> None:
    values = make_values_resource(size=int)
    with build_resources({"values": values}, resource_config={"values": {"config": {"size": 3}}}) as given:
        assert given.values["size"] == 3
    context = build_init_resource_context(config={"a": 1}, resources={"other": 2})
    assert (context.resource_config, context.resources.other) == ({"a": 1}, 2)


def test_a_broken_resource_is_told_as_such() -> None:
    @resource
    def broken(_init):
        raise ValueError("no")

    @op(required_resource_keys={"broken"})
    def use(_context):
        pass

    @job(resource_defs={"broken": broken})
    def using():
        use()

    with pytest.raises(DagsterResourceFunctionError):
        using.execute_in_process()

    @job
    def lacking():
        use()

    with pytest.raises(DagsterInvalidDefinitionError, match="broken"):
        lacking.execute_in_process()


# I/O managers — intermediate storages


def test_io_managers_keep_the_values_between_steps(tmp_path: Path) -> None:
    class Shelf(IOManager):
        def __init__(self) -> None:
            self.values: dict[AnyValue, AnyValue] = {}

        def handle_output(self, context, obj):
            self.values[tuple(context.get_identifier())] = obj
            yield AssetMaterialization("shelf")
            context.add_output_metadata({"size": len(self.values)})

        def load_input(self, context):
            return self.values[tuple(context.upstream_output.get_identifier())]

    @io_manager(config_schema={"label": Field(str, default_value="x")})
    def shelf(_init):
        return Shelf()

    @op(out=Out(io_manager_key="shelf"))
    def one():
        return 1

    @op(out=Out(io_manager_key="files"))
    def two(one):
        return one + 1

    @job(resource_defs={"shelf": shelf, "files": FilesystemIOManager(base_dir=str(tmp_path))})
    def storing():
        two(one())

    result = storing.execute_in_process()
    assert result.output_for_node("two") == 2
    handled = [e for e in result.all_events if e.is_handled_output]
    assert handled[0].event_specific_data.metadata["size"].value == 1
    stored = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert pickle.loads(stored[0].read_bytes()) == 2


def test_an_input_manager_loads_what_no_step_gives() -> None:
    @input_manager(input_config_schema={"rows": int})
    def table(context):
        return [context.config["rows"]]

    @op(ins={"rows": In(input_manager_key="table")})
    def count(rows):
        return rows

    @job(resource_defs={"table": table})
    def counting():
        count()

    config = {"ops": {"count": {"inputs": {"rows": {"rows": 4}}}}}
    assert counting.execute_in_process(config).output_for_node("count") == [4]


def test_a_root_input_manager_does_the_same() -> None:
    @root_input_manager
    def table(_context):
        return [1, 2]

    @solid(input_defs=[InputDefinition("rows", root_manager_key="table")])
    def count(_context, rows):
        return len(rows)

    @pipeline(mode_defs=[ModeDefinition(resource_defs={"table": table})])
    def counting():
        count()

    assert execute_pipeline(counting).output_for_solid("count") == 2


def test_the_older_storages_are_named_and_chosen_by_run_config() -> None:
    assert [d.name for d in default_intermediate_storage_defs] == ["in_memory", "filesystem"]
    assert [(d.name, d.is_persistent) for d in default_system_storage_defs] == [
        ("in_memory", False),
        ("filesystem", True),
    ]

    @lambda_solid
    def one():
        return 1

    @lambda_solid(input_defs=[InputDefinition("value")])
    def two(value):
        return value + 1

    @pipeline(mode_defs=[ModeDefinition(intermediate_storage_defs=[fs_intermediate_storage])])
    def storing():
        two(one())

    @pipeline
    def storing_too():
        two(one())

    for made, key in ((storing, "intermediate_storage"), (storing_too, "storage")):
        with DagsterInstance.ephemeral() as instance:
            result = execute_pipeline(made, {key: {"filesystem": {}}}, instance=instance)
            assert result.output_for_solid("two") == 2
            directory = Path(instance.intermediates_directory(result.run_id))
            assert [path for path in directory.rglob("*") if path.is_file()]


def test_fs_and_custom_path_io_managers_write_where_they_are_told(tmp_path: Path) -> None:
    @solid(output_defs=[OutputDefinition(io_manager_key="custom", metadata={"path": "a/one"})])
    def one(_context):
        return 1

    @solid(output_defs=[OutputDefinition(io_manager_key="files")])
    def two(_context, value):
        return value + 1

    base = {"base_dir": str(tmp_path)}
    resources = {
        "custom": custom_path_fs_io_manager.configured(base),
        "files": fs_io_manager.configured(base),
        "io_manager": mem_io_manager,
    }

    @pipeline(mode_defs=[ModeDefinition(resource_defs=resources)])
    def storing():
        two(one())

    result = execute_pipeline(storing)
    assert result.success
    assert pickle.loads((tmp_path / "a" / "one").read_bytes()) == 1
    assert (tmp_path / result.run_id / "two" / "result").exists()


def test_an_asset_store_keeps_values_with_its_own_words() -> None:
    class Store(AssetStore):
        def __init__(self) -> None:
            self.values: dict[AnyValue, AnyValue] = {}

        def set_asset(self, context, obj):
            self.values[context.step_key, context.output_name] = obj

        def get_asset(self, context):
            return self.values[context.step_key, context.output_name]

    seen: list[AnyValue] = []

    @lambda_solid
    def one():
        return 1

    @solid(input_defs=[InputDefinition("value")])
    def two(context, value):
        system = context.get_system_context()
        seen.append(type(system.get_asset_store("io_manager")))
        return value + 1

    store = ResourceDefinition.hardcoded_resource(Store())

    @pipeline(mode_defs=[ModeDefinition(resource_defs={"io_manager": store})])
    def storing():
        two(one())

    assert execute_pipeline(storing).output_for_solid("two") == 2
    assert seen == [Store]


def test_a_configurable_io_manager_is_a_resource_with_config() -> None:
    kept: dict[str, AnyValue] = {}

    class Keeper(ConfigurableIOManager):
        prefix: str

        def handle_output(self, context, obj) -> None:
            kept[f"{self.prefix}{context.step_key}"] = obj

        def load_input(self, context):
            return kept[f"{self.prefix}{context.upstream_output.step_key}"]

    @op
    def one() -> int:
        return 1

    @job(resource_defs={"io_manager": Keeper(prefix="p-")})
    def keeping():
        one()

    assert keeping.execute_in_process().success
    assert kept == {"p-one": 1}


def test_io_contexts_for_tests() -> None:
    output = build_output_context(step_key="s", name="n", run_id="r", definition_metadata={"a": 1})
    loaded = build_input_context(upstream_output=output, resource_config={"c": 1}, resources={"k": 2})
    assert output.get_identifier() == ["r", "s", "n"]
    assert loaded.upstream_output is output
    assert (loaded.resource_config, loaded.resources.k) == ({"c": 1}, 2)


# Execution


@pytest.fixture
def chain() -> PipelineDefinition:
    @solid
    def one(_context):
        return 1

    @solid(input_defs=[InputDefinition("value", Int)])
    def two(_context, value):
        return value + 1

    @solid(input_defs=[InputDefinition("value", Int)])
    def three(_context, value):
        return value + 1

    @pipeline(tags={"who": "pipeline", "kept": "yes"})
    def counting():
        three(two(one()))

    return counting


def test_execute_pipeline_returns_the_result(chain: PipelineDefinition) -> None:
    with DagsterInstance.ephemeral() as instance:
        result = execute_pipeline(chain, tags={"who": "call"}, instance=instance)
        run = instance.get_run_by_id(result.run_id)
        assert result.success
        assert [r.solid.name for r in result.solid_result_list] == ["one", "two", "three"]
        assert run is not None
        assert (run.pipeline_name, run.tags["who"], run.tags["kept"]) == ("counting", "call", "yes")
        assert run.status is PipelineRunStatus.SUCCESS
        assert isinstance(run, PipelineRun)


def test_execute_pipeline_iterator_yields_events_as_they_happen(chain: PipelineDefinition) -> None:
    events = execute_pipeline_iterator(chain)
    assert next(events).event_type in (
        DagsterEventType.PIPELINE_STARTING,
        DagsterEventType.PIPELINE_START,
        DagsterEventType.RESOURCE_INIT_STARTED,
    )
    assert [e.solid_name for e in events if e.is_step_success] == ["one", "two", "three"]


@pytest.mark.parametrize(
    ("clauses", "steps"),
    [
        (["one"], {"one"}),
        (["one+"], {"one", "two"}),
        (["one++"], {"one", "two", "three"}),
        (["one*"], {"one", "two", "three"}),
        (["one", "two"], {"one", "two"}),
    ],
)
def test_solid_selection_runs_a_part(chain: PipelineDefinition, clauses, steps) -> None:
    result = execute_pipeline(chain, solid_selection=clauses)
    assert {event.step_key for event in result.step_event_list if event.is_step_success} == steps


def test_a_selection_that_matches_nothing_is_refused(chain: PipelineDefinition) -> None:
    with pytest.raises(DagsterInvalidSubsetError, match="nowhere"):
        execute_pipeline(chain, solid_selection=["nowhere"])


def test_op_selection_has_the_same_grammar() -> None:
    @op
    def one() -> int:
        return 1

    @op
    def two(value: int) -> int:
        return value + 1

    @job
    def counting():
        two(one())

    result = counting.execute_in_process(op_selection=["*two"])
    assert {e.step_key for e in result.get_step_success_events()} == {"one", "two"}
    assert counting.get_subset(op_selection=["one"]).is_subset
    with pytest.raises(DagsterInvalidSubsetError):
        counting.execute_in_process(op_selection=["onee"])


def test_solids_run_alone_and_within_a_pipeline(chain: PipelineDefinition) -> None:
    @solid(input_defs=[InputDefinition("value", Int)], config_schema=Int)
    def scaled(context, value):
        return value * context.solid_config

    alone = execute_solid(
        scaled, input_values={"value": 4}, run_config={"solids": {"scaled": {"config": 5}}}
    )
    assert alone.output_value() == 20
    within = execute_solid_within_pipeline(chain, "two", inputs={"value": 10})
    assert within.output_value() == 11
    several = execute_solids_within_pipeline(
        chain, {"two", "three"}, inputs={"two": {"value": 1}, "three": {"value": 2}}
    )
    assert {name: r.output_value() for name, r in several.items()} == {"two": 2, "three": 3}


@pytest.mark.parametrize("generation", ["newer", "older"])
def test_errors_of_user_code_are_raised_or_told(generation: str) -> None:
    class Mine(Exception):
        pass

    def broken(_context):
        raise Mine("mine")

    if generation == "newer":
        breaking = graph(lambda: op(name="broken")(broken)(), name="breaking")  # type: ignore
        run = breaking.execute_in_process
        result = run(raise_on_error=False)
        failure = result.get_step_failure_events()[0]
    else:
        made = PipelineDefinition([solid(name="broken")(broken)], name="breaking")

        def run(**kwargs: AnyValue) -> AnyValue:
            return execute_pipeline(made, **kwargs)

        result = run(raise_on_error=False)
        failure = result.result_for_solid("broken").compute_step_failure_event
    assert not result.success
    error = failure.event_specific_data.error
    assert error.cls_name in ("Mine", "DagsterExecutionStepExecutionError")
    with pytest.raises((Mine, DagsterExecutionStepExecutionError)):
        run()


def test_results_tell_of_each_node() -> None:
    @op
    def one():
        yield AssetMaterialization("table", metadata={"rows": 1})
        yield AssetObservation("table")
        yield ExpectationResult(success=True, label="fine")
        yield Output(1)

    @op
    def never(one):
        raise ValueError("no")

    @op
    def after(never):
        pass

    @job
    def telling():
        after(never(one()))

    result = telling.execute_in_process(raise_on_error=False)
    assert isinstance(result.job_def, JobDefinition)
    assert (result.is_node_success("one"), result.is_node_failed("never")) == (True, True)
    assert result.get_failed_step_keys() == {"never"}
    assert result.asset_materializations_for_node("one")[0].asset_key == AssetKey("table")
    assert len(result.asset_observations_for_node("one")) == 1
    assert [e.label for e in result.expectation_results_for_node("one")] == ["fine"]
    assert result.get_run_failure_event().is_run_failure
    assert result.dagster_run.status is DagsterRunStatus.FAILURE
    assert {e.step_key for e in result.events_for_node("one")} == {"one"}
    assert result.filter_events(lambda event: event.is_failure)


def test_executors_are_listed_and_configured() -> None:
    assert in_process_executor in default_executors

    @op
    def one() -> int:
        return 1

    @job(executor_def=in_process_executor.configured({"retries": {"disabled": {}}}, name="strict"))
    def only():
        one()

    assert only.executor_def.name == "strict"
    assert only.has_specified_executor
    assert only.execute_in_process().success


def test_a_reconstructable_job_is_found_again_by_its_name() -> None:
    with pytest.raises(DagsterInvariantViolationError):
        dagster.reconstructable(lambda: None)  # type: ignore[arg-type]
    found = build_reconstructable_job(__name__, "_reconstructed", (3,))
    assert found.get_definition().name == "made_3"


def _reconstructed(number: int) -> JobDefinition:
    @op
    def one():
        return number

    return GraphDefinition(f"made_{number}", node_defs=[one]).to_job()


# Contexts and direct calls


def test_ops_and_solids_are_called_directly() -> None:
    @op(config_schema={"a": int}, required_resource_keys={"r"})
    def newer(context, value):
        return context.op_config["a"] + context.resources.r + value

    @solid(config_schema={"a": int}, required_resource_keys={"r"})
    def older(context, value):
        return context.solid_config["a"] + context.resources.r + value

    assert newer(build_op_context(resources={"r": 10}, op_config={"a": 1}), 100) == 111
    assert older(build_solid_context(resources={"r": 10}, config={"a": 1}), 100) == 111
    with pytest.raises(DagsterInvalidInvocationError):
        newer(100)


def test_the_op_context_knows_its_run() -> None:
    seen: dict[str, AnyValue] = {}

    @op
    def look(context: OpExecutionContext):
        seen.update(
            run=context.run.run_id == context.run_id,
            job=context.job_name,
            op=context.op_def.name,
            tag=context.get_tag("t"),
            has=context.has_tag("t"),
            here=OpExecutionContext.get() is context,
            handle=str(context.node_handle),
        )

    @job(tags={"t": "v"})
    def looking():
        look()

    looking.execute_in_process()
    assert seen == {
        "run": True,
        "job": "looking",
        "op": "look",
        "tag": "v",
        "has": True,
        "here": True,
        "handle": "look",
    }


def test_the_solid_context_knows_its_pipeline() -> None:
    seen: dict[str, AnyValue] = {}

    @solid
    def look(context):
        system = context.get_system_context()
        seen.update(
            pipeline=(context.pipeline_name, context.pipeline_def.name),
            mode=context.mode_def.name,
            solid=(context.solid.name, context.solid_def.name, str(context.solid_handle)),
            run=context.pipeline_run.run_id == context.run_id,
            system=(system.step.key, system.mode_def.name, system.pipeline_name),
        )

    @pipeline(mode_defs=[ModeDefinition("special")])
    def looking():
        look()

    execute_pipeline(looking)
    assert seen == {
        "pipeline": ("looking", "looking"),
        "mode": "special",
        "solid": ("look", "look", "look"),
        "run": True,
        "system": ("look", "special", "looking"),
    }


# Hooks


def test_hooks_run_after_their_step() -> None:
    told: list[AnyValue] = []

    @success_hook(required_resource_keys={"to"})
    def well(context):
        told.append(("well", context.op.name, context.op_output_values, context.resources.to))

    @failure_hook
    def badly(context):
        told.append(("badly", context.op.name, str(context.op_exception)))

    @event_list_hook(required_resource_keys=set())
    def counted(context, events):
        told.append(("counted", context.step_key, bool(events)))
        return HookExecutionResult("counted", is_skipped=False)

    @op
    def one() -> int:
        return 1

    @op
    def broken(one: int):
        raise ValueError("no")

    @job(hooks={well, badly}, resource_defs={"to": "me"})
    def hooked():
        broken(one.with_hooks({counted})())

    assert not hooked.execute_in_process(raise_on_error=False).success
    assert ("well", "one", {"result": 1}, "me") in told
    assert ("badly", "broken", "no") in told
    assert ("counted", "one", True) in told


def test_hooks_know_the_older_words() -> None:
    told: list[AnyValue] = []

    @success_hook
    def well(context):
        told.append((context.solid.name, context.pipeline_name, context.mode_def.name))
        told.append((context.solid_config, context.solid_output_values, context.step.key))
        told.append((context.pipeline_run.run_id == context.run_id, context.get_tag("t")))
        told.append((context.run_config, context.pipeline_def.name))

    @solid(config_schema=Int)
    def one(_context):
        return 1

    @well
    @pipeline(tags={"t": "v"})
    def hooked():
        one()

    config = {"solids": {"one": {"config": 5}}}
    execute_pipeline(hooked, config)
    assert told == [
        ("one", "hooked", "default"),
        (5, {"result": 1}, "one"),
        (True, "v"),
        (config, "hooked"),
    ]


def test_a_hook_is_called_directly_and_its_errors_do_not_fail_a_run() -> None:
    @success_hook(required_resource_keys={"to"})
    def well(context):
        context.resources.to.append(1)

    to: list[int] = []
    well(build_hook_context(resources={"to": to}))
    assert to == [1]
    with pytest.raises(DagsterError, match="no step"):
        build_hook_context().pipeline_run  # type: ignore[attr-defined]

    @success_hook
    def raising(_context):
        raise ValueError("no")

    @op
    def one() -> int:
        return 1

    @job(hooks={raising})
    def hooked():
        one()

    result = hooked.execute_in_process()
    assert result.success
    assert any(e.event_type is DagsterEventType.HOOK_ERRORED for e in result.all_events)


# Types


@pytest.mark.parametrize(
    ("dagster_type", "good", "bad"),
    [
        (Int, 1, "a"),
        (Float, 1.5, "a"),
        (String, "a", 1),
        (Bool, True, 1),
        (List[Int], [1], ["a"]),
        (Dict[String, Int], {"a": 1}, {"a": "b"}),
        (Set[Int], {1}, {"a"}),
        (Tuple[Int, String], (1, "a"), ("a", 1)),
        (Optional[Int], None, "a"),
        (int | None, None, "a"),
        (list[int], [1], ["a"]),
        (PythonObjectDagsterType(complex), 1j, 1),
    ],
)
def test_a_type_takes_what_it_says(dagster_type, good, bad) -> None:
    assert check_dagster_type(dagster_type, good).success
    assert not check_dagster_type(dagster_type, bad).success
    assert check_dagster_type(Any, bad).success


def test_types_are_checked_at_both_ends_of_an_edge() -> None:
    seen: list[AnyValue] = []

    def positive(context, value):
        seen.append((context.run_id == context.pipeline_run.run_id, context.get_tag("t")))
        return TypeCheck(value > 0, description="must be positive", metadata={"value": value})

    Positive = DagsterType(positive, name="Positive")

    @op(out=Out(Positive))
    def number(context):
        return context.op_config

    @op(ins={"value": In(Positive)})
    def take(value):
        return value

    @job(tags={"t": "v"})
    def taking():
        take(number())

    assert taking.execute_in_process({"ops": {"number": {"config": 1}}}).success
    assert seen == [(True, "v"), (True, "v")]
    with pytest.raises(DagsterTypeCheckDidNotPass, match="must be positive") as caught:
        taking.execute_in_process({"ops": {"number": {"config": -1}}})
    assert caught.value.metadata["value"].value == -1


def test_a_type_check_that_raises_is_told_as_such() -> None:
    def raising(_context, _value):
        raise ValueError("no")

    @op(out=Out(DagsterType(raising, name="Raising")))
    def one():
        return 1

    @job
    def only():
        one()

    with pytest.raises(DagsterTypeCheckError):
        only.execute_in_process()


def test_loaders_read_and_materializers_write_run_config(tmp_path: Path) -> None:
    @dagster_type_loader({"first": Int})
    def load(_context, config):
        return Pair(config["first"])

    @dagster_type_materializer({"path": String})
    def store(_context, config, value):
        Path(config["path"]).write_text(str(value.first))
        return AssetMaterialization("stored")

    @usable_as_dagster_type(loader=load, materializer=store)
    class Pair:
        def __init__(self, first):
            self.first = first

    @solid(
        input_defs=[InputDefinition("pair", Pair)],
        output_defs=[OutputDefinition(Pair)],
    )
    def same(_context, pair):
        return pair

    @pipeline
    def keeping():
        same()

    path = str(tmp_path / "out")
    entry = {"inputs": {"pair": {"first": 4}}, "outputs": [{"result": {"path": path}}]}
    result = execute_pipeline(keeping, {"solids": {"same": entry}})
    assert result.output_for_solid("same").first == 4
    assert Path(path).read_text() == "4"
    assert len(result.result_for_solid("same").materializations_during_compute) == 1


def test_a_python_type_may_stand_for_a_dagster_type() -> None:
    class Word:
        pass

    Worded = PythonObjectDagsterType(Word, name="Worded")
    make_python_type_usable_as_dagster_type(Word, Worded)

    @op(out=Out(Word))
    def say():
        return Word()

    assert say.output_defs[0].dagster_type is Worded


# Events and metadata, code references, files


def test_metadata_values_by_name_and_by_python_type() -> None:
    schema = TableSchema([TableColumn("a", "int")])
    table = MetadataValue.table([TableRecord({"a": 1})], schema)
    event = AssetMaterialization(
        ["a", "b"],
        metadata={
            "text": "x",
            "int": 1,
            "float": 1.5,
            "json": {"k": [1]},
            "url": MetadataValue.url("https://example.org"),
            "path": MetadataValue.path("/x"),
            "md": MetadataValue.md("*x*"),
            "table": table,
            "none": None,
            "flag": True,
        },
        tags={"t": "v"},
    )
    assert event.asset_key == AssetKey(["a", "b"])
    assert {k: v.value for k, v in event.metadata.items() if k != "table"} == {
        "text": "x",
        "int": 1,
        "float": 1.5,
        "json": {"k": [1]},
        "url": "https://example.org",
        "path": "/x",
        "md": "*x*",
        "none": None,
        "flag": True,
    }
    assert table.schema is schema


def test_metadata_entries_of_the_older_generation() -> None:
    entries = [
        EventMetadataEntry.text("some text", "text"),
        EventMetadataEntry.int(3, "rows"),
        EventMetadataEntry.json({"a": 1}, "data", description="what"),
    ]
    event = AssetMaterialization("table", metadata_entries=entries)
    assert [entry.label for entry in event.metadata_entries] == ["text", "rows", "data"]
    assert event.metadata_entries[1].entry_data.value == 3
    by_name = AssetMaterialization("table", metadata={"rows": EventMetadata.int(3)})
    assert by_name.metadata["rows"].value == 3
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert Materialization("label").label == "label"


def test_events_of_a_run_have_both_spellings() -> None:
    @op
    def one() -> int:
        return 1

    @job
    def only():
        one()

    events = only.execute_in_process().all_events
    assert DagsterEventType.RUN_START is DagsterEventType.PIPELINE_START
    assert DagsterEventType.RUN_SUCCESS.value == "PIPELINE_SUCCESS"
    last = events[-1]
    assert (last.is_job_success, last.is_pipeline_success) == (True, True)
    assert (last.job_name, last.pipeline_name) == ("only", "only")
    output = next(e for e in events if e.is_successful_output)
    assert (output.node_name, output.solid_name) == ("one", "one")
    assert output.step_output_data.output_name == "result"
    with pytest.raises(DagsterError):
        output.step_failure_data  # another event's


def test_files_are_written_and_read_through_handles(tmp_path: Path) -> None:
    @op(required_resource_keys={"file_manager"})
    def write(context):
        return context.resources.file_manager.write_data(b"abc", ext="txt")

    @op(required_resource_keys={"file_manager"})
    def read(context, handle):
        return context.resources.file_manager.read_data(handle)

    @job(resource_defs={"file_manager": local_file_manager.configured({"base_dir": str(tmp_path)})})
    def copying():
        read(write())

    result = copying.execute_in_process()
    assert result.output_for_node("read") == b"abc"
    handle = result.output_for_node("write")
    assert isinstance(handle, LocalFileHandle)
    assert handle.path_desc == handle.path
    assert file_relative_path(__file__, "x.txt") == os.path.join(os.path.dirname(__file__), "x.txt")


def test_solids_have_a_file_manager_without_asking() -> None:
    @solid
    def write(context):
        handle = context.file_manager.write_data(b"abc")
        return context.file_manager.read_data(handle)

    with DagsterInstance.ephemeral() as instance:

        @pipeline
        def writing():
            write()

        assert execute_pipeline(writing, instance=instance).output_for_solid("write") == b"abc"


# Definitions and repositories


def test_definitions_bind_resources_to_jobs() -> None:
    @op(required_resource_keys={"word"})
    def say(context):
        return context.resources.word

    @job
    def saying():
        say()

    defs = Definitions(jobs=[saying], resources={"word": "hello"})
    assert defs.get_job_def("saying").execute_in_process().output_for_node("say") == "hello"
    merged = Definitions.merge(defs, Definitions(metadata={"a": 1}))
    assert [made.name for made in merged.resolve_all_job_defs()] == ["saying"]
    Definitions.validate_loadable(defs)
    assert isinstance(defs.get_repository_def(), RepositoryDefinition)


def test_a_repository_holds_jobs_and_pipelines_by_name(chain: PipelineDefinition) -> None:
    @op
    def one() -> int:
        return 1

    @job
    def only():
        one()

    @repository
    def everything():
        """All there is."""
        return [only, chain]

    assert everything.name == "everything"
    assert everything.has_job("only")
    assert set(everything.job_names) >= {"only"}
    assert everything.get_job("only").execute_in_process().success


def test_with_resources_gives_resources_to_several() -> None:
    @op(required_resource_keys={"word"})
    def say(context):
        return context.resources.word

    @job
    def saying():
        say()

    (bound,) = with_resources([saying], {"word": ResourceDefinition.hardcoded_resource("hi")})
    assert bound.execute_in_process().output_for_node("say") == "hi"


# Runs, instance, logging, serialization


def test_an_ephemeral_instance_keeps_runs_and_logs() -> None:
    @op
    def one(context) -> int:
        context.log.info("hello")
        return 1

    @job(tags={"t": "v"})
    def only():
        one()

    with DagsterInstance.ephemeral() as instance:
        result = only.execute_in_process(instance=instance)
        assert instance.is_ephemeral
        assert instance.has_run(result.run_id)
        found = instance.get_runs(RunsFilter(job_name="only", tags={"t": "v"}))
        assert [run.run_id for run in found] == [result.run_id]
        assert instance.get_runs_count(RunsFilter(statuses=[DagsterRunStatus.FAILURE])) == 0
        logs = instance.all_logs(result.run_id)
        assert "hello" in [entry.user_message for entry in logs]
        event = next(entry for entry in logs if entry.is_dagster_event)
        assert type(event).from_json(event.to_json()) == event
        instance.delete_run(result.run_id)
        assert not instance.has_run(result.run_id)


def test_runs_are_created_without_being_executed(chain: PipelineDefinition) -> None:
    @op
    def one() -> int:
        return 1

    @job(tags={"own": "1"})
    def only():
        one()

    with DagsterInstance.ephemeral() as instance:
        newer = instance.create_run_for_job(only, tags={"more": "2"}, parent_run_id="p", root_run_id="r")
        older = instance.create_run_for_pipeline(chain, mode="default", solid_selection=["one"])
        named = instance.create_run(job_name="named", status=DagsterRunStatus.QUEUED, op_selection=["x"])
        assert {k: newer.tags[k] for k in ("own", "more")} == {"own": "1", "more": "2"}
        assert (newer.get_parent_run_id(), newer.get_root_run_id()) == ("p", "r")
        assert newer.status is DagsterRunStatus.NOT_STARTED
        assert (older.pipeline_name, older.mode, older.solid_selection) == ("counting", "default", ["one"])
        assert (named.status, named.op_selection) == (DagsterRunStatus.QUEUED, ["x"])
        assert instance.get_runs_count() == 3


def test_loggers_take_what_contexts_and_captured_loggers_say() -> None:
    lines: list[str] = []

    class Keeper(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(record.getMessage())

    @logger(config_schema={"level": str})
    def keeping(init):
        made = logging.Logger("keeping", init.logger_config["level"])
        made.addHandler(Keeper())
        return made

    @op
    def say(context):
        context.log.debug("low")
        context.log.warning("high")
        get_dagster_logger().warning("captured")

    @job(logger_defs={"keeping": keeping})
    def saying():
        say()

    saying.execute_in_process({"loggers": {"keeping": {"config": {"level": "WARNING"}}}})
    text = "\n".join(lines)
    assert "high" in text
    assert "captured" in text
    assert "low" not in text
    assert keeping(build_init_logger_context(logger_config={"level": "INFO"})).level == logging.INFO


def test_records_survive_their_json() -> None:
    key = AssetKey(["a", "b"])
    assert deserialize_value(serialize_value(key), AssetKey) == key
    run = PipelineRun("named", tags={"a": "b"})
    assert deserialize_value(serialize_value(run)) == run


def test_errors_of_user_code_have_one_base() -> None:
    assert issubclass(DagsterUserCodeExecutionError, DagsterError)
    assert issubclass(DagsterExecutionStepExecutionError, DagsterUserCodeExecutionError)
    assert not issubclass(dagster.DagsterExecutionInterruptedError, Exception)
