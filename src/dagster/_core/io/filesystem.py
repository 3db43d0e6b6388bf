"""The I/O managers that pickle values into files."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from dagster._config.field import Field
from dagster._config.source import StringSource
from dagster._core.definitions.resource.config import resolve_definition_config
from dagster._core.errors import DagsterInvariantViolationError
from dagster._core.io.contexts import InputContext
from dagster._core.io.io_manager import IOManager, io_manager
from dagster._core.io.output_context import OutputContext
from dagster._core.io.path_guard import check_inside
from dagster._core.io.pickling import dump_bytes, load_bytes, read_pickle_file, write_pickle_file
from dagster._core.io.upath_manager import UPathIOManager, missing_file
from dagster._core.records.metadata import MetadataValue
from dagster._core.records.user_events import AssetMaterialization
from dagster._process.late_module import LateModule
from dagster._text import expected

if TYPE_CHECKING:
    from upath import UPath

    from dagster._core.io import whole_files
else:
    # For values that are kept on other machines.
    whole_files = LateModule("dagster._core.io.whole_files")

#: Addresses of these are on a local disk, where a file is seen while it is written.
_LOCAL_PROTOCOLS = frozenset({"", "file", "local"})


def base_path_of(base_dir: str | os.PathLike[str] | None, **options: Any) -> Any:
    """Return a base directory as a path: absolute and plain if it is local, else through fsspec.

    Args:
        base_dir: A directory or an fsspec address. Default: the working directory.
        **options: What fsspec needs to open the address.
    """
    if getattr(base_dir, "protocol", ""):  # a path of fsspec, and not a plain local one
        return base_dir
    if base_dir is not None and not isinstance(base_dir, (str, os.PathLike)):
        raise DagsterInvariantViolationError(expected("base_dir", "a path or an address", base_dir))
    if options or "://" in str(base_dir):
        from upath import UPath

        return UPath(base_dir or ".", **options)
    from pathlib import Path

    # Absolute now, so that an op that changes the working directory does not move the store.
    return Path(os.path.abspath(base_dir or "."))


class PickledObjectFilesystemIOManager(UPathIOManager):
    """Keep each value as a pickle file below a base directory.

    Files on a local disk appear as a whole or not at all, and take as long as a pickle takes.

    Args:
        base_dir: A directory, or an fsspec address such as ``s3://bucket/prefix``. Default: the
            working directory.
        **kwargs: Options that fsspec needs to open the address.
    """

    def __init__(self, base_dir: str | os.PathLike[str] | None = None, **kwargs: Any) -> None:
        self._base_path = base_path_of(base_dir, **kwargs)
        self.base_dir = str(self._base_path)

    def dump_to_path(self, context: OutputContext, obj: Any, path: UPath) -> None:
        """Pickle a value to a path."""
        dump_pickle(obj, path)

    def load_from_path(self, context: InputContext, path: UPath) -> Any:
        """Unpickle the value at a path."""
        return load_pickle(path)

    def _remove_earlier(self, path: UPath) -> None:
        # dump_pickle replaces the earlier file at the moment the new one is complete.
        pass


class CustomPathPickledObjectFilesystemIOManager(IOManager):
    """Keep each value as a pickle file whose path the output's metadata gives.

    Args:
        base_dir: The directory below which the paths are. Default: the working directory.
    """

    def __init__(self, base_dir: str | os.PathLike[str] | None = None, **kwargs: Any) -> None:
        self._base_path = base_path_of(base_dir, **kwargs)
        self.base_dir = str(self._base_path)

    def _path_of(self, output: OutputContext) -> Any:
        path = output.definition_metadata.get("path")
        if isinstance(path, MetadataValue):
            path = path.value
        if not isinstance(path, str) or not path:
            got = expected('metadata["path"]', "the path of its file below base_dir", path)
            raise DagsterInvariantViolationError(
                f'custom_path_fs_io_manager does not know where to keep the output "{output.name}" of '
                f'step "{output.step_key}": {got}. Give it on the output: '
                'Out(metadata={"path": "some/file.pickle"}).'
            )
        full = self._base_path.joinpath(path)
        check_inside(self._base_path, full)
        return full

    def handle_output(self, context: OutputContext, obj: Any) -> None:
        """Pickle a value to the path that the output's metadata gives."""
        path = self._path_of(context)
        path.parent.mkdir(parents=True, exist_ok=True)
        context.log.debug("Writing file at: %s", path)
        dump_pickle(obj, path)
        metadata = {"path": MetadataValue.path(str(path))}
        context.add_output_metadata(metadata)
        # The path is the user's own, so the file is something that others may look for.
        context.log_event(
            AssetMaterialization(
                [p for p in (context._job_name, context.step_key, context.name) if p],  # noqa: SLF001 - outside a run there is none
                metadata=metadata,
            )
        )

    def has_output(self, context: OutputContext) -> bool:
        """Return whether there is a file at the path that the output's metadata gives."""
        return self._path_of(context).exists()

    def load_input(self, context: InputContext) -> Any:
        """Unpickle the value from the path that the upstream output's metadata gives."""
        upstream = context.upstream_output
        if upstream is None:
            raise DagsterInvariantViolationError(
                f'custom_path_fs_io_manager cannot load the input "{context.name}": no output feeds it.'
            )
        path = self._path_of(upstream)
        context.log.debug("Loading file from: %s", path)
        try:
            return load_pickle(path)
        except FileNotFoundError as exc:
            raise missing_file(context, path) from exc


def dump_pickle(obj: Any, path: Any) -> None:
    """Pickle a value to a path, local or not; an earlier file is replaced at the end."""
    if hasattr(path, "fs") and path.protocol not in _LOCAL_PROTOCOLS:
        whole_files.write_whole(path, dump_bytes(obj))
    else:
        write_pickle_file(obj, getattr(path, "path", None) or os.fspath(path))


def load_pickle(path: Any) -> Any:
    """Unpickle the value at a path, local or not."""
    if hasattr(path, "fs"):
        return load_bytes(path.read_bytes(), str(path))
    return read_pickle_file(os.fspath(path))


def default_base_dir(instance: Any, who: str) -> str:
    """Return where the instance keeps values; say what to do when there is no instance."""
    if instance is None:
        raise DagsterInvariantViolationError(
            f"{who} has no base_dir and there is no instance to give one. Configure it, for example "
            f'{who}.configured({{"base_dir": "/some/dir"}}), or give an instance to '
            "build_init_resource_context."
        )
    return instance.storage_directory()


_BASE_DIR_SCHEMA = {
    "base_dir": Field(
        StringSource,
        is_required=False,
        description="The directory below which values are kept. Default: the storage directory of the "
        "instance.",
    )
}


@io_manager(config_schema=_BASE_DIR_SCHEMA, description="Pickles each value into a file of its own.")
def fs_io_manager(init_context: Any) -> PickledObjectFilesystemIOManager:
    """Keep outputs as pickle files below ``base_dir``.

    By default below the storage directory of the instance. A value of an asset is kept under the
    asset's key, any other under run id, step key and output name.
    """
    base_dir = init_context.resource_config.get("base_dir")
    return PickledObjectFilesystemIOManager(
        base_dir=base_dir or default_base_dir(init_context.instance, "fs_io_manager")
    )


@io_manager(description="Pickles each value into a file of its own.")
def default_io_manager(init_context: Any) -> PickledObjectFilesystemIOManager:
    """Keep outputs as ``fs_io_manager`` does: the I/O manager of jobs that give none.

    The documented schema of its config is any config; what is given must be that of ``fs_io_manager``.
    """
    config = resolve_definition_config(
        fs_io_manager, init_context.resource_config, "Error in config for the default I/O manager"
    )
    base_dir = config.get("base_dir")
    return PickledObjectFilesystemIOManager(
        base_dir=base_dir or default_base_dir(init_context.instance, "fs_io_manager")
    )


@io_manager(
    config_schema=_BASE_DIR_SCHEMA,
    description="Pickles each value into the file that the metadata of its output names.",
)
def custom_path_fs_io_manager(init_context: Any) -> CustomPathPickledObjectFilesystemIOManager:
    """Keep outputs as pickle files at the path that each output gives: ``metadata={"path": ...}``."""
    base_dir = init_context.resource_config.get("base_dir")
    return CustomPathPickledObjectFilesystemIOManager(
        base_dir=base_dir or default_base_dir(init_context.instance, "custom_path_fs_io_manager")
    )
