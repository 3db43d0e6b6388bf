"""The filesystem I/O manager as a config class. Loads pydantic: imported when it is first asked for."""

from __future__ import annotations

from pydantic import Field

from dagster._core.definitions.resource.context import InitResourceContext
from dagster._core.io.filesystem import PickledObjectFilesystemIOManager, default_base_dir
from dagster._core.io.pythonic import ConfigurableIOManagerFactory


class FilesystemIOManager(ConfigurableIOManagerFactory[PickledObjectFilesystemIOManager]):
    """Keep outputs as pickle files below ``base_dir``.

    A value of an asset is kept under the asset's key, any other under run id, step key and output
    name.

    Args:
        base_dir: A directory, or an fsspec address such as ``s3://bucket/prefix``. Default: the
            storage directory of the instance.

    Example:
        .. code-block:: python

            Definitions(jobs=[my_job], resources={"io_manager": FilesystemIOManager(base_dir="/data")})
    """

    base_dir: str | None = Field(
        default=None,
        description="The directory below which values are kept. Default: the storage directory of the "
        "instance.",
    )

    def create_io_manager(self, context: InitResourceContext) -> PickledObjectFilesystemIOManager:
        """Return the manager of the directory.

        Args:
            context: The context of the set-up.
        """
        return PickledObjectFilesystemIOManager(
            base_dir=self.base_dir or default_base_dir(context.instance, "FilesystemIOManager")
        )
