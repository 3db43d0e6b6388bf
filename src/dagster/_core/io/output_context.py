"""The context that an I/O manager gets with a value to store."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import dagster._check as check
from dagster._core.definitions.resource.context_resources import as_context_resources
from dagster._core.errors import DagsterInvariantViolationError
from dagster._core.io.context_base import IOContext, one_of
from dagster._core.records.asset_key import AssetKey
from dagster._core.records.metadata import MetadataValue, normalize_metadata
from dagster._core.records.user_events import AssetMaterialization, AssetObservation

if TYPE_CHECKING:
    from dagster._core.events.event import DagsterEvent


class OutputContext(IOContext):
    """The context of :meth:`IOManager.handle_output`: which output a value belongs to.

    While a step runs, the engine makes it. In a test, :func:`build_output_context` does.

    Args:
        step_key: The key of the step that made the value.
        name: The name of the output.
        job_name: The name of the job.
        run_id: The id of the run that made the value.
        definition_metadata: The metadata of the output definition.
        mapping_key: The mapping key of a dynamic output.
        config: The config of the output, per the manager's output config schema.
        dagster_type: The type of the output.
        log_manager: Where ``log`` writes.
        version: The version of the value, where values are kept by version.
        resource_config: The config of the resource that made the manager.
        resources: What the manager requires: a mapping of names to resources or values.
        step_context: The context of the running step.
        op_def: The definition of the op.
        asset_key: The asset that the output stands for.
        warn_on_step_context_use: Accepted and not used.
        partition_key: The partition key of the run.
        output_metadata: The metadata that the op gave with the value (``Output(metadata=...)``).
        asset_partitions_def: The partitions definition of the asset.
        asset_partitions_subset: The partitions of the asset that the value stands for.
        asset_spec: The specification of the asset.
        metadata: The older name of ``definition_metadata``.
        pipeline_name: The older name of ``job_name``.
        solid_def: The older name of ``op_def``.
    """

    _builder = "build_output_context"
    _what = "output"
    _public_name = "OutputContext"
    _step_key: str | None = None
    _run_id: str | None = None
    _mapping_key: str | None = None
    _version: str | None = None
    _output_metadata: Mapping[str, Any] | None = None
    _asset_spec: Any = None
    #: What handle_output logged; made when first needed.
    _logged_metadata: dict[str, MetadataValue] | None = None
    _user_events: list[AssetMaterialization | AssetObservation] | None = None
    _events: list[DagsterEvent] | None = None

    def __init__(
        self,
        step_key: str | None = None,
        name: str | None = None,
        job_name: str | None = None,
        run_id: str | None = None,
        definition_metadata: Mapping[str, Any] | None = None,
        mapping_key: str | None = None,
        config: object = None,
        dagster_type: Any = None,
        log_manager: Any = None,
        version: str | None = None,
        resource_config: Mapping[str, Any] | None = None,
        resources: Any = None,
        step_context: Any = None,
        op_def: Any = None,
        asset_key: AssetKey | None = None,
        warn_on_step_context_use: bool = False,
        partition_key: str | None = None,
        output_metadata: Mapping[str, Any] | None = None,
        asset_partitions_def: Any = None,
        asset_partitions_subset: Any = None,
        asset_spec: Any = None,
        metadata: Mapping[str, Any] | None = None,
        *,
        pipeline_name: str | None = None,
        solid_def: Any = None,
    ) -> None:
        self._step_key = check.opt_str_param(step_key, "step_key")
        self._name = name
        self._job_name = one_of(job_name, pipeline_name, "job_name", "pipeline_name")
        self._run_id = check.opt_str_param(run_id, "run_id")
        self._definition_metadata = one_of(
            definition_metadata, metadata, "definition_metadata", "metadata"
        )
        self._mapping_key = check.opt_str_param(mapping_key, "mapping_key")
        self._config = config
        self._dagster_type = dagster_type
        self._log_manager = log_manager
        self._version = check.opt_str_param(version, "version")
        self._resource_config = resource_config
        self._resources = as_context_resources(resources, self._builder)
        self._step_context = step_context
        self._op_def = one_of(op_def, solid_def, "op_def", "solid_def")
        self._asset_key = check.opt_inst_param(asset_key, "asset_key", AssetKey)
        self._partition_key = partition_key
        self._output_metadata = check.opt_mapping_param(output_metadata, "output_metadata", key_type=str)
        self._asset_partitions_def = asset_partitions_def
        self._asset_partitions_subset = asset_partitions_subset
        self._asset_spec = asset_spec
        self._check_shared_arguments()

    @property
    def step_key(self) -> str:
        """The key of the step that made the value.

        Raises:
            DagsterInvariantViolationError: It was not given.
        """
        key = self._step_key
        if key is None:
            self._missing("step_key")
        return key

    @property
    def run_id(self) -> str:
        """The id of the run that made the value.

        Raises:
            DagsterInvariantViolationError: It was not given.
        """
        run_id = self._run_id
        if run_id is None:
            self._missing("run_id")
        return run_id

    @property
    def mapping_key(self) -> str | None:
        """The mapping key that tells the values of one dynamic output apart, or None."""
        return self._mapping_key

    @property
    def version(self) -> str | None:
        """The version of the value, or None."""
        return self._version

    @property
    def output_metadata(self) -> Mapping[str, Any]:
        """The metadata that the op gave with the value: ``Output(value, metadata=...)``."""
        return self._output_metadata or {}

    @property
    def asset_key(self) -> AssetKey:
        """The asset that the output stands for.

        Raises:
            DagsterInvariantViolationError: It was not given.
        """
        key = self._asset_key
        if key is None:
            self._missing("asset_key")
        return key

    @property
    def asset_spec(self) -> Any:
        """The specification of the asset.

        Raises:
            DagsterInvariantViolationError: It was not given.
        """
        if self._asset_spec is None:
            self._missing("asset_spec")
        return self._asset_spec

    def get_run_scoped_output_identifier(self) -> Sequence[str]:
        """Return what tells this value from all others: run id, step key, output name, mapping key.

        Returns:
            ``[run_id, step_key, name]``, and the mapping key of a dynamic output at the end.

        Raises:
            DagsterInvariantViolationError: One of the parts was not given.
        """
        mapping_key = self._mapping_key
        if mapping_key is None:
            return [self.run_id, self.step_key, self.name]
        return [self.run_id, self.step_key, self.name, mapping_key]

    def get_output_identifier(self) -> Sequence[str]:
        """Return the identifier of the value by version where it has one, else within its run.

        Returns:
            ``["versioned_outputs", version, step_key, name]`` or what
            :meth:`get_run_scoped_output_identifier` returns.

        Raises:
            DagsterInvariantViolationError: A dynamic output has a version, or a part was not given.
        """
        version = self._version
        if version is None:
            return self.get_run_scoped_output_identifier()
        if self._mapping_key is not None:
            raise DagsterInvariantViolationError(
                f'Mapping key and version both provided for output "{self.name}" of step '
                f'"{self.step_key}". Dynamic outputs cannot be kept by version: give one of them.'
            )
        return ["versioned_outputs", version, self.step_key, self.name]

    def get_asset_identifier(self) -> Sequence[str]:
        """Return the path of the asset, and its partition where it has one.

        Raises:
            DagsterInvariantViolationError: The output stands for no asset.
        """
        path = list(self.asset_key.path)
        if self.has_asset_partitions:
            path.append(self.asset_partition_key)
        return path

    def get_asset_output_identifier(self) -> Sequence[str]:
        """The older name of :meth:`get_asset_identifier`."""
        return self.get_asset_identifier()

    def get_identifier(self) -> Sequence[str]:
        """Return the identifier under which a manager should keep the value.

        Returns:
            The asset's path and partition if the output stands for an asset, else the identifier of
            the output, by version or within the run.
        """
        if self._asset_key is not None:
            return self.get_asset_identifier()
        return self.get_output_identifier()

    def _build_event(self, event: AssetMaterialization | AssetObservation) -> DagsterEvent | None:
        """Return the step's event for a logged one; the engine's contexts override this.

        A context outside of a step has no event to give.
        """
        return None

    def log_event(self, event: AssetMaterialization | AssetObservation) -> None:
        """Log a materialization or observation from within ``handle_output``.

        Args:
            event: What to log.

        Raises:
            DagsterInvariantViolationError: It is something else.
        """
        if not isinstance(event, (AssetMaterialization, AssetObservation)):
            raise DagsterInvariantViolationError(
                "expected event to be an AssetMaterialization or AssetObservation, got: "
                f"{event!r} ({type(event).__name__})"
            )
        if self._user_events is None:
            self._user_events = []
        self._user_events.append(event)
        made = self._build_event(event)
        if made is not None:
            if self._events is None:
                self._events = []
            self._events.append(made)

    def consume_events(self) -> Iterator[DagsterEvent]:
        """Yield the step's events for what was logged since the last call, and forget them."""
        events, self._events = self._events, None
        yield from events or ()

    def get_logged_events(self) -> Sequence[AssetMaterialization | AssetObservation]:
        """Return all that was given to :meth:`log_event`, in order; what was yielded is not in it."""
        return list(self._user_events or ())

    def add_output_metadata(self, metadata: Mapping[str, Any]) -> None:
        """Add metadata to the event that tells that the output was stored.

        It may be called several times; each key can be set once.

        Args:
            metadata: Names to values.

        Raises:
            DagsterInvariantViolationError: A key was set before.
        """
        added = normalize_metadata(check.mapping_param(metadata, "metadata", key_type=str))
        logged = self._logged_metadata
        if logged is None:
            self._logged_metadata = dict(added)
            return
        again = sorted(logged.keys() & added.keys())
        if again:
            raise DagsterInvariantViolationError(
                f"Tried to add metadata for key(s) that already have metadata: {', '.join(again)}. "
                "Each key can be set once while an output is handled."
            )
        logged.update(added)

    def get_logged_metadata(self) -> Mapping[str, MetadataValue]:
        """Return the metadata added so far."""
        return dict(self._logged_metadata or {})

    def consume_logged_metadata(self) -> Mapping[str, MetadataValue]:
        """Return the metadata added so far, and forget it."""
        logged, self._logged_metadata = self._logged_metadata, None
        return logged or {}
