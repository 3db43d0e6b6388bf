from __future__ import annotations

import pickle
import typing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagster._check import CheckError, ParameterCheckError
from dagster._core.errors import DagsterInvalidDefinitionError
from dagster._core.records.asset_key import AssetKey
from dagster._core.records.metadata import NO_METADATA, MetadataEntry, MetadataValue
from dagster._core.records.user_events import (
    AssetMaterialization,
    AssetObservation,
    DataVersion,
    DynamicOutput,
    ExpectationResult,
    Failure,
    HookExecutionResult,
    Materialization,
    Output,
    RetryRequested,
    TypeCheck,
)
from dagster._wire.codec import deserialize_value, serialize_value

ONE = {"a": MetadataValue.int(1)}
ENTRY = MetadataEntry("a", value=1)
DESCRIBED = MetadataEntry("a", "d", 1)


# Every event takes metadata in the newer and the older form

MAKERS = [
    lambda *args, **kwargs: Output(1, "x", *args, **kwargs),
    lambda *args, **kwargs: DynamicOutput(1, "k", "x", *args, **kwargs),
    lambda *args, **kwargs: AssetMaterialization("k", None, *args, **kwargs),
    lambda *args, **kwargs: AssetObservation("k", None, *args, **kwargs),
    lambda *args, **kwargs: ExpectationResult(True, None, None, *args, **kwargs),
    lambda *args, **kwargs: TypeCheck(True, None, *args, **kwargs),
    lambda *args, **kwargs: Failure("x", *args, **kwargs),
]


@pytest.mark.parametrize("make", MAKERS)
def test_metadata_in_every_form(make) -> None:
    assert make().metadata is NO_METADATA
    assert make().metadata_entries == []
    for event in (
        make({"a": 1}),
        make(metadata={"a": 1}),
        make([ENTRY]),
        make(metadata_entries=[ENTRY]),
    ):
        assert event.metadata == ONE
        assert event.metadata_entries == [ENTRY]
    assert make([DESCRIBED]).metadata_entries == [DESCRIBED]
    with pytest.raises(ParameterCheckError, match="expected metadata or metadata_entries, got: both"):
        make({"a": 1}, metadata_entries=[ENTRY])
    with pytest.raises(DagsterInvalidDefinitionError, match='metadata value for "a" to a known type'):
        make({"a": object()})


# Outputs


def test_output() -> None:
    output = Output(1)
    assert (output.value, output.output_name, output.metadata) == (1, "result", {})
    assert output.data_version is None
    assert output.tags is None
    assert Output(1, "x", None, DataVersion("3"), tags={"a": "b"}).tags == {"a": "b"}
    assert Output(1, data_version=DataVersion("3")).data_version == DataVersion("3")
    assert Output(1, None).output_name == "result"
    assert Output(1, metadata={"a": 1}) == Output(1, metadata=[ENTRY]) != Output(1)
    assert Output(1) != 1
    assert Output(1, "x").with_metadata({"a": 1}) == Output(1, "x", {"a": 1})
    assert repr(Output(1)) == "Output(value=1, output_name='result', metadata={})"


def test_outputs_are_types_in_annotations() -> None:
    assert typing.get_origin(Output[int]) is Output
    assert typing.get_args(DynamicOutput[int]) == (int,)
    assert Output[int](1) == Output(1)


def test_dynamic_output() -> None:
    output = DynamicOutput(1, "k_1")
    assert (output.value, output.mapping_key, output.output_name) == (1, "k_1", "result")
    assert output == DynamicOutput(1, mapping_key="k_1") != DynamicOutput(1, "k_2")
    assert DynamicOutput(1, "k") != Output(1)
    assert repr(output).startswith("DynamicOutput(value=1, mapping_key='k_1'")


@given(st.text(max_size=5))
def test_mapping_keys_are_letters_digits_and_underscores(key: str) -> None:
    if key and all(c.isascii() and (c.isalnum() or c == "_") for c in key):
        assert DynamicOutput(1, key).mapping_key == key
    else:
        message = r"is not a valid name in Dagster: expected letters, digits and underscores"
        with pytest.raises(DagsterInvalidDefinitionError, match=message):
            DynamicOutput(1, key)


# Asset events


@pytest.mark.parametrize("cls", [AssetMaterialization, AssetObservation])
def test_asset_events(cls) -> None:
    event = cls(["a", "b"], "d", {"a": 1}, "p", {"t": "v"})
    assert event.asset_key == AssetKey(["a", "b"])
    assert (event.description, event.metadata, event.partition, event.tags) == (
        "d",
        ONE,
        "p",
        {"t": "v"},
    )
    assert event.label == "a b"
    assert cls("a.b/c").asset_key == AssetKey(["a", "b", "c"])
    assert cls(AssetKey("a.b")).asset_key == AssetKey("a.b")
    assert cls("a").tags is None
    assert cls("a").data_version is None
    assert cls("a", tags={"dagster/data_version": "3"}).data_version == "3"
    with pytest.raises(AttributeError):
        event.partition = "q"
    assert event._replace(partition="q") == cls(["a", "b"], "d", {"a": 1}, "q", {"t": "v"})
    assert repr(event).startswith(
        f"{cls.__name__}(asset_key=AssetKey(['a', 'b']), description='d', metadata="
    )


def test_an_observation_is_not_a_materialization() -> None:
    assert AssetObservation("a") != AssetMaterialization("a")


@pytest.mark.parametrize("path", ["/a/b.csv", Path("/a/b.csv")])
def test_a_file_as_a_materialization(path) -> None:
    event = AssetMaterialization.file(path, "d")
    assert event.asset_key == AssetKey(["a", "b", "csv"])
    assert event.metadata == {"path": MetadataValue.path("/a/b.csv")}
    assert event.description == "d"
    assert AssetMaterialization.file(path, asset_key="k").asset_key == AssetKey("k")


def test_materialization() -> None:
    with pytest.warns(
        DeprecationWarning, match="Materialization is deprecated; yield AssetMaterialization"
    ):
        event = Materialization("l", "d", [DESCRIBED], "a.b", "p", tags={"t": "v"})
    assert (event.label, event.description, event.partition) == ("l", "d", "p")
    assert event.asset_key == AssetKey(["a", "b"])
    assert event.metadata_entries == [DESCRIBED]
    assert event.tags == {"t": "v"}
    assert Materialization(asset_key=["a", "b"], skip_deprecation_warning=True).label == "a b"
    with pytest.raises(ParameterCheckError, match="to have a label or an asset_key, got: neither"):
        Materialization()


def test_a_file_as_an_older_materialization() -> None:
    event = Materialization.file(Path("/a/b"), "d")
    assert (event.label, event.description, event.asset_key) == ("/a/b", "d", None)
    assert event.metadata_entries == [MetadataEntry.path("/a/b", "path")]


# Results


def test_expectation_result() -> None:
    result = ExpectationResult(False, "l", "d", {"a": 1})
    assert (result.success, result.label, result.description, result.metadata) == (False, "l", "d", ONE)
    assert ExpectationResult(True).label == "result"


def test_type_check_may_be_shared() -> None:
    check = TypeCheck(True)
    assert (check.success, check.description) == (True, None)
    with pytest.raises(AttributeError, match="expected TypeCheck to be left as it is"):
        check.success = False


def test_hook_execution_result() -> None:
    assert HookExecutionResult("h").is_skipped is False
    assert HookExecutionResult("h", True).is_skipped is True


# Exceptions


def test_failure() -> None:
    failure = Failure("d", {"a": 1}, False)
    assert (failure.description, failure.metadata, failure.allow_retries) == ("d", ONE, False)
    assert Failure().allow_retries is True
    assert str(Failure()) == ""
    assert str(failure) == "d"
    with pytest.raises(Failure):
        raise Failure


def test_retry_requested() -> None:
    assert (RetryRequested().max_retries, RetryRequested().seconds_to_wait) == (1, None)
    assert RetryRequested(None).max_retries == 1
    assert (RetryRequested(3, 0.5).max_retries, RetryRequested(3, 0.5).seconds_to_wait) == (3, 0.5)


def test_exceptions_are_pickled() -> None:
    failure = pickle.loads(pickle.dumps(Failure("d", [DESCRIBED], False)))
    assert (failure.description, failure.metadata_entries, failure.allow_retries) == (
        "d",
        [DESCRIBED],
        False,
    )
    retry = pickle.loads(pickle.dumps(RetryRequested(3, 0.5)))
    assert (retry.max_retries, retry.seconds_to_wait) == (3, 0.5)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Output(1, 3), r"expected output_name to be a str, got: 3 \(int\)"),
        (lambda: Output(1, data_version="3"), "expected data_version to be a DataVersion"),
        (lambda: DataVersion(3), "expected value to be a str"),
        (lambda: DynamicOutput(1, 3), r"expected mapping_key to be a str, got: 3 \(int\)"),
        (lambda: DynamicOutput(1, "a", 3), "expected output_name to be a str"),
        (lambda: AssetMaterialization(3), "expected asset key to be an AssetKey, a str or a sequence"),
        (lambda: AssetMaterialization("a", 3), "expected description to be a str"),
        (lambda: AssetMaterialization("a", partition=3), "expected partition to be a str"),
        (lambda: AssetMaterialization.file(3), "expected path to be a str or a path, got: 3"),
        (lambda: ExpectationResult("x"), "expected success to be a bool"),
        (lambda: ExpectationResult(True, 3), "expected label to be a str"),
        (lambda: TypeCheck("x"), "expected success to be a bool"),
        (lambda: TypeCheck(True, 3), "expected description to be a str"),
        (lambda: HookExecutionResult(3), "expected hook_name to be a str"),
        (lambda: HookExecutionResult("h", 3), "expected is_skipped to be a bool"),
        (lambda: Failure(3), "expected description to be a str"),
        (lambda: Failure("x", None, 3), "expected allow_retries to be a bool"),
        (lambda: RetryRequested("x"), "expected max_retries to be an int"),
        (lambda: RetryRequested(1, "x"), "expected seconds_to_wait to be a number"),
    ],
)
def test_wrong_arguments_are_refused(make, message: str) -> None:
    with pytest.raises(CheckError, match=message):
        make()


@pytest.mark.parametrize("make", [AssetMaterialization, AssetObservation])
def test_wrong_tags_of_asset_events_are_refused(make) -> None:
    with pytest.raises(DagsterInvalidDefinitionError, match="Tag values must be strings"):
        make("a", tags={"k": 1})
    with pytest.raises(DagsterInvalidDefinitionError, match="Found invalid tag keys"):
        Output(1, tags={"bad key!": "x"})


@pytest.mark.parametrize(
    "event",
    [
        AssetMaterialization("a", "d", [DESCRIBED], "p", {"t": "v"}),
        AssetObservation("a"),
        Materialization("l", "d", [DESCRIBED], "a", "p", True, {"t": "v"}),
        ExpectationResult(False, "l", "d", {"a": 1}),
        TypeCheck(True, "d", {"a": 1}),
        HookExecutionResult("h"),
        DataVersion("3"),
    ],
)
def test_events_come_back_from_storage(event) -> None:
    for copy in (deserialize_value(serialize_value(event)), pickle.loads(pickle.dumps(event))):
        assert copy == event
        assert type(copy) is type(event)
        if hasattr(event, "metadata_entries"):
            assert copy.metadata_entries == event.metadata_entries
