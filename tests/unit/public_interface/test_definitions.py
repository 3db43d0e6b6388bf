"""What the tables of the interface say that names mean: ops, graphs, jobs, resources, I/O managers, repositories.

Short programs in both spellings, written with ``from dagster import …`` alone, as users would.
"""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any as AnyValue

import pytest

from dagster import (
    AssetMaterialization,
    AssetStore,
    Backoff,
    ConfigurableIOManager,
    ConfigurableResource,
    DagsterError,
    DagsterInstance,
    DagsterInvalidDefinitionError,
    DagsterInvariantViolationError,
    DagsterResourceFunctionError,
    Definitions,
    DependencyDefinition,
    DynamicOut,
    DynamicOutput,
    DynamicOutputDefinition,
    EnvVar,
    Failure,
    Field,
    FilesystemIOManager,
    GraphDefinition,
    GraphIn,
    GraphOut,
    In,
    InputDefinition,
    InputMapping,
    Int,
    IOManager,
    Jitter,
    List,
    ModeDefinition,
    MultiDependencyDefinition,
    NodeInvocation,
    Nothing,
    OpDefinition,
    Out,
    Output,
    OutputDefinition,
    OutputMapping,
    PipelineDefinition,
    PresetDefinition,
    RepositoryDefinition,
    ResourceDefinition,
    ResourceParam,
    RetryPolicy,
    RetryRequested,
    SolidDefinition,
    SolidInvocation,
    String,
    build_init_resource_context,
    build_input_context,
    build_output_context,
    build_resources,
    composite_solid,
    custom_path_fs_io_manager,
    default_intermediate_storage_defs,
    default_system_storage_defs,
    execute_pipeline,
    execute_solid,
    fs_intermediate_storage,
    fs_io_manager,
    graph,
    input_manager,
    io_manager,
    job,
    lambda_solid,
    make_values_resource,
    mem_io_manager,
    op,
    pipeline,
    repository,
    resource,
    root_input_manager,
    solid,
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
                "one": {},
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
                "one": {},
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

        @op(retry_policy=RetryPolicy(2, delay=0.001, backoff=Backoff.LINEAR, jitter=Jitter.FULL))
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
            ModeDefinition(
                "quiet", resource_defs={"word": ResourceDefinition.hardcoded_resource("hush")}
            ),
            ModeDefinition("loud", resource_defs={"word": word}),
        ],
        preset_defs=[
            PresetDefinition(
                "shout",
                mode="loud",
                run_config={"resources": {"word": {"config": "HEY"}}},
                tags={"p": "1"},
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


EVENTS: list[str] = []


class Connection(ConfigurableResource):
    host: str

    def setup_for_execution(self, context) -> None:
        EVENTS.append(f"open {self.host}")

    def teardown_after_execution(self, context) -> None:
        EVENTS.append("close")


class Store(ConfigurableResource):
    connection: Connection
    table: str = "t"

    def name(self) -> str:
        return f"{self.connection.host}/{self.table}"


def test_configurable_resources_nest_and_set_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOST", "example.org")
    EVENTS.clear()

    @op
    def read(store: Store, plain: ResourceParam[str]) -> str:
        return store.name() + plain

    connection = Connection(host=EnvVar("HOST"))

    @job(resource_defs={"store": Store(connection=connection), "plain": "?", "connection": connection})
    def reading():
        read()

    assert reading.execute_in_process().output_for_node("read") == "example.org/t?"
    assert "open example.org" in EVENTS
    assert EVENTS[-1] == "close"


def test_resources_outside_a_run() -> None:
    values = make_values_resource(size=int)
    with build_resources(
        {"values": values}, resource_config={"values": {"config": {"size": 3}}}
    ) as given:
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
