"""EventMetadata: the constructors of metadata values under their older name."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from dagster._core.records.asset_key import AssetKey
from dagster._core.records.metadata_value import (
    DagsterAssetMetadataValue,
    DagsterRunMetadataValue,
    FloatMetadataValue,
    IntMetadataValue,
    JsonMetadataValue,
    MarkdownMetadataValue,
    PathMetadataValue,
    PythonArtifactMetadataValue,
    TableMetadataValue,
    TableSchemaMetadataValue,
    TextMetadataValue,
    UrlMetadataValue,
)
from dagster._core.records.table import TableRecord, TableSchema

# The constructors below are named as the documents name them, after Python's own types.
_Float = float
_Int = int


class EventMetadata:
    """Makes metadata values: ``metadata={"rows": EventMetadata.int(3), "notes": EventMetadata.md("*ok*")}``."""

    @staticmethod
    def text(text: str) -> TextMetadataValue:
        """Return a plain text."""
        return TextMetadataValue(text)

    @staticmethod
    def url(url: str) -> UrlMetadataValue:
        """Return a link."""
        return UrlMetadataValue(url)

    @staticmethod
    def path(path: str | os.PathLike[str]) -> PathMetadataValue:
        """Return a path."""
        return PathMetadataValue(path)

    @staticmethod
    def json(data: Sequence[Any] | Mapping[str, Any]) -> JsonMetadataValue:
        """Return data that JSON can hold."""
        return JsonMetadataValue(data)

    @staticmethod
    def md(data: str) -> MarkdownMetadataValue:
        """Return a text in Markdown."""
        return MarkdownMetadataValue(data)

    @staticmethod
    def python_artifact(python_artifact: Callable[..., Any]) -> PythonArtifactMetadataValue:
        """Return the module and name of a function or class."""
        return PythonArtifactMetadataValue.of(python_artifact)

    @staticmethod
    def float(value: _Float) -> FloatMetadataValue:
        """Return a float."""
        return FloatMetadataValue(value)

    @staticmethod
    def int(value: _Int) -> IntMetadataValue:
        """Return an int."""
        return IntMetadataValue(value)

    @staticmethod
    def pipeline_run(run_id: str) -> DagsterRunMetadataValue:
        """Return a link to a run."""
        return DagsterRunMetadataValue(run_id)

    @staticmethod
    def asset(asset_key: AssetKey) -> DagsterAssetMetadataValue:
        """Return a link to an asset."""
        return DagsterAssetMetadataValue(asset_key)

    @staticmethod
    def table(records: Sequence[TableRecord], schema: TableSchema | None = None) -> TableMetadataValue:
        """Return a table."""
        return TableMetadataValue(records, schema)

    @staticmethod
    def table_schema(schema: TableSchema) -> TableSchemaMetadataValue:
        """Return the schema of a table."""
        return TableSchemaMetadataValue(schema)
