"""Definitions of intermediate storages: what a mode offers and run config chooses by name."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, NoReturn, Self, overload

import dagster._check as check
from dagster._config.configurable import (
    AnonymousConfigurableDefinition,
    ConfiguredDefinitionConfigSchema,
    convert_user_config_schema,
)
from dagster._config.field import Field
from dagster._config.source import StringSource
from dagster._core.definitions.naming import check_valid_name
from dagster._core.definitions.resource.scoped import NO_RESOURCES
from dagster._core.errors import DagsterInvalidDefinitionError
from dagster._core.io.context_base import EPHEMERAL_RUN_ID
from dagster._core.io.input_manager import is_function
from dagster._core.records.path_names import safe_part
from dagster._legacy.intermediate_storage import IntermediateStorage, ObjectStoreIntermediateStorage
from dagster._legacy.object_store import FilesystemObjectStore, InMemoryObjectStore, ObjectStore
from dagster._text import expected

#: The config of the storages that keep values in files.
BASE_DIR_SCHEMA = {
    "base_dir": Field(
        StringSource,
        is_required=False,
        description="The directory below which values are kept. Default: the storage directory of the "
        "instance.",
    )
}


class StorageDefinition(AnonymousConfigurableDefinition):
    """What definitions of intermediate storages and of system storages have in common.

    Args:
        name: The name under which run config chooses it.
        is_persistent: Whether the values outlive the process.
        required_resource_keys: Keys of the resources that the function needs.
        config_schema: The schema of its config.
        creation_fn: Makes the storage, from its init context.
        description: For people.
    """

    #: What the definition is of, for messages.
    _what: str = ""
    #: The argument that the creation function is given as, for messages.
    _creation_argument: str = ""

    def __init__(
        self,
        name: str,
        is_persistent: bool,
        required_resource_keys: AbstractSet[str] | None,
        config_schema: Any,
        creation_fn: Callable[..., Any] | None,
        description: str | None,
    ) -> None:
        self._name = check_valid_name(name, f"{self._what} name")
        self._is_persistent = check.bool_param(is_persistent, "is_persistent")
        keys = check.opt_set_param(required_resource_keys, "required_resource_keys", str)
        self._required_resource_keys = frozenset(keys)
        self._config_schema = convert_user_config_schema(config_schema)
        self._creation_fn = check.opt_callable_param(creation_fn, self._creation_argument)
        self._description = check.opt_str_param(description, "description")

    @property
    def name(self) -> str:
        """The name under which run config chooses the storage."""
        return self._name

    @property
    def description(self) -> str | None:
        """What the storage is, for people."""
        return self._description

    @property
    def is_persistent(self) -> bool:
        """Whether the values outlive the process."""
        return self._is_persistent

    @property
    def required_resource_keys(self) -> frozenset[str]:
        """Keys of the resources that the storage needs."""
        return self._required_resource_keys

    @property
    def is_preconfigured(self) -> bool:
        """Whether ``configured`` made this definition."""
        return isinstance(self._config_schema, ConfiguredDefinitionConfigSchema)

    def create(self, context: Any) -> Any:
        """Return what the creation function makes.

        Raises:
            DagsterInvalidDefinitionError: There is no such function.
        """
        if self._creation_fn is None:
            raise DagsterInvalidDefinitionError(
                f'The {self._what} "{self._name}" has no function that makes it: give '
                f"{self._creation_argument}."
            )
        return self._creation_fn(context)

    def refuse_made(self, what: str, made: object) -> NoReturn:
        """Refuse what the creation function made."""
        raise check.ParameterCheckError(
            expected(f'what the function of the {self._what} "{self._name}" returns', what, made)
        )

    def _copy_arguments(self, description: str | None, config_schema: Any) -> dict[str, Any]:
        return {
            "name": self._name,
            "is_persistent": self._is_persistent,
            "required_resource_keys": self._required_resource_keys,
            "config_schema": config_schema,
            self._creation_argument: self._creation_fn,
            "description": description or self._description,
        }

    def copy_for_configured(self, description: str | None, config_schema: Any) -> Self:
        return type(self)(**self._copy_arguments(description, config_schema))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._name!r})"


class IntermediateStorageDefinition(StorageDefinition):
    """The definition of an intermediate storage: a named way to keep the values between steps.

    Most are made with :func:`intermediate_storage`. From the "Execution" document.

    Args:
        name: The name under which run config chooses it, in ``intermediate_storage``.
        is_persistent: Whether the values outlive the process, so that other processes find them.
        required_resource_keys: Keys of the resources that the function needs.
        config_schema: The schema of its config.
        intermediate_storage_creation_fn: Takes an :class:`InitIntermediateStorageContext`, returns an
            :class:`IntermediateStorage`.
        description: For people.

    Raises:
        DagsterInvalidDefinitionError: The name cannot be one, or the schema is none.
    """

    _what = "intermediate storage"
    _creation_argument = "intermediate_storage_creation_fn"

    def __init__(
        self,
        name: str,
        is_persistent: bool,
        required_resource_keys: AbstractSet[str] | None = None,
        config_schema: Any = None,
        intermediate_storage_creation_fn: Callable[..., Any] | None = None,
        description: str | None = None,
    ) -> None:
        super().__init__(
            name,
            is_persistent,
            required_resource_keys,
            config_schema,
            intermediate_storage_creation_fn,
            description,
        )

    @property
    def intermediate_storage_creation_fn(self) -> Callable[..., Any] | None:
        """The function that makes the storage."""
        return self._creation_fn


class InitStorageContext:
    """What the functions of intermediate storages and of system storages are told alike.

    Args:
        pipeline_def: The pipeline. None where a job uses the storage.
        mode_def: The mode. None where a job uses the storage.
        pipeline_run: The run; None outside of one.
        instance: The instance of the run.
        environment_config: The validated run config; in 0.11 it is called ``resolved_run_config``.
        type_storage_plugin_registry: Accepted and not used.
        resources: The resources that the storage requires, as attributes.
    """

    def __init__(
        self,
        *,
        pipeline_def: Any = None,
        mode_def: Any = None,
        pipeline_run: Any = None,
        instance: Any = None,
        environment_config: Any = None,
        type_storage_plugin_registry: Any = None,
        resources: Any = None,
    ) -> None:
        self.pipeline_def = pipeline_def
        self.mode_def = mode_def
        self.pipeline_run = pipeline_run
        self.instance = instance
        self.environment_config = environment_config
        self.type_storage_plugin_registry = type_storage_plugin_registry
        self.resources = NO_RESOURCES if resources is None else resources

    @property
    def resolved_run_config(self) -> Any:
        """The newer name of ``environment_config``."""
        return self.environment_config

    @property
    def run_id(self) -> str:
        """The id of the run; outside of one, a placeholder."""
        return EPHEMERAL_RUN_ID if self.pipeline_run is None else self.pipeline_run.run_id


class InitIntermediateStorageContext(InitStorageContext):
    """What the function of an intermediate storage gets.

    Args:
        pipeline_def: The pipeline. None where a job uses the storage.
        mode_def: The mode. None where a job uses the storage.
        intermediate_storage_def: The definition of the storage.
        pipeline_run: The run; None outside of one.
        instance: The instance of the run.
        environment_config: The validated run config.
        type_storage_plugin_registry: Accepted and not used.
        resources: The resources that the storage requires, as attributes.
        intermediate_storage_config: The config of the storage.
        resolved_run_config: The newer name of ``environment_config``.
    """

    def __init__(
        self,
        pipeline_def: Any = None,
        mode_def: Any = None,
        intermediate_storage_def: IntermediateStorageDefinition | None = None,
        pipeline_run: Any = None,
        instance: Any = None,
        environment_config: Any = None,
        type_storage_plugin_registry: Any = None,
        resources: Any = None,
        intermediate_storage_config: Mapping[str, Any] | None = None,
        *,
        resolved_run_config: Any = None,
    ) -> None:
        super().__init__(
            pipeline_def=pipeline_def,
            mode_def=mode_def,
            pipeline_run=pipeline_run,
            instance=instance,
            environment_config=resolved_run_config if environment_config is None else environment_config,
            type_storage_plugin_registry=type_storage_plugin_registry,
            resources=resources,
        )
        self.intermediate_storage_def = intermediate_storage_def
        self.intermediate_storage_config = intermediate_storage_config


def default_root_for_run_id(run_id: str) -> str:
    """Return where the keys of a run start: ``dagster/storage/RUN_ID``."""
    return f"dagster/storage/{safe_part(run_id)}"


def build_intermediate_storage_from_object_store(
    object_store: ObjectStore,
    init_context: InitStorageContext,
    root_for_run_id: Callable[[str], str] = default_root_for_run_id,
) -> ObjectStoreIntermediateStorage:
    """Return the intermediate storage of a run over an object store.

    Args:
        object_store: Where the values are kept.
        init_context: The context that the function of the storage got.
        root_for_run_id: From the id of a run to the start of its keys. Default:
            ``dagster/storage/RUN_ID``.
    """
    check.inst_param(init_context, "init_context", InitStorageContext)
    return ObjectStoreIntermediateStorage(object_store, init_context.run_id, root_for_run_id)


StorageFunction = Callable[..., Any]


@overload
def intermediate_storage(
    required_resource_keys: Callable[..., Any],
) -> IntermediateStorageDefinition: ...


@overload
def intermediate_storage(
    required_resource_keys: AbstractSet[str] | None = None,
    name: str | None = None,
    is_persistent: bool = True,
    config_schema: Any = None,
) -> Callable[[Callable[..., Any]], IntermediateStorageDefinition]: ...


def intermediate_storage(
    required_resource_keys: Any = None,
    name: str | None = None,
    is_persistent: bool = True,
    config_schema: Any = None,
) -> Any:
    """Make an :class:`IntermediateStorageDefinition` of a function that makes a storage.

    The function takes an :class:`InitIntermediateStorageContext`.

    Args:
        required_resource_keys: Keys of the resources that the function needs.
        name: The name under which run config chooses it. Default: the name of the function.
        is_persistent: Whether the values outlive the process. Default: True.
        config_schema: The schema of its config.

    Returns:
        The definition; with arguments, a decorator that makes it.

    Example:
        .. code-block:: python

            @intermediate_storage(config_schema={"base_dir": str})
            def shared_disk(init_context):
                base_dir = init_context.intermediate_storage_config["base_dir"]
                return build_intermediate_storage_from_object_store(
                    FilesystemObjectStore(base_dir), init_context, lambda run_id: f"{base_dir}/{run_id}"
                )
    """
    if is_function(required_resource_keys):
        return intermediate_storage()(required_resource_keys)

    def decorate(creation_fn: StorageFunction) -> IntermediateStorageDefinition:
        check_decorated("@intermediate_storage", creation_fn)
        return IntermediateStorageDefinition(
            name=name or creation_fn.__name__,
            is_persistent=is_persistent,
            required_resource_keys=required_resource_keys,
            config_schema=config_schema,
            intermediate_storage_creation_fn=creation_fn,
            description=creation_fn.__doc__,
        )

    return decorate


def check_decorated(decorator: str, decorated: object) -> None:
    """Refuse what is no function."""
    if not callable(decorated):
        raise check.ParameterCheckError(expected(f"what {decorator} decorates", "a function", decorated))


def memory_storage(init_context: InitStorageContext) -> ObjectStoreIntermediateStorage:
    """Return a storage of a run that keeps values in memory."""
    return build_intermediate_storage_from_object_store(InMemoryObjectStore(), init_context)


def filesystem_storage(
    init_context: InitStorageContext, base_dir: str | None
) -> ObjectStoreIntermediateStorage:
    """Return a storage of a run that keeps values in files.

    Args:
        init_context: The context that the function of the storage got.
        base_dir: The directory; values are below ``storage/RUN_ID`` in it. Default: the storage
            directory of the instance.

    Raises:
        DagsterInvalidDefinitionError: There is neither a directory nor an instance.
    """
    directory = storage_directory(init_context, base_dir)
    return build_intermediate_storage_from_object_store(
        FilesystemObjectStore(directory),
        init_context,
        lambda run_id: os.path.join(directory, safe_part(run_id)),
    )


def storage_directory(init_context: InitStorageContext, base_dir: str | None) -> str:
    """Return the directory that has one directory per run.

    Raises:
        DagsterInvalidDefinitionError: There is neither a base directory nor an instance.
    """
    if base_dir:
        return os.path.join(os.path.abspath(base_dir), "storage")
    if init_context.instance is None:
        raise DagsterInvalidDefinitionError(
            "The filesystem storage has no base_dir and there is no instance to give one. Configure it: "
            '{"filesystem": {"config": {"base_dir": "/some/dir"}}}.'
        )
    return os.path.abspath(init_context.instance.storage_directory())


def _memory(init_context: InitIntermediateStorageContext) -> IntermediateStorage:
    return memory_storage(init_context)


def _filesystem(init_context: InitIntermediateStorageContext) -> IntermediateStorage:
    config = init_context.intermediate_storage_config or {}
    return filesystem_storage(init_context, config.get("base_dir"))


#: The storage ``in_memory``: values live as long as the run. From the "Execution" document.
mem_intermediate_storage = IntermediateStorageDefinition(
    name="in_memory",
    is_persistent=False,
    required_resource_keys=None,
    intermediate_storage_creation_fn=_memory,
    description="Keeps the values between steps in memory, within one process.",
)

#: The storage ``filesystem``: values are files below ``base_dir``. From the "Execution" document.
fs_intermediate_storage = IntermediateStorageDefinition(
    name="filesystem",
    is_persistent=True,
    required_resource_keys=None,
    config_schema=BASE_DIR_SCHEMA,
    intermediate_storage_creation_fn=_filesystem,
    description="Keeps the values between steps in files.",
)

#: What a mode offers that names no intermediate storages. From the "Execution" document.
default_intermediate_storage_defs: Sequence[IntermediateStorageDefinition] = [
    mem_intermediate_storage,
    fs_intermediate_storage,
]
