"""Asset stores of 0.9.21 and 0.9.22: what came before I/O managers."""

from __future__ import annotations

import os
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

import dagster._check as check
from dagster._config.field import Field
from dagster._config.source import StringSource
from dagster._core.definitions.resource.decorator import resource
from dagster._core.definitions.resource.definition import ResourceDefinition
from dagster._core.errors import DagsterInvariantViolationError, DagsterStepOutputNotFoundError
from dagster._core.io.contexts import InputContext
from dagster._core.io.filesystem import default_base_dir
from dagster._core.io.io_manager import IOManager, IOManagerDefinition
from dagster._core.io.output_context import OutputContext
from dagster._core.io.path_guard import check_local
from dagster._core.io.pickling import read_pickle_file, write_pickle_file
from dagster._core.records.metadata import MetadataValue
from dagster._core.records.path_names import safe_parts
from dagster._text import expected
from dagster._wire.record import Record


class AssetStoreContext(Record, frozen=True):
    """The context of an asset store: which output a value belongs to. From the "Execution" document.

    Args:
        step_key: The key of the step that made the value.
        output_name: The name of the output.
        asset_metadata: The metadata of the output definition.
        pipeline_name: The name of the pipeline.
        solid_def: The definition of the solid.
        source_run_id: The id of the run that made the value.
        mapping_key: The mapping key of a value of a dynamic output.
    """

    step_key: str
    output_name: str
    asset_metadata: Mapping[str, Any]
    pipeline_name: str
    solid_def: Any
    source_run_id: str | None = None
    mapping_key: str | None = None

    def get_run_scoped_output_identifier(self) -> Sequence[str]:
        """Return what tells this value from all others: run id, step key, output name, mapping key.

        Raises:
            DagsterInvariantViolationError: The run is not known.
        """
        if self.source_run_id is None:
            raise DagsterInvariantViolationError(
                f'The output "{self.output_name}" of step "{self.step_key}" has no identifier: the '
                "AssetStoreContext was made without a source_run_id."
            )
        parts = [self.source_run_id, self.step_key, self.output_name]
        return parts if self.mapping_key is None else [*parts, self.mapping_key]


def context_of_output(output: OutputContext) -> AssetStoreContext:
    """Return the context that an asset store gets for an output."""
    return AssetStoreContext(
        step_key=output.step_key,
        output_name=output.name,
        asset_metadata=output.definition_metadata,
        pipeline_name=output.job_name,
        solid_def=output.op_def,
        source_run_id=output.run_id,
        mapping_key=output.mapping_key,
    )


class AssetStore(IOManager):
    """Base of asset stores: an implementer gives ``set_asset`` and ``get_asset``.

    It is an I/O manager too, so that a resource that makes one can be the ``io_manager_key`` of an
    output, or stand under ``io_manager``.
    """

    @abstractmethod
    def set_asset(self, context: AssetStoreContext, obj: Any) -> Any:
        """Store the value of an output. It may return or yield materializations.

        Args:
            context: Which output.
            obj: The value.
        """

    @abstractmethod
    def get_asset(self, context: AssetStoreContext) -> Any:
        """Return the value of an output.

        Args:
            context: Which output.
        """

    def handle_output(self, context: OutputContext, obj: Any) -> Any:
        """Store the value of an output with :meth:`set_asset`."""
        return self.set_asset(context_of_output(context), obj)

    def load_input(self, context: InputContext) -> Any:
        """Return the value of the upstream output with :meth:`get_asset`."""
        upstream = context.upstream_output
        if upstream is None:
            raise DagsterInvariantViolationError(
                f'An asset store cannot load the input "{context.name}": no output feeds it. Give the '
                "input a root_manager_key, a type with a loader and config, or a default value."
            )
        return self.get_asset(context_of_output(upstream))


def _missing(context: AssetStoreContext, where: str, advice: str) -> DagsterStepOutputNotFoundError:
    keyed = f' with mapping key "{context.mapping_key}"' if context.mapping_key is not None else ""
    return DagsterStepOutputNotFoundError(
        f'The asset store has no value of output "{context.output_name}"{keyed} of step '
        f'"{context.step_key}" of run {context.source_run_id}: looked in {where}. {advice}',
        step_key=context.step_key,
        output_name=context.output_name,
    )


class InMemoryAssetStore(AssetStore):
    """Keep values in a dict, for as long as the store lives."""

    def __init__(self) -> None:
        #: Identifier of the output to its value.
        self.values: dict[tuple[str, ...], Any] = {}

    def set_asset(self, context: AssetStoreContext, obj: Any) -> None:
        """Keep a value under the identifier of its output."""
        self.values[tuple(context.get_run_scoped_output_identifier())] = obj

    def get_asset(self, context: AssetStoreContext) -> Any:
        """Return a value.

        Raises:
            DagsterStepOutputNotFoundError: The store never got it.
        """
        try:
            return self.values[tuple(context.get_run_scoped_output_identifier())]
        except KeyError:
            raise _missing(
                context,
                "memory",
                "It only keeps what was made in this process and run: use fs_asset_store for values "
                "that outlive them.",
            ) from None


class PickledObjectFilesystemAssetStore(AssetStore):
    """Keep each value as a pickle file below a base directory: ``RUN_ID/STEP_KEY/OUTPUT_NAME``.

    Args:
        base_dir: The directory.
    """

    def __init__(self, base_dir: str) -> None:
        self.base_dir = os.path.abspath(check.str_param(base_dir, "base_dir"))

    def _path(self, context: AssetStoreContext) -> str:
        path = os.path.join(self.base_dir, *safe_parts(context.get_run_scoped_output_identifier()))
        check_local(self.base_dir, path)
        return path

    def set_asset(self, context: AssetStoreContext, obj: Any) -> None:
        """Pickle a value into the file of its output.

        Raises:
            DagsterInvariantViolationError: It cannot be pickled, or the file is outside of the base
                directory.
        """
        path = self._path(context)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        write_pickle_file(obj, path)

    def get_asset(self, context: AssetStoreContext) -> Any:
        """Unpickle a value from the file of its output.

        Raises:
            DagsterStepOutputNotFoundError: There is no such file.
        """
        path = self._path(context)
        try:
            return read_pickle_file(path)
        except FileNotFoundError:
            if os.path.exists(path):
                raise
            raise _missing(
                context,
                path,
                "Run that step again, or look whether the store has the same base_dir as when it ran.",
            ) from None


class CustomPathPickledObjectFilesystemAssetStore(PickledObjectFilesystemAssetStore):
    """Keep each value as a pickle file whose path the metadata of its output gives.

    Args:
        base_dir: The directory below which the paths are.
    """

    def _path(self, context: AssetStoreContext) -> str:
        given = context.asset_metadata.get("path")
        if isinstance(given, MetadataValue):
            given = given.value
        if not isinstance(given, str) or not given:
            got = expected('metadata["path"]', "the path of its file below base_dir", given)
            raise DagsterInvariantViolationError(
                "custom_path_fs_asset_store does not know where to keep the output "
                f'"{context.output_name}" of step "{context.step_key}": {got}. Give it on the output: '
                'OutputDefinition(metadata={"path": "some/file.pickle"}).'
            )
        path = os.path.join(self.base_dir, given)
        check_local(self.base_dir, path)
        return path


_BASE_DIR_SCHEMA = {
    "base_dir": Field(
        StringSource,
        is_required=False,
        description="The directory below which values are kept. Default: the storage directory of the "
        "instance.",
    )
}


@resource(description="Keeps values in memory, within one process.")
def mem_asset_store(_: object) -> InMemoryAssetStore:
    """Keep outputs in memory. The older form of ``mem_io_manager``."""
    return InMemoryAssetStore()


@resource(config_schema=_BASE_DIR_SCHEMA, description="Pickles each value into a file of its own.")
def fs_asset_store(init_context: Any) -> PickledObjectFilesystemAssetStore:
    """Keep outputs as pickle files below ``base_dir``. The older form of ``fs_io_manager``."""
    base_dir = init_context.resource_config.get("base_dir")
    return PickledObjectFilesystemAssetStore(
        base_dir or default_base_dir(init_context.instance, "fs_asset_store")
    )


@resource(
    config_schema=_BASE_DIR_SCHEMA,
    description="Pickles each value into the file that the metadata of its output names.",
)
def custom_path_fs_asset_store(init_context: Any) -> CustomPathPickledObjectFilesystemAssetStore:
    """Keep outputs as pickle files at the path that each output gives: ``metadata={"path": ...}``.

    The older form of ``custom_path_fs_io_manager``.
    """
    base_dir = init_context.resource_config.get("base_dir")
    return CustomPathPickledObjectFilesystemAssetStore(
        base_dir or default_base_dir(init_context.instance, "custom_path_fs_asset_store")
    )


def io_manager_from_asset_store(asset_store: ResourceDefinition | AssetStore) -> IOManagerDefinition:
    """Make an I/O manager of an asset store, so that it can stand under the key ``io_manager``.

    Args:
        asset_store: The resource that makes the store (its config is then that of the I/O manager), or
            the store itself.
    """
    if isinstance(asset_store, AssetStore):
        return IOManagerDefinition.hardcoded_io_manager(asset_store)
    definition: ResourceDefinition = check.inst_param(asset_store, "asset_store", ResourceDefinition)
    return IOManagerDefinition(
        resource_fn=definition.resource_fn,
        config_schema=definition.config_schema,
        description=definition.description,
        required_resource_keys=definition.required_resource_keys,
        version=definition.version,
    )
