"""Metadata: labelled values on events, runs and definitions, each of a known kind."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

import dagster._check as check
from dagster._core.errors import DagsterInvalidDefinitionError
from dagster._core.records.asset_key import AssetKey
from dagster._core.records.metadata_value import (
    BoolMetadataValue,
    CodeReferencesMetadataValue,
    DagsterAssetMetadataValue,
    DagsterJobMetadataValue,
    DagsterRunMetadataValue,
    FloatMetadataValue,
    IntMetadataValue,
    JsonMetadataValue,
    LocalFileCodeReference,
    MarkdownMetadataValue,
    MetadataValue,
    NotebookMetadataValue,
    NullMetadataValue,
    PathMetadataValue,
    PoolMetadataValue,
    PythonArtifactMetadataValue,
    TableColumnLineageMetadataValue,
    TableMetadataValue,
    TableSchemaMetadataValue,
    TextMetadataValue,
    TimestampMetadataValue,
    UrlCodeReference,
    UrlMetadataValue,
)
from dagster._core.records.table import TableColumnLineage, TableRecord, TableSchema
from dagster._text import expected, shown
from dagster._wire.record import SlotRecord, register_record

__all__ = [
    "BoolMetadataValue",
    "CodeReferencesMetadataValue",
    "DagsterAssetMetadataEntryData",
    "DagsterAssetMetadataValue",
    "DagsterJobMetadataValue",
    "DagsterPipelineRunMetadataEntryData",
    "DagsterRunMetadataValue",
    "DescribedMetadata",
    "EventMetadataEntry",
    "FloatMetadataEntryData",
    "FloatMetadataValue",
    "IntMetadataEntryData",
    "IntMetadataValue",
    "JsonMetadataEntryData",
    "JsonMetadataValue",
    "LocalFileCodeReference",
    "MarkdownMetadataEntryData",
    "MarkdownMetadataValue",
    "MetadataEntry",
    "MetadataValue",
    "NO_METADATA",
    "NotebookMetadataValue",
    "NullMetadataValue",
    "PathMetadataEntryData",
    "PathMetadataValue",
    "PoolMetadataValue",
    "PythonArtifactMetadataEntryData",
    "PythonArtifactMetadataValue",
    "TableColumnLineageMetadataValue",
    "TableMetadataEntryData",
    "TableMetadataValue",
    "TableSchemaMetadataEntryData",
    "TableSchemaMetadataValue",
    "TextMetadataEntryData",
    "TextMetadataValue",
    "TimestampMetadataValue",
    "UrlCodeReference",
    "UrlMetadataEntryData",
    "UrlMetadataValue",
    "either_metadata",
    "metadata_entries_of",
    "metadata_value",
    "normalize_metadata",
]

# The constructors below are named as the documents name them, after Python's own types.
_Float = float
_Int = int

#: What everything without metadata shares. Never changed.
NO_METADATA: dict[str, MetadataValue] = {}

# From Python values


def _null_value(_value: None) -> NullMetadataValue:
    return NullMetadataValue()


_BY_TYPE: dict[type, Callable[[Any], MetadataValue]] = {
    str: TextMetadataValue,
    int: IntMetadataValue,
    float: FloatMetadataValue,
    bool: BoolMetadataValue,
    type(None): _null_value,
    dict: JsonMetadataValue,
    list: JsonMetadataValue,
    AssetKey: DagsterAssetMetadataValue,
    TableSchema: TableSchemaMetadataValue,
    TableColumnLineage: TableColumnLineageMetadataValue,
}
# In this order, for subclasses: bool is an int, and a path may be a str.
_BY_BASE: tuple[tuple[type, Callable[[Any], MetadataValue]], ...] = (
    (os.PathLike, PathMetadataValue),
    (str, TextMetadataValue),
    (int, IntMetadataValue),
    (float, FloatMetadataValue),
    (Mapping, JsonMetadataValue),
    (list, JsonMetadataValue),
    (tuple, JsonMetadataValue),
)
_ALLOWED = (
    "str, int, float, bool, None, a dict or list that JSON can hold, a path, AssetKey, TableSchema, "
    "TableColumnLineage or a MetadataValue"
)


def metadata_value(label: str, value: Any) -> MetadataValue:
    """Return the metadata value for a Python value.

    Args:
        label: The key under which it stands, for messages.
        value: A str, int, float, bool, None, dict, list, path, AssetKey, TableSchema,
            TableColumnLineage or MetadataValue.

    Raises:
        DagsterInvalidDefinitionError: If it is none of these; names the key and the allowed types.
    """
    if isinstance(value, MetadataValue):
        return value
    kind = type(cast(object, value))
    make = _BY_TYPE.get(kind)
    if make is None:
        make = next((make for base, make in _BY_BASE if isinstance(value, base)), None)
    if make is None:
        raise DagsterInvalidDefinitionError(
            f'Could not resolve the metadata value for "{label}" to a known type. Its type was '
            f"{kind}. Expected {_ALLOWED}, got: {shown(value)}. Consider wrapping the value with "
            "the appropriate MetadataValue type."
        )
    try:
        return make(value)
    except DagsterInvalidDefinitionError as error:
        raise DagsterInvalidDefinitionError(
            f'Could not resolve the metadata value for "{label}" to a known type. {error}'
        ) from None


class DescribedMetadata(dict[str, MetadataValue]):
    """Metadata that was given as entries, with their descriptions.

    It is a dict of values by label for everyone who asks for metadata, and keeps in ``entries`` what a
    dict cannot hold: descriptions, and labels that occur twice.
    """

    __slots__ = ("entries",)
    wire_fields = ("entries",)

    def __init__(self, entries: Sequence[MetadataEntry]) -> None:
        self.entries = tuple(entries)
        super().__init__((entry.label, entry.value) for entry in entries)

    def __reduce__(self) -> tuple[Any, ...]:
        return DescribedMetadata, (self.entries,)


register_record(DescribedMetadata)


def normalize_metadata(
    metadata: Mapping[str, Any] | Sequence[MetadataEntry] | None,
) -> dict[str, MetadataValue]:
    """Return metadata as a dict of metadata values.

    Args:
        metadata: Values by label, or a list of entries as in the older interface.

    Raises:
        DagsterInvalidDefinitionError: If a value is of no kind that metadata knows.
        ParameterCheckError: If it is neither a mapping with str keys nor a list of entries.
    """
    if not metadata:
        if metadata is not None and not isinstance(metadata, (Mapping, list, tuple)):
            raise check.ParameterCheckError(expected("metadata", "a mapping", metadata))
        return NO_METADATA
    if isinstance(metadata, DescribedMetadata):
        return metadata
    if isinstance(metadata, Mapping):
        result: dict[str, MetadataValue] = {}
        for label, value in metadata.items():
            if not isinstance(label, str):  # pyright: ignore[reportUnnecessaryIsInstance]
                raise check.ParameterCheckError(expected("each key of metadata", "a str", label))
            result[label] = metadata_value(label, value)
        return result
    what = "a mapping of labels to values, or a list of MetadataEntry"
    if not isinstance(metadata, (list, tuple)):
        raise check.ParameterCheckError(expected("metadata", what, metadata))
    for entry in metadata:
        if not isinstance(entry, MetadataEntry):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise check.ParameterCheckError(expected("metadata", what, metadata))
    plain = {entry.label: entry.value for entry in metadata}
    if len(plain) == len(metadata) and all(entry.description is None for entry in metadata):
        return plain
    return DescribedMetadata(metadata)


def either_metadata(
    metadata: Mapping[str, Any] | Sequence[MetadataEntry] | None,
    metadata_entries: Sequence[MetadataEntry] | None,
) -> dict[str, MetadataValue]:
    """Return metadata that was given in the one or the other form.

    Raises:
        ParameterCheckError: If both forms were given.
    """
    if metadata_entries:
        if metadata:
            raise check.ParameterCheckError(
                "expected metadata or metadata_entries, got: both. Give all of it as metadata."
            )
        return normalize_metadata(metadata_entries)
    return normalize_metadata(metadata)


def metadata_entries_of(metadata: Mapping[str, MetadataValue]) -> list[MetadataEntry]:
    """Return metadata as a list of entries, as in the older interface."""
    if isinstance(metadata, DescribedMetadata):
        return list(metadata.entries)
    return [MetadataEntry(label, value=value) for label, value in metadata.items()]


class MetadataEntry(SlotRecord):
    """A labelled value of the older interface, with its constructors: ``MetadataEntry.md("**ok**", "summary")``.

    Args:
        label: What it is called.
        description: What it means.
        entry_data: The value. The older name of ``value``.
        value: A metadata value, or a Python value that can be made into one.

    Raises:
        ParameterCheckError: If both ``entry_data`` and ``value`` are given.
    """

    __slots__ = ("description", "label", "value")
    wire_fields = ("label", "description", "value")

    label: str
    description: str | None
    value: MetadataValue

    def __init__(
        self,
        label: str,
        description: str | None = None,
        entry_data: Any = None,
        value: Any = None,
    ) -> None:
        if entry_data is not None and value is not None:
            raise check.ParameterCheckError(
                "expected entry_data or value, got: both. They are two names of one argument; give value."
            )
        set_field = object.__setattr__
        set_field(self, "label", check.str_param(label, "label"))
        set_field(self, "description", check.opt_str_param(description, "description"))
        set_field(self, "value", metadata_value(label, entry_data if value is None else value))

    @property
    def entry_data(self) -> MetadataValue:
        """The value."""
        return self.value

    @staticmethod
    def text(text: str | None, label: str, description: str | None = None) -> MetadataEntry:
        """Return an entry with a plain text."""
        return MetadataEntry(label, description, value=TextMetadataValue(text or ""))

    @staticmethod
    def url(url: str | None, label: str, description: str | None = None) -> MetadataEntry:
        """Return an entry with a link."""
        return MetadataEntry(label, description, value=UrlMetadataValue(url or ""))

    @staticmethod
    def path(
        path: str | os.PathLike[str] | None, label: str, description: str | None = None
    ) -> MetadataEntry:
        """Return an entry with a path."""
        return MetadataEntry(label, description, value=PathMetadataValue(path))

    @staticmethod
    def fspath(
        path: str | os.PathLike[str] | None, label: str | None = None, description: str | None = None
    ) -> MetadataEntry:
        """Return an entry with a path, labelled with its last part unless a label is given."""
        text = os.fspath(path) if path is not None else ""
        return MetadataEntry(label or os.path.basename(text), description, value=PathMetadataValue(text))

    @staticmethod
    def json(
        data: Sequence[Any] | Mapping[str, Any] | None, label: str, description: str | None = None
    ) -> MetadataEntry:
        """Return an entry with data that JSON can hold."""
        return MetadataEntry(label, description, value=JsonMetadataValue(data))

    @staticmethod
    def md(md_str: str | None, label: str, description: str | None = None) -> MetadataEntry:
        """Return an entry with a text in Markdown."""
        return MetadataEntry(label, description, value=MarkdownMetadataValue(md_str or ""))

    @staticmethod
    def python_artifact(
        python_artifact: Callable[..., Any], label: str, description: str | None = None
    ) -> MetadataEntry:
        """Return an entry with the module and name of a function or class."""
        return MetadataEntry(label, description, value=PythonArtifactMetadataValue.of(python_artifact))

    @staticmethod
    def float(value: _Float | None, label: str, description: str | None = None) -> MetadataEntry:
        """Return an entry with a float."""
        return MetadataEntry(label, description, value=FloatMetadataValue(value))

    @staticmethod
    def int(value: _Int | None, label: str, description: str | None = None) -> MetadataEntry:
        """Return an entry with an int."""
        return MetadataEntry(label, description, value=IntMetadataValue(value))

    @staticmethod
    def pipeline_run(run_id: str, label: str, description: str | None = None) -> MetadataEntry:
        """Return an entry with a link to a run."""
        return MetadataEntry(label, description, value=DagsterRunMetadataValue(run_id))

    @staticmethod
    def asset(asset_key: AssetKey, label: str, description: str | None = None) -> MetadataEntry:
        """Return an entry with a link to an asset."""
        return MetadataEntry(label, description, value=DagsterAssetMetadataValue(asset_key))

    @staticmethod
    def table(
        records: Sequence[TableRecord],
        label: str,
        description: str | None = None,
        schema: TableSchema | None = None,
    ) -> MetadataEntry:
        """Return an entry with a table."""
        return MetadataEntry(label, description, value=TableMetadataValue(records, schema))

    @staticmethod
    def table_schema(schema: TableSchema, label: str, description: str | None = None) -> MetadataEntry:
        """Return an entry with the schema of a table."""
        return MetadataEntry(label, description, value=TableSchemaMetadataValue(schema))


# The older names of the value classes and constructors, which `dagster._legacy` shows to users.
EventMetadataEntry = MetadataEntry
TextMetadataEntryData = TextMetadataValue
UrlMetadataEntryData = UrlMetadataValue
PathMetadataEntryData = PathMetadataValue
JsonMetadataEntryData = JsonMetadataValue
MarkdownMetadataEntryData = MarkdownMetadataValue
PythonArtifactMetadataEntryData = PythonArtifactMetadataValue
FloatMetadataEntryData = FloatMetadataValue
IntMetadataEntryData = IntMetadataValue
DagsterPipelineRunMetadataEntryData = DagsterRunMetadataValue
DagsterAssetMetadataEntryData = DagsterAssetMetadataValue
TableMetadataEntryData = TableMetadataValue
TableSchemaMetadataEntryData = TableSchemaMetadataValue
