"""What the contexts of loading and of storing a value have in common."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, NoReturn, Self

import dagster._check as check
from dagster._core.definitions.resource.context_resources import ContextResources
from dagster._core.errors import DagsterInvariantViolationError

if TYPE_CHECKING:
    from dagster._core.records.asset_key import AssetKey

#: The run id of a context that was built without one.
EPHEMERAL_RUN_ID = "__EPHEMERAL_RUN_ID"


class PartitionedContext:
    """The partition of a value: which partitions of its asset an input or output stands for.

    Members read private attributes with defaults on the class, so that a subclass sets only what it
    knows, or overrides the attribute by a property that computes it when it is asked for.
    """

    #: How an instance is built and what it is the context of, for messages.
    _builder: str = ""
    _what: str = ""
    _asset_key: AssetKey | None = None
    _partition_key: str | None = None
    _asset_partitions_def: Any = None
    _asset_partitions_subset: Any = None
    _asset_partition_key_range: Any = None
    _asset_partitions_time_window: Any = None

    def _no_partition(self, member: str, why: str) -> NoReturn:
        raise DagsterInvariantViolationError(
            f"Tried to access {member}, but {why}. In a test, give partition_key to {self._builder}."
        )

    @property
    def has_partition_key(self) -> bool:
        """Whether the run is for one partition."""
        return self._partition_key is not None

    @property
    def partition_key(self) -> str:
        """The partition key of the run.

        Raises:
            DagsterInvariantViolationError: The run has no partition.
        """
        key = self._partition_key
        if key is None:
            self._no_partition("partition_key", "the run is not partitioned")
        return key

    @property
    def has_asset_partitions(self) -> bool:
        """Whether the value stands for one or more partitions of an asset."""
        return self._asset_partitions_subset is not None or (
            self._asset_key is not None and self._partition_key is not None
        )

    @property
    def asset_partitions_def(self) -> Any:
        """The partitions definition of the asset.

        Raises:
            DagsterInvariantViolationError: There is no asset, or it has no partitions definition.
        """
        if self._asset_partitions_def is None:
            self._no_partition(
                "asset_partitions_def",
                f"the {self._what} does not correspond to an asset with a partitions definition",
            )
        return self._asset_partitions_def

    @property
    def asset_partition_keys(self) -> Sequence[str]:
        """The partition keys of the asset that the value stands for.

        Raises:
            DagsterInvariantViolationError: The value stands for no partitions.
        """
        subset = self._asset_partitions_subset
        if subset is not None:
            return list(subset.get_partition_keys())
        if self._asset_key is None or self._partition_key is None:
            self._no_partition(
                "asset_partition_keys", f"the {self._what} does not correspond to a partitioned asset"
            )
        return [self._partition_key]

    @property
    def asset_partition_key(self) -> str:
        """The one partition key of the asset that the value stands for.

        Raises:
            DagsterInvariantViolationError: The value stands for none, or for several.
        """
        keys = self.asset_partition_keys
        if len(keys) != 1:
            raise DagsterInvariantViolationError(
                f"Tried to access asset_partition_key, but the {self._what} stands for {len(keys)} "
                "partitions. Use asset_partition_keys."
            )
        return keys[0]

    @property
    def asset_partition_key_range(self) -> Any:
        """The range of partition keys of the asset that the value stands for.

        Raises:
            DagsterInvariantViolationError: No range is known.
        """
        if self._asset_partition_key_range is None:
            self._no_partition(
                "asset_partition_key_range", f"no range of partition keys is known for the {self._what}"
            )
        return self._asset_partition_key_range

    @property
    def asset_partitions_time_window(self) -> Any:
        """The time window of the partitions that the value stands for.

        Raises:
            DagsterInvariantViolationError: The value is not partitioned by time.
        """
        if self._asset_partitions_time_window is None:
            self._no_partition(
                "asset_partitions_time_window",
                f"the {self._what} does not correspond to an asset partitioned by time",
            )
        return self._asset_partitions_time_window


class IOContext(PartitionedContext):
    """Base of :class:`InputContext` and :class:`OutputContext`.

    A subclass may set or override any of the private attributes; the constructor only sets those
    that differ from the defaults of the class.
    """

    _name: str | None = None
    _job_name: str | None = None
    _op_def: Any = None
    _config: Any = None
    _definition_metadata: Mapping[str, Any] | None = None
    _dagster_type: Any = None
    _log_manager: Any = None
    _step_context: Any = None
    _resource_config: Mapping[str, Any] | None = None
    #: An object with one attribute per resource key, or a ContextResources that makes one.
    _resources: Any = None

    def _missing(self, member: str, argument: str | None = None) -> NoReturn:
        """Refuse a member that was not given, and say how to give it."""
        how = (
            f"In a test, give it: {self._builder}({argument or member}=...)."
            if argument != ""
            else f"It only exists while a step runs, not on what {self._builder}() returns."
        )
        raise DagsterInvariantViolationError(
            f"Attempting to access {member}, but it was not provided when constructing the "
            f"{self._public_name}. {how}"
        )

    _public_name: str = "IOContext"

    @property
    def name(self) -> str:
        """The name of the input or output.

        Raises:
            DagsterInvariantViolationError: It was not given.
        """
        name = self._name
        if name is None:
            self._missing("name")
        return name

    @property
    def job_name(self) -> str:
        """The name of the job.

        Raises:
            DagsterInvariantViolationError: It was not given.
        """
        name = self._job_name
        if name is None:
            raise DagsterInvariantViolationError(
                "Attempting to access job_name, but it was not provided when constructing the "
                f"{self._public_name}. It only exists while a job runs, or when it is given: "
                f"{self._public_name}(job_name=...)."
            )
        return name

    @property
    def pipeline_name(self) -> str:
        """The older name of :attr:`job_name`."""
        return self.job_name

    @property
    def op_def(self) -> Any:
        """The definition of the op that the input or output belongs to.

        Raises:
            DagsterInvariantViolationError: It was not given.
        """
        if self._op_def is None:
            self._missing("op_def")
        return self._op_def

    @property
    def solid_def(self) -> Any:
        """The older name of :attr:`op_def`."""
        return self.op_def

    @property
    def config(self) -> Any:
        """The config of this input or output, per the manager's input or output config schema."""
        return self._config

    @property
    def definition_metadata(self) -> Mapping[str, Any]:
        """The metadata of the input or output definition, as the user wrote it."""
        return self._definition_metadata or {}

    @property
    def metadata(self) -> Mapping[str, Any]:
        """The older name of :attr:`definition_metadata`."""
        return self._definition_metadata or {}

    @property
    def dagster_type(self) -> Any:
        """The type of the value.

        Raises:
            DagsterInvariantViolationError: It was not given.
        """
        if self._dagster_type is None:
            self._missing("dagster_type")
        return self._dagster_type

    @property
    def has_nothing_type(self) -> bool:
        """Whether the value is of type Nothing, so that there is nothing to store or load."""
        dagster_type = self._dagster_type
        return dagster_type is not None and dagster_type.is_nothing

    @property
    def log(self) -> Any:
        """The log manager of the step.

        Raises:
            DagsterInvariantViolationError: It was not given.
        """
        if self._log_manager is None:
            raise DagsterInvariantViolationError(
                f"Attempting to access log, but it was not provided when constructing the "
                f"{self._public_name}. Use {self._builder}(), which has a console log, or give "
                f"{self._public_name}(log_manager=...)."
            )
        return self._log_manager

    @property
    def step_context(self) -> Any:
        """The context of the step that is running.

        Raises:
            DagsterInvariantViolationError: No step is running.
        """
        if self._step_context is None:
            self._missing("step_context", "")
        return self._step_context

    @property
    def resource_config(self) -> Mapping[str, Any] | None:
        """The config of the resource that made the manager."""
        return self._resource_config

    @property
    def resources(self) -> Any:
        """The resources that the manager requires, one attribute each.

        Raises:
            DagsterInvariantViolationError: They were not given, or one of them has a teardown and
                the context is used outside of a ``with`` block.
        """
        resources = self._resources
        if resources is None:
            self._missing("resources")
        if isinstance(resources, ContextResources):
            return resources.get()
        return resources

    @property
    def has_asset_key(self) -> bool:
        """Whether the input or output stands for an asset."""
        return self._asset_key is not None

    def emit_event(self, event_type: str, message: str, data: Any) -> None:
        """Write an event of the step that runs; the engine's contexts do. Outside of a step there is none.

        Args:
            event_type: The value of a ``DagsterEventType``.
            message: One sentence for people.
            data: The payload that the type of event has.
        """

    def _check_shared_arguments(self) -> None:
        """Check what a user gave to the constructor."""
        check.opt_str_param(self._name, "name")
        check.opt_str_param(self._job_name, "job_name")
        check.opt_mapping_param(self._definition_metadata, "definition_metadata", key_type=str)
        check.opt_mapping_param(self._resource_config, "resource_config", key_type=str)
        check.opt_str_param(self._partition_key, "partition_key")

    def __enter__(self) -> Self:
        if isinstance(self._resources, ContextResources):
            self._resources.open()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        if isinstance(self._resources, ContextResources):
            self._resources.close(exc_type, exc, tb)


def one_of(first: Any, second: Any, first_name: str, second_name: str) -> Any:
    """Return the one of two spellings that was given; refuse both."""
    if first is not None and second is not None:
        raise DagsterInvariantViolationError(
            f"expected {first_name} or {second_name}, got: both. {second_name} is the older name of "
            f"{first_name}: give {first_name} only."
        )
    return first if first is not None else second
