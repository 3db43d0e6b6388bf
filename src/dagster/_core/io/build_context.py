"""Contexts of I/O managers made by hand, to test a manager without a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from dagster._core.definitions.console_loggers import build_console_log_manager
from dagster._core.io.context_base import EPHEMERAL_RUN_ID, one_of
from dagster._core.io.contexts import InputContext
from dagster._core.io.output_context import OutputContext
from dagster._core.records.asset_key import AssetKey

#: The log of all contexts made by hand: it prints on stderr.
_log = cache(build_console_log_manager)


def _asset_key(asset_key: Any) -> AssetKey | None:
    return asset_key if asset_key is None or isinstance(asset_key, AssetKey) else AssetKey(asset_key)


def build_input_context(
    name: str | None = None,
    config: Any = None,
    definition_metadata: Mapping[str, Any] | None = None,
    upstream_output: OutputContext | None = None,
    dagster_type: Any = None,
    resource_config: Mapping[str, Any] | None = None,
    resources: Mapping[str, Any] | None = None,
    op_def: Any = None,
    step_context: Any = None,
    asset_key: AssetKey | str | Sequence[str] | None = None,
    partition_key: str | None = None,
    asset_partition_key_range: Any = None,
    asset_partitions_def: Any = None,
    instance: Any = None,
    metadata: Mapping[str, Any] | None = None,
) -> InputContext:
    """Make an :class:`InputContext`, to call ``load_input`` in a test.

    If one of the resources has a teardown, use it as a context manager:
    ``with build_input_context(resources={...}) as context:``.

    Args:
        name: The name of the input.
        config: The config of the input.
        definition_metadata: The metadata of the input definition.
        upstream_output: The context of the output to load, from :func:`build_output_context`.
        dagster_type: The type of the input.
        resource_config: The config of the manager's resource.
        resources: What the manager requires: names to resource definitions or values.
        op_def: The definition of the op.
        step_context: The context of a running step.
        asset_key: The asset to load.
        partition_key: The partition to load.
        asset_partition_key_range: The range of partitions to load.
        asset_partitions_def: The partitions definition of the asset.
        instance: The instance.
        metadata: The older name of ``definition_metadata``.

    Returns:
        The context.
    """
    context = InputContext(
        name=name,
        config=config,
        definition_metadata=one_of(definition_metadata, metadata, "definition_metadata", "metadata"),
        upstream_output=upstream_output,
        dagster_type=dagster_type,
        log_manager=_log(),
        resource_config=resource_config or {},
        resources=resources or {},
        op_def=op_def,
        step_context=step_context,
        asset_key=_asset_key(asset_key),
        partition_key=partition_key,
        asset_partitions_def=asset_partitions_def,
        instance=instance,
    )
    context._asset_partition_key_range = asset_partition_key_range  # noqa: SLF001 - same part
    return context


def build_output_context(
    step_key: str | None = None,
    name: str | None = None,
    definition_metadata: Mapping[str, Any] | None = None,
    run_id: str | None = None,
    mapping_key: str | None = None,
    config: Any = None,
    dagster_type: Any = None,
    version: str | None = None,
    resource_config: Mapping[str, Any] | None = None,
    resources: Any = None,
    op_def: Any = None,
    asset_key: AssetKey | str | Sequence[str] | None = None,
    partition_key: str | None = None,
    asset_partitions_def: Any = None,
    asset_partition_key_range: Any = None,
    instance: Any = None,
    asset_spec: Any = None,
    metadata: Mapping[str, Any] | None = None,
    output_metadata: Mapping[str, Any] | None = None,
) -> OutputContext:
    """Make an :class:`OutputContext`, to call ``handle_output`` in a test.

    If one of the resources has a teardown, use it as a context manager:
    ``with build_output_context(resources={...}) as context:``.

    Args:
        step_key: The key of the step that made the value.
        name: The name of the output.
        definition_metadata: The metadata of the output definition.
        run_id: The id of the run. Default: ``"__EPHEMERAL_RUN_ID"``.
        mapping_key: The mapping key of a dynamic output.
        config: The config of the output.
        dagster_type: The type of the output.
        version: The version of the value.
        resource_config: The config of the manager's resource.
        resources: What the manager requires: names to resource definitions or values.
        op_def: The definition of the op.
        asset_key: The asset to store.
        partition_key: The partition to store.
        asset_partitions_def: The partitions definition of the asset.
        asset_partition_key_range: The range of partitions to store.
        instance: Accepted for symmetry with :func:`build_input_context`; outputs do not use it.
        asset_spec: The specification of the asset.
        metadata: The older name of ``definition_metadata``.
        output_metadata: The metadata given with the value.

    Returns:
        The context.
    """
    context = OutputContext(
        step_key=step_key,
        name=name,
        run_id=run_id if run_id is not None else EPHEMERAL_RUN_ID,
        definition_metadata=one_of(definition_metadata, metadata, "definition_metadata", "metadata"),
        mapping_key=mapping_key,
        config=config,
        dagster_type=dagster_type,
        log_manager=_log(),
        version=version,
        resource_config=resource_config or {},
        resources={} if resources is None else resources,
        op_def=op_def,
        asset_key=_asset_key(asset_key),
        partition_key=partition_key,
        asset_partitions_def=asset_partitions_def,
        asset_spec=asset_spec,
        output_metadata=output_metadata,
    )
    context._asset_partition_key_range = asset_partition_key_range  # noqa: SLF001 - same part
    return context
