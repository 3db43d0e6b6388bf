"""System storages of 0.9: an intermediate storage and a file manager, made together."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, overload

import dagster._check as check
from dagster._core.io.file_manager import FileManager, LocalFileManager
from dagster._core.io.input_manager import is_function
from dagster._core.records.path_names import safe_part
from dagster._legacy.intermediate_storage import IntermediateStorage
from dagster._legacy.storage_definition import (
    BASE_DIR_SCHEMA,
    InitStorageContext,
    StorageDefinition,
    check_decorated,
    filesystem_storage,
    memory_storage,
    storage_directory,
)


class SystemStorageData:
    """What the function of a system storage returns.

    Args:
        intermediate_storage: Keeps the values between steps.
        file_manager: Gives access to files; None where there are none.
    """

    __slots__ = ("file_manager", "intermediate_storage")

    def __init__(
        self, intermediate_storage: IntermediateStorage, file_manager: FileManager | None
    ) -> None:
        self.intermediate_storage = check.inst_param(
            intermediate_storage, "intermediate_storage", IntermediateStorage
        )
        self.file_manager: FileManager | None = check.opt_inst_param(
            file_manager, "file_manager", FileManager
        )


class SystemStorageDefinition(StorageDefinition):
    """The definition of a system storage: a named way to keep values between steps and files.

    Most are made with :func:`system_storage`. From the "Execution" document.

    Args:
        name: The name under which run config chooses it, in ``storage``.
        is_persistent: Whether the values outlive the process, so that other processes find them.
        required_resource_keys: Keys of the resources that the function needs.
        config_schema: The schema of its config.
        system_storage_creation_fn: Takes an :class:`InitSystemStorageContext`, returns a
            :class:`SystemStorageData`.
        description: For people.

    Raises:
        DagsterInvalidDefinitionError: The name cannot be one, or the schema is none.
    """

    _what = "system storage"
    _creation_argument = "system_storage_creation_fn"

    def __init__(
        self,
        name: str,
        is_persistent: bool,
        required_resource_keys: AbstractSet[str] | None = None,
        config_schema: Any = None,
        system_storage_creation_fn: Callable[..., Any] | None = None,
        description: str | None = None,
    ) -> None:
        super().__init__(
            name,
            is_persistent,
            required_resource_keys,
            config_schema,
            system_storage_creation_fn,
            description,
        )

    @property
    def system_storage_creation_fn(self) -> Callable[..., Any] | None:
        """The function that makes the storage."""
        return self._creation_fn


class InitSystemStorageContext(InitStorageContext):
    """What the function of a system storage gets.

    Args:
        pipeline_def: The pipeline. None where a job uses the storage.
        mode_def: The mode. None where a job uses the storage.
        system_storage_def: The definition of the storage.
        pipeline_run: The run; None outside of one.
        instance: The instance of the run.
        environment_config: The validated run config.
        type_storage_plugin_registry: Accepted and not used.
        resources: The resources that the storage requires, as attributes.
        system_storage_config: The config of the storage.
    """

    def __init__(
        self,
        pipeline_def: Any = None,
        mode_def: Any = None,
        system_storage_def: SystemStorageDefinition | None = None,
        pipeline_run: Any = None,
        instance: Any = None,
        environment_config: Any = None,
        type_storage_plugin_registry: Any = None,
        resources: Any = None,
        system_storage_config: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(
            pipeline_def=pipeline_def,
            mode_def=mode_def,
            pipeline_run=pipeline_run,
            instance=instance,
            environment_config=environment_config,
            type_storage_plugin_registry=type_storage_plugin_registry,
            resources=resources,
        )
        self.system_storage_def = system_storage_def
        self.system_storage_config = system_storage_config


@overload
def system_storage(required_resource_keys: Callable[..., Any]) -> SystemStorageDefinition: ...


@overload
def system_storage(
    required_resource_keys: AbstractSet[str] | None = None,
    name: str | None = None,
    is_persistent: bool = True,
    config_schema: Any = None,
) -> Callable[[Callable[..., Any]], SystemStorageDefinition]: ...


def system_storage(
    required_resource_keys: Any = None,
    name: str | None = None,
    is_persistent: bool = True,
    config_schema: Any = None,
) -> Any:
    """Make a :class:`SystemStorageDefinition` of a function that makes a storage.

    The function takes an :class:`InitSystemStorageContext` and returns a :class:`SystemStorageData`.

    Args:
        required_resource_keys: Keys of the resources that the function needs.
        name: The name under which run config chooses it. Default: the name of the function.
        is_persistent: Whether the values outlive the process. Default: True.
        config_schema: The schema of its config.

    Returns:
        The definition; with arguments, a decorator that makes it.
    """
    if is_function(required_resource_keys):
        return system_storage()(required_resource_keys)

    def decorate(creation_fn: Callable[..., Any]) -> SystemStorageDefinition:
        check_decorated("@system_storage", creation_fn)
        return SystemStorageDefinition(
            name=name or creation_fn.__name__,
            is_persistent=is_persistent,
            required_resource_keys=required_resource_keys,
            config_schema=config_schema,
            system_storage_creation_fn=creation_fn,
            description=creation_fn.__doc__,
        )

    return decorate


def instance_file_manager(instance: Any, run_id: str) -> FileManager | None:
    """Return the file manager that a run has by default; None without an instance."""
    return None if instance is None else LocalFileManager.for_instance(instance, run_id)


def _memory(init_context: InitSystemStorageContext) -> SystemStorageData:
    # Files are files also where values stay in memory.
    return SystemStorageData(
        memory_storage(init_context), instance_file_manager(init_context.instance, init_context.run_id)
    )


def _filesystem(init_context: InitSystemStorageContext) -> SystemStorageData:
    base_dir = (init_context.system_storage_config or {}).get("base_dir")
    if base_dir:
        run_dir = os.path.join(storage_directory(init_context, base_dir), safe_part(init_context.run_id))
        files = LocalFileManager(os.path.join(run_dir, "files"))
    else:
        files = instance_file_manager(init_context.instance, init_context.run_id)
    return SystemStorageData(filesystem_storage(init_context, base_dir), files)


#: The storage ``in_memory``: values live as long as the run. From the "Execution" document.
mem_system_storage = SystemStorageDefinition(
    name="in_memory",
    is_persistent=False,
    required_resource_keys=None,
    system_storage_creation_fn=_memory,
    description="Keeps the values between steps in memory, within one process.",
)

#: The storage ``filesystem``: values and files below ``base_dir``. From the "Execution" document.
fs_system_storage = SystemStorageDefinition(
    name="filesystem",
    is_persistent=True,
    required_resource_keys=None,
    config_schema=BASE_DIR_SCHEMA,
    system_storage_creation_fn=_filesystem,
    description="Keeps the values between steps in files.",
)

#: What a mode offers that names no system storages. From the "Execution" document.
default_system_storage_defs: Sequence[SystemStorageDefinition] = [mem_system_storage, fs_system_storage]
