from __future__ import annotations

import pytest

from dagster._check import CheckError
from dagster._core.records.asset_key import AssetKey
from dagster._core.records.table import (
    TableColumn,
    TableColumnConstraints,
    TableColumnDep,
    TableColumnLineage,
    TableConstraints,
    TableRecord,
    TableSchema,
    infer_table_schema,
)


def test_defaults_are_filled_in() -> None:
    column = TableColumn("a")
    assert column.type == "string"
    assert column.constraints == TableColumnConstraints(nullable=True, unique=False, other=[])
    assert column.tags == {}
    assert TableSchema([column]).constraints == TableConstraints([])


def test_a_schema_from_names_and_types() -> None:
    schema = TableSchema.from_name_type_dict({"a": "int", "b": "string"})
    assert schema == TableSchema([TableColumn("a", "int"), TableColumn("b")])


def test_a_schema_is_inferred_from_the_first_value_of_each_column() -> None:
    rows = [
        TableRecord({"a": None, "b": True}),
        TableRecord({"a": 1.5, "c": "x", "d": None}),
        TableRecord({"a": 1}),
    ]
    schema = infer_table_schema(rows)
    assert [(c.name, c.type) for c in schema.columns] == [
        ("a", "float"),
        ("b", "bool"),
        ("c", "string"),
        ("d", "string"),
    ]


def test_lineage_takes_any_form_of_a_key() -> None:
    assert TableColumnDep(["a", "b"], "c").asset_key == AssetKey(["a", "b"])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: TableRecord({"a": object()}),
            r"expected data\['a'\] to be a str or int or float or bool",
        ),
        (lambda: TableRecord({1: 1}), "expected each key of data to be a str"),
        (lambda: TableColumn(1), "expected name to be a str"),
        (lambda: TableColumn("a", constraints=3), "expected constraints to be a TableColumnConstraints"),
        (lambda: TableColumn("a", tags={"a": 1}), r"expected tags\['a'\] to be a str"),
        (lambda: TableColumnConstraints(nullable=1), "expected nullable to be a bool"),
        (lambda: TableColumnConstraints(other=[1]), "expected each item of other to be a str"),
        (lambda: TableSchema(["a"]), "expected each item of columns to be a TableColumn"),
        (lambda: TableConstraints("a"), "expected other to be a sequence"),
        (lambda: TableColumnDep(3, "a"), "expected asset key to be"),
        (
            lambda: TableColumnLineage({"a": ["b"]}),
            r"expected each item of deps_by_column\['a'\] to be a TableColumnDep",
        ),
    ],
)
def test_wrong_arguments_are_refused(make, message: str) -> None:
    with pytest.raises(CheckError, match=message):
        make()
