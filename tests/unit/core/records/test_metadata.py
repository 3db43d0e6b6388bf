from __future__ import annotations

import pickle
from collections import OrderedDict
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagster._check import CheckError, ParameterCheckError
from dagster._core.errors import DagsterInvalidDefinitionError
from dagster._core.records import metadata as m
from dagster._core.records.asset_key import AssetKey
from dagster._core.records.metadata import (
    DescribedMetadata,
    MetadataEntry,
    MetadataValue,
    either_metadata,
    metadata_entries_of,
    normalize_metadata,
)
from dagster._core.records.table import (
    TableColumn,
    TableColumnDep,
    TableColumnLineage,
    TableRecord,
    TableSchema,
)
from dagster._wire.codec import deserialize_value, serialize_value

KEY = AssetKey("a")
SCHEMA = TableSchema([TableColumn("a")])
LINEAGE = TableColumnLineage({"a": [TableColumnDep(KEY, "b")]})
ROWS = [TableRecord({"a": 1})]
CODE = [m.LocalFileCodeReference(file_path="a.py", line_number=3), m.UrlCodeReference(url="http://x")]


@pytest.mark.parametrize(
    ("value", "cls", "stands_for"),
    [
        (MetadataValue.text("x"), m.TextMetadataValue, "x"),
        (MetadataValue.url("x"), m.UrlMetadataValue, "x"),
        (MetadataValue.path("x"), m.PathMetadataValue, "x"),
        (MetadataValue.path(Path("x/y")), m.PathMetadataValue, str(Path("x/y"))),
        (MetadataValue.notebook("x"), m.NotebookMetadataValue, "x"),
        (MetadataValue.json([1]), m.JsonMetadataValue, [1]),
        (MetadataValue.md("x"), m.MarkdownMetadataValue, "x"),
        (MetadataValue.float(1), m.FloatMetadataValue, 1.0),
        (MetadataValue.int(1), m.IntMetadataValue, 1),
        (MetadataValue.bool(True), m.BoolMetadataValue, True),
        (MetadataValue.timestamp(3), m.TimestampMetadataValue, 3.0),
        (
            MetadataValue.timestamp(datetime(2020, 1, 1, tzinfo=UTC)),
            m.TimestampMetadataValue,
            1577836800.0,
        ),
        (MetadataValue.dagster_run("x"), m.DagsterRunMetadataValue, "x"),
        (MetadataValue.asset(KEY), m.DagsterAssetMetadataValue, KEY),
        (MetadataValue.table_schema(SCHEMA), m.TableSchemaMetadataValue, SCHEMA),
        (MetadataValue.column_lineage(LINEAGE), m.TableColumnLineageMetadataValue, LINEAGE),
        (MetadataValue.null(), m.NullMetadataValue, None),
        (MetadataValue.pool("x"), m.PoolMetadataValue, "x"),
    ],
)
def test_values_and_what_they_stand_for(value: MetadataValue, cls: type, stands_for: object) -> None:
    assert type(value) is cls
    assert isinstance(value, MetadataValue)
    assert value.value == stands_for
    assert type(value.value) is type(stands_for)
    assert deserialize_value(serialize_value(value)) == value
    assert pickle.loads(pickle.dumps(value)) == value


@pytest.mark.parametrize(
    "value",
    [
        MetadataValue.python_artifact(AssetKey),
        MetadataValue.job("j", "l", repository_name="r"),
        MetadataValue.table(ROWS),
        m.CodeReferencesMetadataValue(code_references=CODE),
    ],
)
def test_values_that_stand_for_themselves(value: MetadataValue) -> None:
    assert value.value is value
    assert deserialize_value(serialize_value(value)) == value


def test_documented_fields() -> None:
    assert m.TextMetadataValue(text="x").text == "x"
    assert m.UrlMetadataValue(url="x").url == "x"
    assert m.PathMetadataValue(path="x").path == "x" == m.PathMetadataValue("x").fspath
    assert m.NotebookMetadataValue(path="x").path == "x" == m.NotebookMetadataValue("x").fspath
    assert m.JsonMetadataValue(data={"a": 1}).data == {"a": 1}
    assert m.MarkdownMetadataValue(md_str="x").md_str == "x"
    artifact = MetadataValue.python_artifact(AssetKey)
    assert (artifact.module, artifact.name) == ("dagster._core.records.asset_key", "AssetKey")
    job = MetadataValue.job("j", "l", repository_name="r")
    assert (job.job_name, job.location_name, job.repository_name) == ("j", "l", "r")
    table = MetadataValue.table(ROWS)
    assert table.records == ROWS
    assert table.schema == TableSchema([TableColumn("a", "int")])
    assert CODE[0].source == "a.py:3"
    assert m.LocalFileCodeReference(file_path="a.py").source == "a.py"
    assert CODE[1].source == "http://x"
    assert m.TextMetadataValue().text == ""
    assert m.UrlMetadataValue(None).url == ""
    assert m.PathMetadataValue(None).path == ""


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: MetadataValue.text(3), r"expected text to be a str, got: 3 \(int\)"),
        (lambda: MetadataValue.url(3), "expected url to be a str"),
        (lambda: MetadataValue.path(3), "expected path to be a str or PathLike"),
        (lambda: MetadataValue.md(3), "expected md_str to be a str"),
        (lambda: MetadataValue.float("a"), "expected value to be a number"),
        (lambda: MetadataValue.int("a"), "expected value to be an int"),
        (lambda: MetadataValue.bool(1), "expected value to be a bool"),
        (lambda: MetadataValue.asset("a"), "expected asset_key to be an AssetKey"),
        (lambda: MetadataValue.table([{"a": 1}]), "expected each item of records to be a TableRecord"),
        (lambda: MetadataValue.table([]), "at least one TableRecord when no schema is given"),
        (lambda: MetadataValue.python_artifact(3), "expected python_artifact to be callable"),
        (
            lambda: MetadataValue.timestamp(datetime(2020, 1, 1)),  # noqa: DTZ001
            "must have timezones, but 2020-01-01T00:00:00 does not",
        ),
        (
            lambda: m.CodeReferencesMetadataValue(code_references=["a"]),
            "expected each item of code_references to be a LocalFileCodeReference or UrlCodeReference",
        ),
    ],
)
def test_values_of_a_wrong_type_are_refused(make, message: str) -> None:
    with pytest.raises(CheckError, match=message):
        make()


# JSON


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({1}, r"Value is not JSON serializable\. expected the value to be a str, .* got: \{1\} \(set\)"),
        ({"a": [0, {"b": KEY}]}, r"expected the value at \['a'\]\[1\]\['b'\] to be"),
        ({"a": {(1,): 2}}, r"expected each key at \['a'\] to be a str, got: \(1,\) \(tuple\)"),
    ],
)
def test_what_json_cannot_hold_is_refused_with_its_place(data: object, message: str) -> None:
    with pytest.raises(DagsterInvalidDefinitionError, match=message):
        MetadataValue.json(data)


def test_json_that_contains_itself_is_refused() -> None:
    data: list[object] = []
    data.append(data)
    with pytest.raises(DagsterInvalidDefinitionError, match="it contains itself"):
        MetadataValue.json(data)


def test_keys_become_text_as_in_json() -> None:
    data = {"a": [{1: "x", None: 2, 1.5: ({2: 0},)}]}
    assert MetadataValue.json(data).data == {"a": [{"1": "x", "null": 2, "1.5": [{"2": 0}]}]}
    assert MetadataValue.json({True: 1}).data == {"true": 1}


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(json_values)
def test_data_that_json_can_hold_is_kept_and_comes_back(data: object) -> None:
    value = MetadataValue.json(data)
    assert value.data is data
    assert deserialize_value(serialize_value(value)) == value


# From Python values


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        ("x", MetadataValue.text("x")),
        (3, MetadataValue.int(3)),
        (True, MetadataValue.bool(True)),
        (1.5, MetadataValue.float(1.5)),
        (None, MetadataValue.null()),
        ({"a": 1}, MetadataValue.json({"a": 1})),
        (OrderedDict(a=1), MetadataValue.json({"a": 1})),
        ([1], MetadataValue.json([1])),
        ((1, 2), MetadataValue.json((1, 2))),
        (Path("/x"), MetadataValue.path("/x")),
        (KEY, MetadataValue.asset(KEY)),
        (SCHEMA, MetadataValue.table_schema(SCHEMA)),
        (LINEAGE, MetadataValue.column_lineage(LINEAGE)),
        (MetadataValue.url("x"), MetadataValue.url("x")),
    ],
)
def test_python_values_become_metadata(raw: object, value: MetadataValue) -> None:
    found = normalize_metadata({"k": raw})
    assert found == {"k": value}
    assert type(found["k"]) is type(value)


def test_subclasses_become_what_their_bases_become() -> None:
    class Name(str):
        __slots__ = ()

    class Count(int):
        pass

    class Share(float):
        pass

    found = normalize_metadata({"s": Name("a"), "i": Count(1), "f": Share(0.5)})
    assert found == {
        "s": MetadataValue.text("a"),
        "i": MetadataValue.int(1),
        "f": MetadataValue.float(0.5),
    }


def test_nothing_is_shared_and_costs_nothing() -> None:
    assert normalize_metadata(None) is normalize_metadata({}) is normalize_metadata([]) is m.NO_METADATA
    assert m.NO_METADATA == {}


@pytest.mark.parametrize("raw", [object(), datetime(2020, 1, 1, tzinfo=UTC), int, b"x"])
def test_other_values_are_refused_with_key_and_allowed_types(raw: object) -> None:
    message = (
        r'Could not resolve the metadata value for "k" to a known type\. Its type was <class .*>\. Expected '
        r"str, int, float, .* AssetKey, .*Consider wrapping the value with the appropriate MetadataValue type"
    )
    with pytest.raises(DagsterInvalidDefinitionError, match=message):
        normalize_metadata({"k": raw})


def test_json_that_is_none_is_refused_with_its_key() -> None:
    with pytest.raises(
        DagsterInvalidDefinitionError, match=r'for "k" to a known type\. Value is not JSON'
    ):
        normalize_metadata({"k": {"a": object()}})


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        ({1: "a"}, r"expected each key of metadata to be a str, got: 1 \(int\)"),
        ("abc", "expected metadata to be a mapping of labels to values, or a list of MetadataEntry"),
        ([1], "expected metadata to be a mapping of labels to values, or a list of MetadataEntry"),
        (0, "expected metadata to be a mapping, got: 0"),
        ("", "expected metadata to be a mapping, got: ''"),
    ],
)
def test_what_is_no_metadata_is_refused(raw: object, message: str) -> None:
    with pytest.raises(ParameterCheckError, match=message):
        normalize_metadata(raw)


# Entries


@pytest.mark.parametrize(
    ("entry", "value"),
    [
        (MetadataEntry.text("x", "l", "d"), MetadataValue.text("x")),
        (MetadataEntry.text(None, "l", "d"), MetadataValue.text("")),
        (MetadataEntry.url("x", "l", "d"), MetadataValue.url("x")),
        (MetadataEntry.path("x", "l", "d"), MetadataValue.path("x")),
        (MetadataEntry.fspath("x", "l", "d"), MetadataValue.path("x")),
        (MetadataEntry.json({"a": 1}, "l", "d"), MetadataValue.json({"a": 1})),
        (MetadataEntry.md("x", "l", "d"), MetadataValue.md("x")),
        (MetadataEntry.python_artifact(AssetKey, "l", "d"), MetadataValue.python_artifact(AssetKey)),
        (MetadataEntry.float(1.5, "l", "d"), MetadataValue.float(1.5)),
        (MetadataEntry.int(3, "l", "d"), MetadataValue.int(3)),
        (MetadataEntry.pipeline_run("x", "l", "d"), MetadataValue.dagster_run("x")),
        (MetadataEntry.asset(KEY, "l", "d"), MetadataValue.asset(KEY)),
        (MetadataEntry.table(ROWS, "l", "d"), MetadataValue.table(ROWS)),
        (MetadataEntry.table_schema(SCHEMA, "l", "d"), MetadataValue.table_schema(SCHEMA)),
        (MetadataEntry("l", "d", m.TextMetadataEntryData("x")), MetadataValue.text("x")),
        (MetadataEntry("l", "d", value=3), MetadataValue.int(3)),
    ],
)
def test_entries(entry: MetadataEntry, value: MetadataValue) -> None:
    assert (entry.label, entry.description) == ("l", "d")
    assert entry.value == entry.entry_data == value
    assert type(entry.value) is type(value)
    assert deserialize_value(serialize_value(entry)) == entry
    assert m.EventMetadataEntry is MetadataEntry


def test_a_path_labels_itself() -> None:
    assert MetadataEntry.fspath(Path("/x/y.csv")).label == "y.csv"


def test_an_entry_has_one_value() -> None:
    with pytest.raises(ParameterCheckError, match="expected entry_data or value, got: both"):
        MetadataEntry("l", None, 1, 2)
    with pytest.raises(ParameterCheckError, match="expected label to be a str"):
        MetadataEntry(3)


def test_entries_become_metadata_and_metadata_entries() -> None:
    entries = [MetadataEntry("a", value=1), MetadataEntry("b", value="x")]
    found = normalize_metadata(entries)
    assert type(found) is dict
    assert found == {"a": MetadataValue.int(1), "b": MetadataValue.text("x")}
    assert metadata_entries_of(found) == entries


def test_descriptions_and_repeated_labels_of_entries_are_kept() -> None:
    entries = [MetadataEntry("a", "first", 1), MetadataEntry("a", None, 2)]
    found = normalize_metadata(entries)
    assert found == {"a": MetadataValue.int(2)}
    assert metadata_entries_of(found) == entries
    assert normalize_metadata(found) is found
    for copy in (deserialize_value(serialize_value(found)), pickle.loads(pickle.dumps(found))):
        assert type(copy) is DescribedMetadata
        assert metadata_entries_of(copy) == entries


def test_metadata_comes_in_one_form() -> None:
    entry = MetadataEntry("a", value=1)
    assert (
        either_metadata({"a": 1}, None) == either_metadata(None, [entry]) == {"a": MetadataValue.int(1)}
    )
    with pytest.raises(ParameterCheckError, match="expected metadata or metadata_entries, got: both"):
        either_metadata({"a": 1}, [entry])
