"""The base of I/O managers that keep each value in a file, on any file system that fsspec knows."""

from __future__ import annotations

import os
from abc import abstractmethod
from collections.abc import Mapping
from types import CoroutineType
from typing import TYPE_CHECKING, Any

from dagster._core.errors import DagsterInvariantViolationError
from dagster._core.io.contexts import InputContext
from dagster._core.io.io_manager import IOManager
from dagster._core.io.output_context import OutputContext
from dagster._core.io.path_guard import check_inside
from dagster._core.io.same_bytes import same_bytes
from dagster._core.records.metadata import MetadataValue
from dagster._core.records.path_names import safe_part, safe_parts
from dagster._text import expected

if TYPE_CHECKING:
    from pathlib import PurePath

    from upath import UPath


class UPathIOManager(IOManager):
    """Keep each value in a file below a base directory. Subclasses say how a file is written and read.

    A value of an asset is kept under the asset's key (and partition), any other under run id, step
    key and output name. Unsafe names are encoded, and nothing outside of the base directory is
    touched. A subclass implements :meth:`dump_to_path` and :meth:`load_from_path` (either may be a
    coroutine function) and may set :attr:`extension`.

    Args:
        base_path: The base directory: a path, or an fsspec address such as ``s3://bucket/prefix``.
            Default: the working directory.

    Example:
        .. code-block:: python

            class TextIOManager(UPathIOManager):
                extension = ".txt"

                def dump_to_path(self, context, obj, path):
                    path.write_text(obj)

                def load_from_path(self, context, path):
                    return path.read_text()
    """

    if TYPE_CHECKING:
        #: Appended to the name of each file, with its dot: ``".parquet"``.
        extension: str | None = None
    else:
        # Not annotated: it must not become a config field of a subclass that is a pydantic class too.
        extension = None
    #: The base directory as a path object. Not only set here: a subclass may make it a property.
    _base_path: Any = None

    def __init__(self, base_path: UPath | str | os.PathLike[str] | None = None) -> None:
        from upath import UPath

        if self.extension is not None and not self.extension.startswith("."):
            raise DagsterInvariantViolationError(
                expected(
                    f"extension of {type(self).__name__}",
                    'one with its dot, such as ".txt"',
                    self.extension,
                )
            )
        self._base_path = UPath("." if base_path is None else base_path)

    @abstractmethod
    def dump_to_path(self, context: OutputContext, obj: Any, path: UPath) -> Any:
        """Write a value to a path. The directory of the path exists.

        On a local disk half a file can be seen, and stays if the process is killed: where that would harm,
        write to another name beside it and rename it (:func:`os.replace`).
        """

    @abstractmethod
    def load_from_path(self, context: InputContext, path: UPath) -> Any:
        """Return the value that was written to a path."""

    @property
    def fs(self) -> Any:
        """The fsspec file system of the base directory."""
        fs = getattr(self._base_path, "fs", None)
        if fs is None:
            from fsspec.implementations.local import LocalFileSystem

            fs = LocalFileSystem()
        return fs

    @property
    def storage_options(self) -> Mapping[str, Any]:
        """The options with which the fsspec file system was opened."""
        return getattr(self._base_path, "storage_options", None) or {}

    def get_metadata(self, context: OutputContext, obj: Any) -> Mapping[str, Any]:
        """Return metadata about a value, to add to ``path`` on the output. Default: none."""
        return {}

    def unlink(self, path: UPath) -> None:
        """Remove the file of an earlier value."""
        path.unlink()

    def path_exists(self, path: UPath) -> bool:
        """Return whether something is stored at a path."""
        return path.exists()

    def make_directory(self, path: UPath) -> None:
        """Make a directory and those above it, if they are not there."""
        path.mkdir(parents=True, exist_ok=True)

    def has_output(self, context: OutputContext) -> bool:
        """Return whether a value is stored for an output."""
        return self.path_exists(self._path_of(context))

    def same_value(self, new: OutputContext, old: OutputContext) -> bool | None:
        """Return whether the files of two values hold the same bytes; None if one is not there.

        A value that is stored over the earlier one, as that of an asset is, cannot be compared.
        """
        return same_bytes(self._path_of(new), self._path_of(old))

    def get_asset_relative_path(self, context: InputContext | OutputContext) -> PurePath:
        """Return the path of an asset's value below the base directory, without extension."""
        from pathlib import PurePosixPath

        return PurePosixPath(*safe_parts(context.asset_key.path))

    def get_op_output_relative_path(self, context: InputContext | OutputContext) -> PurePath:
        """Return the path of an output's value below the base directory, without extension."""
        from pathlib import PurePosixPath

        return PurePosixPath(*safe_parts(context.get_identifier()))

    def get_path_for_partition(
        self, context: InputContext | OutputContext, path: UPath, partition: str
    ) -> UPath:
        """Return the path of one partition of an asset, without extension.

        Args:
            context: What is stored or loaded.
            path: The path of the asset.
            partition: The partition key, encoded so that it is one safe name.
        """
        return path / partition

    def get_loading_input_log_message(self, path: UPath) -> str:
        """Return what is logged when a value is loaded."""
        return f"Loading file from: {path} using {type(self).__name__}..."

    def get_writing_output_log_message(self, path: UPath) -> str:
        """Return what is logged when a value is stored."""
        return f"Writing file at: {path} using {type(self).__name__}..."

    def _path_of(self, context: InputContext | OutputContext) -> UPath:
        base = self._base_path
        if context.has_asset_key:
            path = base.joinpath(str(self.get_asset_relative_path(context)))
            if context.has_asset_partitions:
                partition = safe_part(context.asset_partition_key)
                path = self.get_path_for_partition(context, path, partition)
        else:
            path = base.joinpath(str(self.get_op_output_relative_path(context)))
        if self.extension is not None:
            path = path.parent / (path.name + self.extension)
        check_inside(base, path)
        return path

    def _remove_earlier(self, path: UPath) -> None:
        """Remove an earlier file. A directory stays: values with longer names may be in it."""
        if self.path_exists(path) and not path.is_dir():
            self.unlink(path)

    def handle_output(self, context: OutputContext, obj: Any) -> None:
        """Write a value to its file and add the path to the output's metadata.

        Raises:
            DagsterInvariantViolationError: The path would lead out of the base directory, or the
                output is of type Nothing and has a value.
        """
        if context.has_nothing_type:
            if obj is not None:
                raise DagsterInvariantViolationError(
                    f'The output "{context.name}" of step "{context.step_key}" is of type Nothing, '
                    f"{expected('its value', 'None', obj)}. Give the output another type to store the value."
                )
            return
        path = self._path_of(context)
        try:
            self.make_directory(path.parent)
        except (FileExistsError, NotADirectoryError) as exc:
            raise DagsterInvariantViolationError(
                f"Cannot store {describe(context)} at {path}: a part of that path is a file, the value "
                "of a shorter name. Rename one of them, or give each a base directory of its own."
            ) from exc
        self._remove_earlier(path)
        context.log.debug(self.get_writing_output_log_message(path))
        try:
            _finish(self.dump_to_path(context=context, obj=obj, path=path))
        except IsADirectoryError as exc:
            raise DagsterInvariantViolationError(
                f"Cannot store {describe(context)} at {path}: that is a directory, in which values with "
                "longer names are. Rename one of them, or give each a base directory of its own."
            ) from exc
        context.add_output_metadata(
            {"path": MetadataValue.path(str(path)), **self.get_metadata(context=context, obj=obj)}
        )

    def load_input(self, context: InputContext) -> Any:
        """Return the value of the upstream output or asset.

        Raises:
            FileNotFoundError: Nothing is stored there; the message says what was looked for, where.
            DagsterInvariantViolationError: The path would lead out of the base directory.
        """
        if context.has_nothing_type:
            return None
        path = self._path_of(context)
        context.log.debug(self.get_loading_input_log_message(path))
        try:
            return _finish(self.load_from_path(context=context, path=path))
        except FileNotFoundError as exc:
            if self.path_exists(path):  # another file, of which the subclass knows
                raise
            raise missing_file(context, path) from exc


def describe(context: InputContext | OutputContext) -> str:
    """Return what a context is about, for messages: the asset, or output, step and run."""
    if context.has_asset_key:
        partition = f', partition "{context.partition_key}"' if context.has_partition_key else ""
        return f'the asset "{context.asset_key.to_user_string()}"{partition}'
    output = context.upstream_output if isinstance(context, InputContext) else context
    if output is None:
        return f'the input "{context.name}"'
    key = f"[{output.mapping_key}]" if output.mapping_key is not None else ""
    return f'the output "{output.name}{key}" of step "{output.step_key}" in run {output.run_id}'


def missing_file(context: InputContext, path: object) -> FileNotFoundError:
    """Return the error that tells which value is missing, and where it was looked for."""
    return FileNotFoundError(
        f"No stored value for {describe(context)}: there is no file {path}. Either that step has not run, "
        "or it stored its value with another I/O manager or below another base directory."
    )


def _finish(result: Any) -> Any:
    """Return a result, waiting for it if a subclass gave a coroutine."""
    # Only coroutines: a loaded value may itself be something that can be awaited.
    if not isinstance(result, CoroutineType):
        return result
    import asyncio

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(result)
    # A loop runs in this thread already (an async op, a notebook): wait in a thread of its own.
    from concurrent.futures import ThreadPoolExecutor
    from contextvars import copy_context

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(copy_context().run, asyncio.run, result).result()
