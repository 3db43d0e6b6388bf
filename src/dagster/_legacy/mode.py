"""ModeDefinition: what a pipeline runs with — resources, loggers, executors, storages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

import dagster._check as check
from dagster._core.definitions.console_loggers import default_loggers
from dagster._core.definitions.executor import ExecutorDefinition
from dagster._core.definitions.logger import LoggerDefinition
from dagster._core.definitions.naming import check_valid_name
from dagster._core.definitions.resource.definition import ResourceDefinition
from dagster._core.definitions.resource.wrap import wrap_resources_for_execution
from dagster._core.errors import DagsterInvalidDefinitionError
from dagster._core.executor.builtin import default_executors
from dagster._core.io.io_manager import IOManagerDefinition
from dagster._core.io.memory import mem_io_manager
from dagster._legacy.storage_definition import (
    IntermediateStorageDefinition,
    StorageDefinition,
    default_intermediate_storage_defs,
)
from dagster._legacy.system_storage import SystemStorageDefinition, default_system_storage_defs
from dagster._text import unknown

DEFAULT_MODE_NAME = "default"


class ModeDefinition:
    """A mode: the resources, loggers, executors and storages that a pipeline can run with.

    A pipeline has one or several modes; each run is in one of them.

    Args:
        name: Default: ``"default"``.
        resource_defs: Resources by key. The key ``io_manager`` stores the outputs of solids; by default
            they stay in memory.
        logger_defs: Loggers by name. Default: the console.
        executor_defs: The executors that run config can choose from. Default: :data:`default_executors`.
        description: For people.
        intermediate_storage_defs: The storages that run config can choose from. A mode with exactly one
            uses it. Default: in memory, and in files.
        system_storage_defs: The same of 0.9, under the key ``storage`` of the run config.

    Raises:
        DagsterInvalidDefinitionError: If two executors or storages have the same name.
    """

    __slots__ = (
        "description",
        "executor_defs",
        "given_logger_defs",
        "intermediate_storage_defs",
        "name",
        "resource_defs",
        "system_storage_defs",
    )

    def __init__(
        self,
        name: str | None = None,
        resource_defs: Mapping[str, Any] | None = None,
        logger_defs: Mapping[str, LoggerDefinition] | None = None,
        executor_defs: Sequence[ExecutorDefinition] | None = None,
        description: str | None = None,
        intermediate_storage_defs: Sequence[IntermediateStorageDefinition] | None = None,
        system_storage_defs: Sequence[SystemStorageDefinition] | None = None,
    ) -> None:
        self.name = check_valid_name(name, "mode name") if name is not None else DEFAULT_MODE_NAME
        self.resource_defs: Mapping[str, ResourceDefinition] = _with_io_manager(
            wrap_resources_for_execution(
                check.opt_mapping_param(resource_defs, "resource_defs", key_type=str)
            )
        )
        check.opt_mapping_param(logger_defs, "logger_defs", str, LoggerDefinition)
        self.given_logger_defs = logger_defs
        check.opt_sequence_param(executor_defs, "executor_defs", ExecutorDefinition)
        self.executor_defs: Sequence[ExecutorDefinition] = list(executor_defs or default_executors)
        self.description = check.opt_str_param(description, "description")
        check.opt_sequence_param(
            intermediate_storage_defs, "intermediate_storage_defs", IntermediateStorageDefinition
        )
        self.intermediate_storage_defs: Sequence[IntermediateStorageDefinition] = list(
            intermediate_storage_defs or default_intermediate_storage_defs
        )
        check.opt_sequence_param(system_storage_defs, "system_storage_defs", SystemStorageDefinition)
        self.system_storage_defs: Sequence[SystemStorageDefinition] = list(
            system_storage_defs or default_system_storage_defs
        )
        for what, defs in (
            ("executors", self.executor_defs),
            ("intermediate storages", self.intermediate_storage_defs),
            ("system storages", self.system_storage_defs),
        ):
            names = [d.name for d in defs]
            twice = next((n for n in names if names.count(n) > 1), None)
            if twice is not None:
                raise DagsterInvalidDefinitionError(
                    f'Mode "{self.name}" has two {what} with the name "{twice}". Run config chooses by '
                    "name, so names must differ."
                )

    @property
    def loggers(self) -> Mapping[str, LoggerDefinition]:
        """The loggers by name."""
        return self.given_logger_defs if self.given_logger_defs is not None else default_loggers()

    @property
    def resource_key_set(self) -> AbstractSet[str]:
        """The keys of the resources."""
        return frozenset(self.resource_defs)

    @property
    def only_storage_def(self) -> StorageDefinition | None:
        """The storage of a mode that offers exactly one, which is then used without being asked for."""
        for defs in (self.intermediate_storage_defs, self.system_storage_defs):
            if len(defs) == 1:
                return defs[0]
        return None

    def get_intermediate_storage_def(self, name: str) -> IntermediateStorageDefinition:
        """Return an intermediate storage by name.

        Raises:
            DagsterInvalidDefinitionError: If there is none.
        """
        return self._named("intermediate storage", name, self.intermediate_storage_defs)

    def get_system_storage_def(self, name: str) -> SystemStorageDefinition:
        """Return a system storage by name.

        Raises:
            DagsterInvalidDefinitionError: If there is none.
        """
        return self._named("system storage", name, self.system_storage_defs)

    def _named(self, what: str, name: str, defs: Sequence[Any]) -> Any:
        for definition in defs:
            if definition.name == name:
                return definition
        raise DagsterInvalidDefinitionError(
            f'Mode "{self.name}": {unknown(what, name, (d.name for d in defs))}'
        )

    @staticmethod
    def from_resources(resources: Mapping[str, Any], name: str | None = None) -> ModeDefinition:
        """Return a mode with ready objects as resources, for tests.

        Args:
            resources: Objects by key.
            name: The name of the mode.
        """
        return ModeDefinition(name=name, resource_defs=check.mapping_param(resources, "resources", str))

    def __repr__(self) -> str:
        return f"ModeDefinition({self.name!r})"


def _with_io_manager(
    resource_defs: Mapping[str, ResourceDefinition],
) -> Mapping[str, ResourceDefinition]:
    if "io_manager" in resource_defs:
        return resource_defs
    if "asset_store" in resource_defs:
        # 0.9.2x: the store has its config under its own key, and is what became the I/O manager.
        return {**resource_defs, "io_manager": _ASSET_STORE_AS_IO_MANAGER}
    return {"io_manager": mem_io_manager, **resource_defs}


_ASSET_STORE_AS_IO_MANAGER = IOManagerDefinition(
    resource_fn=lambda init_context: init_context.resources.asset_store,
    description='The resource "asset_store".',
    required_resource_keys={"asset_store"},
)
