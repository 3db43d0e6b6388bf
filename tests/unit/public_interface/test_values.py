"""What the tables of the interface say that names mean: config, types, events, metadata, files.

Short programs in both spellings, written with ``from dagster import …`` alone, as users would.
"""

from __future__ import annotations

import os
import warnings
from pathlib import Path
from typing import Any as AnyValue

import pytest

from dagster import (
    Any,
    Array,
    AssetKey,
    AssetMaterialization,
    Bool,
    BoolSource,
    Config,
    ConfigArgumentWarning,
    ConfigMapping,
    DagsterConfigMappingFunctionError,
    DagsterEventType,
    DagsterInstance,
    DagsterInvalidConfigDefinitionError,
    DagsterInvalidConfigError,
    DagsterType,
    DagsterTypeCheckDidNotPass,
    DagsterTypeCheckError,
    Dict,
    Enum,
    EnumValue,
    EventMetadata,
    EventMetadataEntry,
    Field,
    Float,
    In,
    InputDefinition,
    Int,
    IntSource,
    List,
    LocalFileHandle,
    Map,
    Materialization,
    MetadataValue,
    Noneable,
    Optional,
    Out,
    OutputDefinition,
    Permissive,
    PermissiveConfig,
    PythonObjectDagsterType,
    RunConfig,
    ScalarUnion,
    Selector,
    Set,
    Shape,
    String,
    StringSource,
    TableColumn,
    TableRecord,
    TableSchema,
    Tuple,
    TypeCheck,
    check_dagster_type,
    config_from_yaml_strings,
    config_mapping,
    configured,
    dagster_type_loader,
    dagster_type_materializer,
    execute_pipeline,
    file_relative_path,
    graph,
    job,
    local_file_manager,
    make_python_type_usable_as_dagster_type,
    op,
    pipeline,
    solid,
    usable_as_dagster_type,
    validate_run_config,
)

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

        @op(config_schema={"a": object()})
        def never(_context):
            pass


class Greeting(Config):
    name: str
    times: int = 1


class Open(PermissiveConfig):
    name: str


def test_config_classes_read_config_by_annotation() -> None:
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

    config = RunConfig(ops={"greet": Greeting(name="ab", times=2), "whatever": Open(name="x", more=3)})
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

    @job(config=ConfigMapping(lambda who: {"ops": {"greeting": {"config": who}}}, {"who": str}))
    def greeting_job():
        greeting()

    assert isinstance(from_who, ConfigMapping)
    assert greeting_job.execute_in_process({"who": "Ada"}).output_for_node("greeting.greet") == "Ada"

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

    with pytest.raises(ValueError, match="no"):
        only.execute_in_process()
    (failure,) = only.execute_in_process(raise_on_error=False).get_step_failure_events()
    assert failure.step_failure_data.error.cls_name == DagsterTypeCheckError.__name__


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
    with pytest.raises(Exception, match="of type STEP_FAILURE, got: STEP_OUTPUT"):
        output.step_failure_data


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
