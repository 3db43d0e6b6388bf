"""Tables in metadata: their rows, their columns, and where columns come from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import structs

import dagster._check as check
from dagster._core.records.asset_key import AssetKey
from dagster._text import expected
from dagster._wire.record import Record

_CELL_TYPES = (str, int, float, bool, type(None))


class TableRecord(Record, frozen=True):
    """One row of a table.

    Args:
        data: The value of each column: str, int, float, bool or None.
    """

    data: Mapping[str, Any]

    def __post_init__(self) -> None:
        check.mapping_param(self.data, "data", key_type=str, value_type=_CELL_TYPES)


class TableConstraints(Record, frozen=True):
    """Constraints on a table as a whole.

    Args:
        other: Each constraint in words.
    """

    other: Sequence[str]

    def __post_init__(self) -> None:
        check.sequence_param(self.other, "other", of_type=str)


class TableColumnConstraints(Record, frozen=True):
    """Constraints on one column.

    Args:
        nullable: Whether the column may hold nulls. Default: true.
        unique: Whether its values are all different. Default: false.
        other: Each further constraint in words.
    """

    nullable: bool = True
    unique: bool = False
    other: Sequence[str] | None = None

    def __post_init__(self) -> None:
        check.bool_param(self.nullable, "nullable")
        check.bool_param(self.unique, "unique")
        structs.force_setattr(self, "other", check.opt_sequence_param(self.other, "other", of_type=str))


class TableColumn(Record, frozen=True):
    """One column of a table.

    Args:
        name: Its name.
        type: Its type, in the words of the system that holds the table. Default: ``string``.
        description: What it holds.
        constraints: Its constraints. Default: nullable, not unique.
        tags: Labels of the column.
    """

    name: str
    type: str = "string"
    description: str | None = None
    constraints: TableColumnConstraints | None = None
    tags: Mapping[str, str] | None = None

    def __post_init__(self) -> None:
        check.str_param(self.name, "name")
        check.str_param(self.type, "type")
        check.opt_str_param(self.description, "description")
        if self.constraints is None:
            structs.force_setattr(self, "constraints", TableColumnConstraints())
        else:
            check.inst_param(self.constraints, "constraints", TableColumnConstraints)
        tags = check.opt_mapping_param(self.tags, "tags", key_type=str, value_type=str)
        structs.force_setattr(self, "tags", tags)


class TableSchema(Record, frozen=True):
    """The columns of a table.

    Args:
        columns: The columns, in order.
        constraints: Constraints on the table as a whole.
    """

    columns: Sequence[TableColumn]
    constraints: TableConstraints | None = None

    def __post_init__(self) -> None:
        check.sequence_param(self.columns, "columns", of_type=TableColumn)
        if self.constraints is None:
            structs.force_setattr(self, "constraints", TableConstraints([]))
        else:
            check.inst_param(self.constraints, "constraints", TableConstraints)

    @staticmethod
    def from_name_type_dict(name_type_dict: Mapping[str, str]) -> TableSchema:
        """Return a schema from the names of columns and their types."""
        check.mapping_param(name_type_dict, "name_type_dict", key_type=str, value_type=str)
        return TableSchema([TableColumn(name, type_name) for name, type_name in name_type_dict.items()])


class TableColumnDep(Record, frozen=True):
    """A column of an asset that another column is made from.

    Args:
        asset_key: The asset.
        column_name: The column.
    """

    asset_key: AssetKey
    column_name: str

    def __post_init__(self) -> None:
        structs.force_setattr(self, "asset_key", AssetKey.from_coercible(self.asset_key))
        check.str_param(self.column_name, "column_name")


class TableColumnLineage(Record, frozen=True):
    """Where the columns of a table come from.

    Args:
        deps_by_column: For each column the columns that it is made from.
    """

    deps_by_column: Mapping[str, Sequence[TableColumnDep]]

    def __post_init__(self) -> None:
        check.mapping_param(self.deps_by_column, "deps_by_column", key_type=str)
        for column, deps in self.deps_by_column.items():
            check.sequence_param(deps, f"deps_by_column[{column!r}]", of_type=TableColumnDep)


_COLUMN_TYPES: dict[type, str] = {str: "string", bool: "bool", int: "int", float: "float"}


def infer_table_schema(records: Sequence[TableRecord]) -> TableSchema:
    """Return the schema of rows: each column that occurs, with the type of its first value that is one.

    Raises:
        CheckError: If there are no rows to infer from.
    """
    if not records:
        raise check.CheckError(
            expected("records", "at least one TableRecord when no schema is given", records)
        )
    types: dict[str, str | None] = {}
    for record in records:
        for name, value in record.data.items():
            if types.get(name) is None:
                types[name] = _column_type(value)
    return TableSchema([TableColumn(name, type_name or "string") for name, type_name in types.items()])


def _column_type(value: object) -> str | None:
    for python_type, name in _COLUMN_TYPES.items():
        if isinstance(value, python_type):
            return name
    return None
