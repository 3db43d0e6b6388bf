"""What user code yields, returns and raises to tell the engine something."""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Mapping, Sequence
from typing import Any, Generic, TypeVar, cast

from msgspec import structs

import dagster._check as check
from dagster._core.errors import DagsterInvalidDefinitionError
from dagster._core.records.asset_key import AssetKey, split_asset_name
from dagster._core.records.metadata import (
    NO_METADATA,
    MetadataEntry,
    MetadataValue,
    PathMetadataValue,
    either_metadata,
    metadata_entries_of,
)
from dagster._core.records.tags import normalize_asset_event_tags
from dagster._text import expected
from dagster._wire.record import Record, SlotRecord

T = TypeVar("T")

DEFAULT_OUTPUT = "result"
#: Metadata as users give it: values by label, or entries of the older interface.
GivenMetadata = Mapping[str, Any] | Sequence[MetadataEntry] | None

_MAPPING_KEY = re.compile(r"[A-Za-z0-9_]+")
_set = object.__setattr__


class DataVersion(Record, frozen=True):
    """A version of the data of an asset, compared as text.

    Args:
        value: The version.
    """

    value: str

    def __post_init__(self) -> None:
        check.str_param(self.value, "value")


class Output(Generic[T]):
    """A value of one output, with metadata.

    From the "ops, graphs, jobs" section of the interface. ``Output[int]`` is its type in annotations.

    Args:
        value: The value.
        output_name: The output it is for. Default: ``result``.
        metadata: Metadata of the output event.
        data_version: The version of the data, for outputs that are assets.
        tags: Tags of the asset event, for outputs that are assets.
        metadata_entries: Metadata as entries of the older interface.

    Raises:
        ParameterCheckError: If an argument is of a wrong type.
        DagsterInvalidDefinitionError: If a metadata value or a tag is not valid.
    """

    __slots__ = ("data_version", "metadata", "output_name", "tags", "value")

    value: T
    output_name: str
    metadata: Mapping[str, MetadataValue]
    data_version: DataVersion | None
    tags: Mapping[str, str] | None

    def __init__(
        self,
        value: T,
        output_name: str | None = DEFAULT_OUTPUT,
        metadata: GivenMetadata = None,
        data_version: DataVersion | None = None,
        *,
        tags: Mapping[str, str] | None = None,
        metadata_entries: Sequence[MetadataEntry] | None = None,
    ) -> None:
        self.value = value
        if output_name is not DEFAULT_OUTPUT:
            output_name = (
                check.opt_str_param(output_name, "output_name", DEFAULT_OUTPUT) or DEFAULT_OUTPUT
            )
        self.output_name = output_name
        if metadata is None and metadata_entries is None:
            self.metadata = NO_METADATA
        else:
            self.metadata = either_metadata(metadata, metadata_entries)
        if data_version is not None:
            check.inst_param(data_version, "data_version", DataVersion)
        self.data_version = data_version
        self.tags = None if tags is None else normalize_asset_event_tags(tags)

    @property
    def metadata_entries(self) -> list[MetadataEntry]:
        """The metadata as entries of the older interface."""
        return metadata_entries_of(self.metadata)

    def with_metadata(self, metadata: GivenMetadata) -> Output[T]:
        """Return a copy with other metadata."""
        return Output(self.value, self.output_name, metadata, self.data_version, tags=self.tags)

    def __eq__(self, other: object) -> bool:
        return _same_fields(self, other, Output)

    __hash__ = None  # pyright: ignore[reportAssignmentType]

    def __repr__(self) -> str:
        return (
            f"Output(value={self.value!r}, output_name={self.output_name!r}, metadata={self.metadata!r})"
        )


class DynamicOutput(Generic[T]):
    """One value of a dynamic output. ``DynamicOutput[int]`` is its type in annotations.

    Args:
        value: The value.
        mapping_key: What tells this value from the others: letters, digits and underscores. It
            becomes a part of step keys: ``op[key]``.
        output_name: The output it is for. Default: ``result``.
        metadata: Metadata of the output event.
        metadata_entries: Metadata as entries of the older interface.

    Raises:
        DagsterInvalidDefinitionError: If the mapping key or a metadata value is not valid.
    """

    __slots__ = ("mapping_key", "metadata", "output_name", "value")

    value: T
    mapping_key: str
    output_name: str
    metadata: Mapping[str, MetadataValue]

    def __init__(
        self,
        value: T,
        mapping_key: str,
        output_name: str | None = DEFAULT_OUTPUT,
        metadata: GivenMetadata = None,
        *,
        metadata_entries: Sequence[MetadataEntry] | None = None,
    ) -> None:
        self.value = value
        self.mapping_key = _valid_mapping_key(mapping_key)
        if output_name is not DEFAULT_OUTPUT:
            output_name = (
                check.opt_str_param(output_name, "output_name", DEFAULT_OUTPUT) or DEFAULT_OUTPUT
            )
        self.output_name = output_name
        if metadata is None and metadata_entries is None:
            self.metadata = NO_METADATA
        else:
            self.metadata = either_metadata(metadata, metadata_entries)

    @property
    def metadata_entries(self) -> list[MetadataEntry]:
        """The metadata as entries of the older interface."""
        return metadata_entries_of(self.metadata)

    def __eq__(self, other: object) -> bool:
        return _same_fields(self, other, DynamicOutput)

    __hash__ = None  # pyright: ignore[reportAssignmentType]

    def __repr__(self) -> str:
        return (
            f"DynamicOutput(value={self.value!r}, mapping_key={self.mapping_key!r}, "
            f"output_name={self.output_name!r}, metadata={self.metadata!r})"
        )


def _same_fields(one: object, other: object, cls: type[Output[Any]] | type[DynamicOutput[Any]]) -> bool:
    if not isinstance(other, cls):
        return NotImplemented
    other = cast(object, other)
    return all(getattr(one, name) == getattr(other, name) for name in cls.__slots__)


def _path_text(path: Any) -> str:
    if not isinstance(path, (str, os.PathLike)):
        raise check.ParameterCheckError(expected("path", "a str or a path", path))
    return os.fspath(cast("str | os.PathLike[str]", path))


def _valid_mapping_key(key: Any) -> str:
    if not isinstance(key, str):
        raise check.ParameterCheckError(expected("mapping_key", "a str", key))
    if _MAPPING_KEY.fullmatch(key) is None:
        raise DagsterInvalidDefinitionError(
            f'The mapping_key "{key}" is not a valid name in Dagster: expected letters, digits and '
            "underscores only, because it becomes a part of step keys. Names must be in regex "
            "^[A-Za-z0-9_]+$."
        )
    return key


class AssetEvent(SlotRecord):
    """What AssetMaterialization and AssetObservation have in common."""

    __slots__ = ("asset_key", "description", "metadata", "partition", "tags")

    asset_key: AssetKey
    description: str | None
    metadata: Mapping[str, MetadataValue]
    partition: str | None
    tags: Mapping[str, str] | None

    def __init__(
        self,
        asset_key: AssetKey | str | Sequence[str],
        description: str | None = None,
        metadata: GivenMetadata = None,
        partition: str | None = None,
        tags: Mapping[str, str] | None = None,
        *,
        metadata_entries: Sequence[MetadataEntry] | None = None,
    ) -> None:
        _set(self, "asset_key", _event_asset_key(asset_key))
        _set(self, "description", check.opt_str_param(description, "description"))
        _set(self, "metadata", either_metadata(metadata, metadata_entries))
        _set(self, "partition", check.opt_str_param(partition, "partition"))
        _set(self, "tags", None if tags is None else normalize_asset_event_tags(tags))

    @property
    def label(self) -> str:
        """The parts of the asset key, divided by spaces."""
        return " ".join(self.asset_key.parts)

    @property
    def metadata_entries(self) -> list[MetadataEntry]:
        """The metadata as entries of the older interface."""
        return metadata_entries_of(self.metadata)

    @property
    def data_version(self) -> str | None:
        """The version of the data, if a tag tells it."""
        return None if self.tags is None else self.tags.get("dagster/data_version")


def _event_asset_key(key: Any) -> AssetKey:
    """Return the key of an asset event. A str is split into parts at what is not a word, as ever."""
    if isinstance(key, str):
        return AssetKey(split_asset_name(key))
    return AssetKey.from_coercible(key)


class AssetMaterialization(AssetEvent):
    """The event that an asset was written.

    Args:
        asset_key: The asset. A str is split into parts at everything but letters, digits and ``_``.
        description: What was written, in words.
        metadata: Values to record with it.
        partition: The partition that was written.
        tags: Tags of the event.
        metadata_entries: Metadata as entries of the older interface.
    """

    __slots__ = ()

    @staticmethod
    def file(
        path: str | os.PathLike[str],
        description: str | None = None,
        asset_key: str | AssetKey | Sequence[str] | None = None,
    ) -> AssetMaterialization:
        """Return the event that a file was written.

        Args:
            path: The file; recorded as metadata.
            description: What was written, in words.
            asset_key: The asset. Default: a key made of the path.
        """
        text = _path_text(path)
        return AssetMaterialization(asset_key or text, description, {"path": PathMetadataValue(text)})


class AssetObservation(AssetEvent):
    """The event that something was learned about an asset without writing it.

    Args:
        asset_key: The asset. A str is split into parts at everything but letters, digits and ``_``.
        description: What was observed, in words.
        metadata: Values to record with it.
        partition: The partition that was observed.
        tags: Tags of the event.
        metadata_entries: Metadata as entries of the older interface.
    """

    __slots__ = ()


class Materialization(SlotRecord):
    """The older event that something was written. Deprecated: use :class:`AssetMaterialization`.

    Args:
        label: What was written. Default: the asset key.
        description: The same, in words.
        metadata_entries: Metadata as entries, or values by label.
        asset_key: The asset, if it is one.
        partition: The partition that was written.
        skip_deprecation_warning: Whether not to warn.
        tags: Tags of the event.
    """

    __slots__ = ("asset_key", "description", "label", "metadata", "partition", "tags")
    wire_fields = ("label", "description", "metadata", "asset_key", "partition", "tags")

    label: str
    description: str | None
    metadata: Mapping[str, MetadataValue]
    asset_key: AssetKey | None
    partition: str | None
    tags: Mapping[str, str] | None

    def __init__(
        self,
        label: str | None = None,
        description: str | None = None,
        metadata_entries: GivenMetadata = None,
        asset_key: AssetKey | str | Sequence[str] | None = None,
        partition: str | None = None,
        skip_deprecation_warning: bool = False,
        tags: Mapping[str, str] | None = None,
        *,
        metadata: GivenMetadata = None,
    ) -> None:
        key = None if asset_key is None else _event_asset_key(asset_key)
        if label is None and key is not None:
            label = " ".join(key.parts)
        elif label is None:
            raise check.ParameterCheckError(
                "expected Materialization to have a label or an asset_key, got: neither"
            )
        if metadata is None and not skip_deprecation_warning:
            warnings.warn(
                "Materialization is deprecated; yield AssetMaterialization with an asset_key instead.",
                DeprecationWarning,
                stacklevel=2,
            )
        _set(self, "label", check.str_param(label, "label"))
        _set(self, "description", check.opt_str_param(description, "description"))
        _set(self, "metadata", either_metadata(metadata_entries or metadata, None))
        _set(self, "asset_key", key)
        _set(self, "partition", check.opt_str_param(partition, "partition"))
        _set(self, "tags", None if tags is None else normalize_asset_event_tags(tags))

    @property
    def metadata_entries(self) -> list[MetadataEntry]:
        """The metadata as entries."""
        return metadata_entries_of(self.metadata)

    @staticmethod
    def file(
        path: str | os.PathLike[str],
        description: str | None = None,
        asset_key: str | AssetKey | Sequence[str] | None = None,
    ) -> Materialization:
        """Return the event that a file was written, labelled with its path."""
        text = _path_text(path)
        return Materialization(
            text,
            description,
            {"path": PathMetadataValue(text)},
            asset_key,
            skip_deprecation_warning=True,
        )


class ExpectationResult(SlotRecord):
    """The event that some expectation about data was met, or not.

    Args:
        success: Whether it was met.
        label: What was expected, in short. Default: ``result``.
        description: The same, in words.
        metadata: Values to record with it.
        metadata_entries: Metadata as entries of the older interface.
    """

    __slots__ = ("description", "label", "metadata", "success")
    wire_fields = ("success", "label", "description", "metadata")

    success: bool
    label: str
    description: str | None
    metadata: Mapping[str, MetadataValue]

    def __init__(
        self,
        success: bool,
        label: str | None = None,
        description: str | None = None,
        metadata: GivenMetadata = None,
        *,
        metadata_entries: Sequence[MetadataEntry] | None = None,
    ) -> None:
        _set(self, "success", check.bool_param(success, "success"))
        _set(self, "label", check.opt_str_param(label, "label", "result"))
        _set(self, "description", check.opt_str_param(description, "description"))
        _set(self, "metadata", either_metadata(metadata, metadata_entries))

    @property
    def metadata_entries(self) -> list[MetadataEntry]:
        """The metadata as entries of the older interface."""
        return metadata_entries_of(self.metadata)


class TypeCheck(SlotRecord):
    """The result of a type check. It never changes, so that one object may stand for every plain success.

    Args:
        success: Whether the value is of the type.
        description: Why, in words.
        metadata: Values to record with it.
        metadata_entries: Metadata as entries of the older interface.
    """

    __slots__ = ("description", "metadata", "success")
    wire_fields = ("success", "description", "metadata")

    success: bool
    description: str | None
    metadata: Mapping[str, MetadataValue]

    def __init__(
        self,
        success: bool,
        description: str | None = None,
        metadata: GivenMetadata = None,
        *,
        metadata_entries: Sequence[MetadataEntry] | None = None,
    ) -> None:
        _set(self, "success", check.bool_param(success, "success"))
        _set(self, "description", check.opt_str_param(description, "description"))
        _set(self, "metadata", either_metadata(metadata, metadata_entries))

    @property
    def metadata_entries(self) -> list[MetadataEntry]:
        """The metadata as entries of the older interface."""
        return metadata_entries_of(self.metadata)


class Failure(Exception):
    """Raised by user code to fail its step with a reason that can be read and queried.

    Args:
        description: Why, in words.
        metadata: Values to record with the failure.
        allow_retries: Whether the step's retry policy applies. Default: true.
        metadata_entries: Metadata as entries of the older interface.
    """

    def __init__(
        self,
        description: str | None = None,
        metadata: GivenMetadata = None,
        allow_retries: bool | None = None,
        *,
        metadata_entries: Sequence[MetadataEntry] | None = None,
    ) -> None:
        super().__init__(description)
        self.description: str | None = check.opt_str_param(description, "description")
        self.metadata: Mapping[str, MetadataValue] = either_metadata(metadata, metadata_entries)
        self.allow_retries: bool = check.opt_inst_param(allow_retries, "allow_retries", bool, True)

    @property
    def metadata_entries(self) -> list[MetadataEntry]:
        """The metadata as entries of the older interface."""
        return metadata_entries_of(self.metadata)

    def __str__(self) -> str:
        return self.description or ""


class RetryRequested(Exception):
    """Raised by user code to have its step tried again.

    Args:
        max_retries: How often it may be tried again in all. Default: 1.
        seconds_to_wait: Seconds before the next attempt. Default: none.
    """

    def __init__(self, max_retries: int | None = 1, seconds_to_wait: float | None = None) -> None:
        super().__init__()
        self.max_retries: int = 1 if max_retries is None else check.int_param(max_retries, "max_retries")
        self.seconds_to_wait: float | None = check.opt_numeric_param(seconds_to_wait, "seconds_to_wait")


class HookExecutionResult(Record, frozen=True):
    """What became of a hook.

    Args:
        hook_name: The hook.
        is_skipped: Whether it had nothing to do. Default: false.
    """

    hook_name: str
    is_skipped: bool | None = None

    def __post_init__(self) -> None:
        check.str_param(self.hook_name, "hook_name")
        if check.opt_inst_param(self.is_skipped, "is_skipped", bool) is None:
            structs.force_setattr(self, "is_skipped", False)
