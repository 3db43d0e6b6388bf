"""The context that an I/O manager or input manager gets when it loads a value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import dagster._check as check
from dagster._core.definitions.resource.context_resources import as_context_resources
from dagster._core.errors import DagsterInvariantViolationError
from dagster._core.io.context_base import IOContext, one_of
from dagster._core.io.output_context import OutputContext
from dagster._core.records.asset_key import AssetKey
from dagster._core.records.metadata import MetadataValue, normalize_metadata
from dagster._core.records.user_events import AssetObservation

if TYPE_CHECKING:
    from dagster._core.events.event import DagsterEvent


class InputContext(IOContext):
    """The context of ``load_input``: which input a value is loaded for, and where it came from.

    While a step runs, the engine makes it. In a test, :func:`build_input_context` does.

    Args:
        name: The name of the input.
        job_name: The name of the job.
        op_def: The definition of the op whose input is loaded.
        config: The config of the input, per the manager's input config schema.
        definition_metadata: The metadata of the input definition.
        upstream_output: The context of the output that made the value, if an output did.
        dagster_type: The type of the input.
        log_manager: Where ``log`` writes.
        resource_config: The config of the resource that made the manager.
        resources: What the manager requires: a mapping of names to resources or values.
        step_context: The context of the running step.
        asset_key: The asset that the input stands for.
        partition_key: The partition key of the run.
        asset_partitions_subset: The partitions of the asset to load.
        asset_partitions_def: The partitions definition of the asset.
        instance: The instance that the run is on.
        metadata: The older name of ``definition_metadata``.
        pipeline_name: The older name of ``job_name``.
        solid_def: The older name of ``op_def``.
    """

    _builder = "build_input_context"
    _what = "input"
    _public_name = "InputContext"
    _upstream_output: OutputContext | None = None
    _instance: Any = None
    #: What load_input logged; made when first needed.
    _logged_metadata: dict[str, MetadataValue] | None = None
    _observations: list[AssetObservation] | None = None
    _events: list[DagsterEvent] | None = None

    def __init__(
        self,
        *,
        name: str | None = None,
        job_name: str | None = None,
        op_def: Any = None,
        config: Any = None,
        definition_metadata: Mapping[str, Any] | None = None,
        upstream_output: OutputContext | None = None,
        dagster_type: Any = None,
        log_manager: Any = None,
        resource_config: Mapping[str, Any] | None = None,
        resources: Any = None,
        step_context: Any = None,
        asset_key: AssetKey | None = None,
        partition_key: str | None = None,
        asset_partitions_subset: Any = None,
        asset_partitions_def: Any = None,
        instance: Any = None,
        metadata: Mapping[str, Any] | None = None,
        pipeline_name: str | None = None,
        solid_def: Any = None,
    ) -> None:
        self._name = name
        self._job_name = one_of(job_name, pipeline_name, "job_name", "pipeline_name")
        self._op_def = one_of(op_def, solid_def, "op_def", "solid_def")
        self._config = config
        self._definition_metadata = one_of(
            definition_metadata, metadata, "definition_metadata", "metadata"
        )
        self._upstream_output = check.opt_inst_param(upstream_output, "upstream_output", OutputContext)
        self._dagster_type = dagster_type
        self._log_manager = log_manager
        self._resource_config = resource_config
        self._resources = as_context_resources(resources, self._builder)
        self._step_context = step_context
        self._asset_key = check.opt_inst_param(asset_key, "asset_key", AssetKey)
        self._partition_key = partition_key
        self._asset_partitions_subset = asset_partitions_subset
        self._asset_partitions_def = asset_partitions_def
        self._instance = instance
        self._check_shared_arguments()

    @property
    def has_input_name(self) -> bool:
        """Whether the input has a name; a value loaded outside of a step may have none."""
        return self._name is not None

    @property
    def upstream_output(self) -> OutputContext | None:
        """The context of the output that made the value, or None if no output did."""
        return self._upstream_output

    @property
    def instance(self) -> Any:
        """The instance that the run is on.

        Raises:
            DagsterInvariantViolationError: It was not given.
        """
        if self._instance is None:
            self._missing("instance")
        return self._instance

    @property
    def asset_key(self) -> AssetKey:
        """The asset that the input stands for.

        Raises:
            DagsterInvariantViolationError: The input stands for no asset.
        """
        key = self._asset_key
        if key is None:
            raise DagsterInvariantViolationError(
                "Attempting to access asset_key, but no asset is associated with this input. In a test, "
                "give it: build_input_context(asset_key=...)."
            )
        return key

    def get_asset_identifier(self) -> Sequence[str]:
        """Return the path of the asset, and its partition where it has one.

        Raises:
            DagsterInvariantViolationError: The input stands for no asset.
        """
        path = list(self.asset_key.path)
        if self.has_asset_partitions:
            path.append(self.asset_partition_key)
        return path

    def get_identifier(self) -> Sequence[str]:
        """Return the identifier under which a manager should look for the value.

        Returns:
            The asset's path and partition if the input stands for an asset, else the identifier of
            the upstream output.

        Raises:
            DagsterInvariantViolationError: There is neither an asset nor an upstream output.
        """
        if self._asset_key is not None:
            return self.get_asset_identifier()
        upstream = self._upstream_output
        if upstream is None:
            raise DagsterInvariantViolationError(
                "InputContext.upstream_output not defined. Cannot compute an identifier: no output and "
                "no asset feeds this input. In a test, give build_input_context("
                "upstream_output=build_output_context(...)) or build_input_context(asset_key=...)."
            )
        return upstream.get_identifier()

    def _build_event(self, event: AssetObservation) -> DagsterEvent | None:
        """Return the step's event for an observation; the engine's contexts override this."""
        return None

    def add_input_metadata(self, metadata: Mapping[str, Any], description: str | None = None) -> None:
        """Add metadata to the event that tells that the input was loaded.

        If the input stands for an asset, an observation of the asset carries the metadata too. A key
        that is set again takes the last value.

        Args:
            metadata: Names to values.
            description: The description of the observation.
        """
        added = normalize_metadata(check.mapping_param(metadata, "metadata", key_type=str))
        check.opt_str_param(description, "description")
        if self._logged_metadata is None:
            self._logged_metadata = {}
        self._logged_metadata.update(added)
        if self._asset_key is None:
            return
        partitions = self.asset_partition_keys if self.has_asset_partitions else [None]
        if self._observations is None:
            self._observations = []
        for partition in partitions:
            observation = AssetObservation(
                asset_key=self._asset_key,
                description=description,
                partition=partition,
                metadata=metadata,
            )
            self._observations.append(observation)
            made = self._build_event(observation)
            if made is not None:
                if self._events is None:
                    self._events = []
                self._events.append(made)

    def get_observations(self) -> Sequence[AssetObservation]:
        """Return the observations made by :meth:`add_input_metadata`, in order."""
        return list(self._observations or ())

    def consume_events(self) -> Iterator[DagsterEvent]:
        """Yield the step's events for the observations since the last call, and forget them."""
        events, self._events = self._events, None
        yield from events or ()

    def consume_logged_metadata(self) -> Mapping[str, MetadataValue]:
        """Return the metadata added so far, and forget it."""
        logged, self._logged_metadata = self._logged_metadata, None
        return logged or {}
