"""The directory of an instance's files."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, Self

from dagster._config.source import StringSource
from dagster._core.records.path_names import safe_part
from dagster._serdes.config_class import ConfigurableClass, ConfigurableClassData


class LocalArtifactStorage(ConfigurableClass):
    """Where an instance keeps files: stored values, files of runs, logs of schedules.

    From the "Internals" document. Ids of runs become safe names, so that no path leaves the directory.

    Args:
        base_dir: The directory; made when something is written.
        inst_data: Where the object comes from.
    """

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._base_dir = base_dir
        self._inst_data = inst_data

    @property
    def inst_data(self) -> ConfigurableClassData | None:
        return self._inst_data

    @property
    def base_dir(self) -> str:
        """The directory."""
        return self._base_dir

    @property
    def storage_dir(self) -> str:
        """The directory of stored values."""
        return os.path.join(self._base_dir, "storage")

    @property
    def schedules_dir(self) -> str:
        """The directory of what schedules keep."""
        return os.path.join(self._base_dir, "schedules")

    def file_manager_dir(self, run_id: str) -> str:
        """Return the directory of a run's files."""
        return os.path.join(self.storage_dir, safe_part(run_id), "files")

    def intermediates_dir(self, run_id: str) -> str:
        """Return the directory of a run's intermediate values (older generation)."""
        return os.path.join(self.storage_dir, safe_part(run_id), "intermediates")

    @classmethod
    def config_type(cls) -> Any:
        return {"base_dir": StringSource}

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> Self:
        return cls(config_value["base_dir"], inst_data)

    def dispose(self) -> None:
        """Free what it holds: nothing."""
