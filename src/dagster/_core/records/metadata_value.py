"""The kinds of values that metadata may have."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, cast

from msgspec import structs

import dagster._check as check
from dagster._core.errors import DagsterInvalidDefinitionError
from dagster._core.records.asset_key import AssetKey
from dagster._core.records.table import TableColumnLineage, TableRecord, TableSchema, infer_table_schema
from dagster._text import expected
from dagster._wire.record import Record

if TYPE_CHECKING:
    PathText = str | os.PathLike[str]
else:
    PathText = str  # as it is stored

# The constructors below are named as the documents name them, after Python's own types.
_Bool = bool
_Float = float
_Int = int


class MetadataValue(Record, frozen=True):
    """Base of metadata values, and their constructors: ``MetadataValue.md("**ok**")``.

    From the "events and metadata" section of the interface. Every value has ``.value``, the Python
    value it stands for.
    """

    @property
    def value(self) -> Any:
        """The Python value that this stands for."""
        raise AttributeError(f"{type(self).__name__} stands for no value")

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
        """Return a path on a file system."""
        return PathMetadataValue(path)

    @staticmethod
    def notebook(path: str | os.PathLike[str]) -> NotebookMetadataValue:
        """Return the path of a notebook."""
        return NotebookMetadataValue(path)

    @staticmethod
    def json(data: Sequence[Any] | Mapping[str, Any] | None) -> JsonMetadataValue:
        """Return data that JSON can hold.

        Raises:
            DagsterInvalidDefinitionError: If JSON cannot hold it; says where.
        """
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
    def bool(value: _Bool) -> BoolMetadataValue:
        """Return a bool."""
        return BoolMetadataValue(value)

    @staticmethod
    def timestamp(value: _Float | datetime) -> TimestampMetadataValue:
        """Return a point in time, from seconds since the epoch or an aware datetime."""
        return TimestampMetadataValue.of(value)

    @staticmethod
    def dagster_run(run_id: str) -> DagsterRunMetadataValue:
        """Return a link to a run."""
        return DagsterRunMetadataValue(run_id)

    @staticmethod
    def asset(asset_key: AssetKey) -> DagsterAssetMetadataValue:
        """Return a link to an asset."""
        return DagsterAssetMetadataValue(asset_key)

    @staticmethod
    def job(
        job_name: str, location_name: str, *, repository_name: str | None = None
    ) -> DagsterJobMetadataValue:
        """Return a link to a job of a code location."""
        return DagsterJobMetadataValue(job_name, location_name, repository_name)

    @staticmethod
    def table(records: Sequence[TableRecord], schema: TableSchema | None = None) -> TableMetadataValue:
        """Return a table. Without a schema its columns are inferred from the rows."""
        return TableMetadataValue(records, schema)

    @staticmethod
    def table_schema(schema: TableSchema) -> TableSchemaMetadataValue:
        """Return the schema of a table."""
        return TableSchemaMetadataValue(schema)

    @staticmethod
    def column_lineage(lineage: TableColumnLineage) -> TableColumnLineageMetadataValue:
        """Return where the columns of a table come from."""
        return TableColumnLineageMetadataValue(lineage)

    @staticmethod
    def null() -> NullMetadataValue:
        """Return the value that stands for None."""
        return NullMetadataValue()

    @staticmethod
    def pool(pool: str) -> PoolMetadataValue:
        """Return a link to a concurrency pool."""
        return PoolMetadataValue(pool)


def _str_or_empty(record: Record, name: str) -> None:
    """Check a text field; None counts as empty."""
    value = getattr(record, name)
    if value is None:
        structs.force_setattr(record, name, "")
    else:
        check.str_param(value, name)


def _path_text(record: Record, name: str) -> None:
    """Turn a path-like field into text; None counts as empty."""
    value = getattr(record, name)
    text = "" if value is None else check.inst_param(value, name, (str, os.PathLike))
    structs.force_setattr(record, name, text if isinstance(text, str) else os.fspath(text))


class TextMetadataValue(MetadataValue, frozen=True):
    """A plain text, in ``text``."""

    text: str = ""  # pyright: ignore[reportIncompatibleMethodOverride]

    def __post_init__(self) -> None:
        _str_or_empty(self, "text")

    @property
    def value(self) -> str:
        return self.text


class UrlMetadataValue(MetadataValue, frozen=True):
    """A link, in ``url``."""

    url: str = ""  # pyright: ignore[reportIncompatibleMethodOverride]

    def __post_init__(self) -> None:
        _str_or_empty(self, "url")

    @property
    def value(self) -> str:
        return self.url


class PathMetadataValue(MetadataValue, frozen=True):
    """A path on a file system, in ``path``."""

    path: PathText | None = ""  # pyright: ignore[reportIncompatibleMethodOverride]

    def __post_init__(self) -> None:
        _path_text(self, "path")

    @property
    def value(self) -> str:
        return cast(str, self.path)

    @property
    def fspath(self) -> str:
        return cast(str, self.path)


class NotebookMetadataValue(MetadataValue, frozen=True):
    """The path of a notebook, in ``path``."""

    path: PathText | None = ""  # pyright: ignore[reportIncompatibleMethodOverride]

    def __post_init__(self) -> None:
        _path_text(self, "path")

    @property
    def value(self) -> str:
        return cast(str, self.path)

    @property
    def fspath(self) -> str:
        return cast(str, self.path)


class JsonMetadataValue(MetadataValue, frozen=True):
    """Data that JSON can hold, in ``data``. Keys that are not text become text, as in JSON."""

    data: Sequence[Any] | Mapping[str, Any] | None

    def __post_init__(self) -> None:
        try:
            if not _all_keys_text(self.data):
                structs.force_setattr(self, "data", _with_text_keys(self.data))
        except RecursionError:
            raise DagsterInvalidDefinitionError(
                "Value is not JSON serializable: it contains itself, or is nested too deeply."
            ) from None

    @property
    def value(self) -> Sequence[Any] | Mapping[str, Any] | None:
        return self.data


class MarkdownMetadataValue(MetadataValue, frozen=True):
    """A text in Markdown, in ``md_str``."""

    md_str: str = ""

    def __post_init__(self) -> None:
        _str_or_empty(self, "md_str")

    @property
    def value(self) -> str:
        return self.md_str


class PythonArtifactMetadataValue(MetadataValue, frozen=True):
    """A function or class, by its ``module`` and ``name``."""

    module: str
    name: str

    def __post_init__(self) -> None:
        check.str_param(self.module, "module")
        check.str_param(self.name, "name")

    @staticmethod
    def of(python_artifact: Callable[..., Any]) -> PythonArtifactMetadataValue:
        """Return the value for a function or class."""
        check.callable_param(python_artifact, "python_artifact")
        name = getattr(python_artifact, "__name__", None) or type(python_artifact).__name__
        module = getattr(python_artifact, "__module__", None) or type(python_artifact).__module__
        return PythonArtifactMetadataValue(module, name)

    @property
    def value(self) -> PythonArtifactMetadataValue:
        return self


class FloatMetadataValue(MetadataValue, frozen=True):
    """A float, in ``value``."""

    value: float | None  # pyright: ignore[reportIncompatibleMethodOverride]

    def __post_init__(self) -> None:
        if self.value is not None:
            structs.force_setattr(self, "value", float(check.numeric_param(self.value, "value")))


class IntMetadataValue(MetadataValue, frozen=True):
    """An int, in ``value``."""

    value: int | None  # pyright: ignore[reportIncompatibleMethodOverride]

    def __post_init__(self) -> None:
        check.opt_inst_param(self.value, "value", int)


class BoolMetadataValue(MetadataValue, frozen=True):
    """A bool, in ``value``."""

    value: bool | None  # pyright: ignore[reportIncompatibleMethodOverride]

    def __post_init__(self) -> None:
        check.opt_inst_param(self.value, "value", bool)


class TimestampMetadataValue(MetadataValue, frozen=True):
    """A point in time, in ``value``: seconds since the epoch."""

    value: float  # pyright: ignore[reportIncompatibleMethodOverride]

    def __post_init__(self) -> None:
        structs.force_setattr(self, "value", float(check.numeric_param(self.value, "value")))

    @staticmethod
    def of(value: float | datetime) -> TimestampMetadataValue:
        """Return the value for seconds since the epoch or an aware datetime."""
        if not isinstance(value, datetime):
            return TimestampMetadataValue(value)
        if value.tzinfo is None:
            raise check.CheckError(
                "Datetime values provided to MetadataValue.timestamp must have timezones, but "
                f"{value.isoformat()} does not. Give it one, for example with "
                "value.replace(tzinfo=timezone.utc)."
            )
        return TimestampMetadataValue(value.timestamp())


class DagsterRunMetadataValue(MetadataValue, frozen=True):
    """A link to a run, by its ``run_id``."""

    run_id: str

    def __post_init__(self) -> None:
        check.str_param(self.run_id, "run_id")

    @property
    def value(self) -> str:
        return self.run_id


class DagsterAssetMetadataValue(MetadataValue, frozen=True):
    """A link to an asset, by its ``asset_key``."""

    asset_key: AssetKey

    def __post_init__(self) -> None:
        check.inst_param(self.asset_key, "asset_key", AssetKey)

    @property
    def value(self) -> AssetKey:
        return self.asset_key


class DagsterJobMetadataValue(MetadataValue, frozen=True):
    """A link to a job, by ``job_name``, ``location_name`` and ``repository_name``."""

    job_name: str
    location_name: str
    repository_name: str | None = None

    def __post_init__(self) -> None:
        check.str_param(self.job_name, "job_name")
        check.str_param(self.location_name, "location_name")
        check.opt_str_param(self.repository_name, "repository_name")

    @property
    def value(self) -> DagsterJobMetadataValue:
        return self


class TableMetadataValue(MetadataValue, frozen=True):
    """A table: its ``records`` and its ``schema``, which is inferred when not given."""

    records: Sequence[TableRecord]
    schema: TableSchema | None = None

    def __post_init__(self) -> None:
        check.sequence_param(self.records, "records", of_type=TableRecord)
        if self.schema is None:
            structs.force_setattr(self, "schema", infer_table_schema(self.records))
        else:
            check.inst_param(self.schema, "schema", TableSchema)

    @property
    def value(self) -> TableMetadataValue:
        return self


class TableSchemaMetadataValue(MetadataValue, frozen=True):
    """The schema of a table, in ``schema``."""

    schema: TableSchema

    def __post_init__(self) -> None:
        check.inst_param(self.schema, "schema", TableSchema)

    @property
    def value(self) -> TableSchema:
        return self.schema


class TableColumnLineageMetadataValue(MetadataValue, frozen=True):
    """Where the columns of a table come from, in ``column_lineage``."""

    column_lineage: TableColumnLineage  # pyright: ignore[reportIncompatibleMethodOverride]

    def __post_init__(self) -> None:
        check.inst_param(self.column_lineage, "column_lineage", TableColumnLineage)

    @property
    def value(self) -> TableColumnLineage:
        return self.column_lineage


class NullMetadataValue(MetadataValue, frozen=True):
    """Stands for None."""

    @property
    def value(self) -> None:
        return None


class PoolMetadataValue(MetadataValue, frozen=True):
    """A link to a concurrency pool, in ``pool``."""

    pool: str  # pyright: ignore[reportIncompatibleMethodOverride]

    def __post_init__(self) -> None:
        check.str_param(self.pool, "pool")

    @property
    def value(self) -> str:
        return self.pool


class LocalFileCodeReference(Record, frozen=True, kw_only=True):
    """A place in a file on this machine.

    Args:
        file_path: The file.
        line_number: The line, from 1.
        label: What to show for it.
    """

    file_path: str
    line_number: int | None = None
    label: str | None = None

    @property
    def source(self) -> str:
        """The place as people write it: ``file.py:12``."""
        return self.file_path if self.line_number is None else f"{self.file_path}:{self.line_number}"


class UrlCodeReference(Record, frozen=True, kw_only=True):
    """A place in code on the web.

    Args:
        url: The link.
        label: What to show for it.
    """

    url: str
    label: str | None = None

    @property
    def source(self) -> str:
        return self.url


class CodeReferencesMetadataValue(MetadataValue, frozen=True, kw_only=True):
    """Where the code of an asset is, in ``code_references``."""

    code_references: Sequence[LocalFileCodeReference | UrlCodeReference]

    def __post_init__(self) -> None:
        check.sequence_param(
            self.code_references, "code_references", of_type=(LocalFileCodeReference, UrlCodeReference)
        )

    @property
    def value(self) -> CodeReferencesMetadataValue:
        return self


# What JSON can hold


def _all_keys_text(value: Any, where: str = "") -> bool:
    """Return whether all keys are text already; raise when JSON cannot hold the value."""
    if value is None or isinstance(value, (str, int, float)):
        return True
    if isinstance(value, (list, tuple)):
        items = cast(Sequence[Any], value)
        found = [_all_keys_text(item, f"{where}[{index}]") for index, item in enumerate(items)]
        return all(found)
    if isinstance(value, Mapping):
        mapping = cast(Mapping[Any, Any], value)
        text_only = True
        for key, item in mapping.items():
            if not isinstance(key, str):
                if key is not None and not isinstance(key, (int, float)):
                    raise DagsterInvalidDefinitionError(
                        f"Value is not JSON serializable. {expected(f'each key{_at(where)}', 'a str', key)}"
                    )
                text_only = False
            text_only = _all_keys_text(item, f"{where}[{key!r}]") and text_only
        return text_only
    what = "a str, int, float, bool, None, list or dict"
    raise DagsterInvalidDefinitionError(
        f"Value is not JSON serializable. {expected(f'the value{_at(where)}', what, value)}"
    )


def _at(where: str) -> str:
    return f" at {where}" if where else ""


def _with_text_keys(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return [_with_text_keys(item) for item in cast(Sequence[Any], value)]
    if isinstance(value, Mapping):
        mapping = cast(Mapping[Any, Any], value)
        return {_key_text(key): _with_text_keys(item) for key, item in mapping.items()}
    return value


def _key_text(key: Any) -> str:
    if isinstance(key, str):
        return key
    if key is None:
        return "null"
    if isinstance(key, bool):
        return "true" if key else "false"
    return str(key)


#: The kinds whose stored form is decoded without a look at what it holds.
PlainMetadataValue = (
    TextMetadataValue
    | UrlMetadataValue
    | PathMetadataValue
    | NotebookMetadataValue
    | MarkdownMetadataValue
    | PythonArtifactMetadataValue
    | FloatMetadataValue
    | IntMetadataValue
    | BoolMetadataValue
    | TimestampMetadataValue
    | DagsterRunMetadataValue
    | NullMetadataValue
    | PoolMetadataValue
)
