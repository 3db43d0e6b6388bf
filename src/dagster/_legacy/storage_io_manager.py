"""The I/O manager that keeps values in a storage of the older generation."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import dagster._check as check
from dagster._config.evaluate import process_config
from dagster._core.definitions.types.builtins import ANY
from dagster._core.definitions.types.dagster_type import DagsterType
from dagster._core.errors import DagsterInvalidConfigError, DagsterInvariantViolationError
from dagster._core.events.event_type import DagsterEventType
from dagster._core.events.payloads import ObjectStoreOperationResultData
from dagster._core.io.context_base import EPHEMERAL_RUN_ID, IOContext
from dagster._core.io.contexts import InputContext
from dagster._core.io.file_manager import FileManager
from dagster._core.io.io_manager import IOManager, IOManagerDefinition
from dagster._core.io.output_context import OutputContext
from dagster._core.records.handles import StepOutputHandle
from dagster._core.records.metadata import MetadataValue
from dagster._legacy.intermediate_storage import IntermediateStorage, missing_value
from dagster._legacy.object_store import ObjectStoreOperation
from dagster._legacy.storage_definition import (
    InitIntermediateStorageContext,
    IntermediateStorageDefinition,
    StorageDefinition,
)
from dagster._legacy.system_storage import (
    InitSystemStorageContext,
    SystemStorageData,
    SystemStorageDefinition,
)
from dagster._text import expected

if TYPE_CHECKING:
    from dagster._core.definitions.resource.context import InitResourceContext

_OPERATION = DagsterEventType.OBJECT_STORE_OPERATION.value


class IntermediateStorageIOManager(IOManager):
    """Keep the outputs of steps in an intermediate storage.

    Each value is written and read in the way of the type of its output (its serialization strategy).
    What the storage does with an object store becomes an ``OBJECT_STORE_OPERATION`` event.

    Args:
        intermediate_storage: The storage of the run.
        run_id: The run.
        file_manager: Gives access to files; None where there are none.
    """

    def __init__(
        self,
        intermediate_storage: IntermediateStorage,
        run_id: str,
        file_manager: FileManager | None = None,
    ) -> None:
        self.intermediate_storage = check.inst_param(
            intermediate_storage, "intermediate_storage", IntermediateStorage
        )
        self.run_id = run_id
        self.file_manager = file_manager

    def handle_output(self, context: OutputContext, obj: Any) -> None:
        """Keep the value of an output."""
        made = self.intermediate_storage.set_intermediate(
            _step_context_of(context), _type_of(context), _handle_of(context), obj, context.version
        )
        if isinstance(made, ObjectStoreOperation):
            _report(context, made, f'Stored intermediate object for output "{context.name}"', "in")

    def has_output(self, context: OutputContext) -> bool | None:
        """Return whether the storage has a value, also of another run; None if it cannot tell."""
        handle = _handle_of(context)
        if context.run_id == self.run_id:
            return self.intermediate_storage.has_intermediate(_step_context_of(context), handle)
        return self.intermediate_storage.has_intermediate_of_run(context.run_id, handle)

    def load_input(self, context: InputContext) -> Any:
        """Return the value of the upstream output.

        A value of another run, which a re-execution asks for, is copied into this run first.

        Raises:
            DagsterStepOutputNotFoundError: The storage does not have it. The message says where it was
                looked for.
        """
        upstream = context.upstream_output
        if upstream is None:
            raise DagsterInvariantViolationError(
                f'An intermediate storage cannot load the input "{context.name}": no output feeds it. '
                "Give the input a root_manager_key, a type with a loader and config, or a default value."
            )
        storage = self.intermediate_storage
        handle = _handle_of(upstream)
        step_context = _step_context_of(context)
        if not storage.has_intermediate(step_context, handle):
            if upstream.run_id == self.run_id:
                raise missing_value(storage, handle, self.run_id)
            storage.copy_intermediate_from_run(step_context, upstream.run_id, handle)
        # The type of the output: it is the one that the value was written with.
        got = storage.get_intermediate(step_context, _type_of(upstream), handle)
        if not isinstance(got, ObjectStoreOperation):
            return got
        name = f'input "{context.name}"' if context.has_input_name else f'output "{upstream.name}"'
        _report(context, got, f"Retrieved intermediate object for {name}", "from")
        return got.obj


def _handle_of(output: OutputContext) -> StepOutputHandle:
    return StepOutputHandle(output.step_key, output.name, output.mapping_key)


def _type_of(output: OutputContext) -> DagsterType:
    """Return the type of an output; a context that was made by hand may know none."""
    try:
        return output.dagster_type
    except DagsterInvariantViolationError:
        return ANY


def _step_context_of(context: IOContext) -> Any:
    """Return the context of the step that runs; a context that was made by hand has none."""
    try:
        return context.step_context
    except DagsterInvariantViolationError:
        return None


def _report(context: IOContext, operation: ObjectStoreOperation, what: str, where: str) -> None:
    """Tell of an operation in an event of the step."""
    strategy = operation.serialization_strategy_name
    using = f" using {strategy}" if strategy else ""
    context.emit_event(
        _OPERATION,
        f"{what} {where} {operation.object_store_name} object store{using}.",
        ObjectStoreOperationResultData(
            op=operation.op.value,
            value_name=operation.value_name,
            address=operation.key,
            metadata={"key": MetadataValue.path(operation.key)},
            version=operation.version,
            mapping_key=operation.mapping_key,
        ),
    )


def io_manager_from_intermediate_storage(
    intermediate_storage_def: IntermediateStorageDefinition,
) -> IOManagerDefinition:
    """Make an I/O manager of an intermediate storage. Its config is that of the storage.

    Args:
        intermediate_storage_def: The storage.

    Example:
        .. code-block:: python

            ModeDefinition(
                resource_defs={"io_manager": io_manager_from_intermediate_storage(shared_disk)}
            )
    """
    check.inst_param(intermediate_storage_def, "intermediate_storage_def", IntermediateStorageDefinition)
    return _adapter(intermediate_storage_def)


def io_manager_from_system_storage(system_storage_def: SystemStorageDefinition) -> IOManagerDefinition:
    """Make an I/O manager of a system storage of 0.9. Its config is that of the storage.

    Args:
        system_storage_def: The storage.
    """
    check.inst_param(system_storage_def, "system_storage_def", SystemStorageDefinition)
    return _adapter(system_storage_def)


def io_manager_for_storage(
    storage_def: StorageDefinition,
    config: Any,
    *,
    pipeline_def: Any = None,
    mode_def: Any = None,
) -> IOManagerDefinition:
    """Make an I/O manager of a storage that has been chosen and configured. It takes no config itself.

    Args:
        storage_def: An intermediate storage or a system storage.
        config: What stands under its ``config`` in run config; None if nothing does.
        pipeline_def: The pipeline, for the init context of the storage.
        mode_def: The mode, for the init context of the storage.

    Raises:
        DagsterInvalidConfigError: The config does not fit the schema of the storage.
    """
    check.inst_param(storage_def, "storage_def", StorageDefinition)
    resolved = _resolved_config(storage_def, config)
    return _adapter(
        storage_def,
        config_schema={},
        config_of=lambda _init: resolved,
        pipeline_def=pipeline_def,
        mode_def=mode_def,
    )


def _resolved_config(storage_def: StorageDefinition, config: Any) -> Any:
    field = check.not_none(storage_def.config_field)
    if config is None:
        config = field.default_value if field.default_provided else {}
    result = process_config(field, config)
    if result.success:
        result = storage_def.apply_config_mapping(result.value)
    if not result.success:
        raise DagsterInvalidConfigError(
            f'Error in config for the storage "{storage_def.name}"', result.errors, config
        )
    return result.value


def _config_of_resource(init: InitResourceContext) -> Any:
    return init.resource_config


def _adapter(
    storage_def: StorageDefinition,
    *,
    config_schema: Any = None,
    config_of: Callable[[InitResourceContext], Any] = _config_of_resource,
    pipeline_def: Any = None,
    mode_def: Any = None,
) -> IOManagerDefinition:
    def make(init: InitResourceContext) -> IntermediateStorageIOManager:
        run = init.dagster_run
        run_id = EPHEMERAL_RUN_ID if run is None else run.run_id
        told = {
            "pipeline_def": pipeline_def,
            "mode_def": mode_def,
            "pipeline_run": run,
            "instance": init.instance,
            "environment_config": None if run is None else run.run_config,
            "resources": init.resources,
        }
        config = config_of(init)
        if isinstance(storage_def, SystemStorageDefinition):
            made = storage_def.create(
                InitSystemStorageContext(
                    system_storage_def=storage_def, system_storage_config=config, **told
                )
            )
            if not isinstance(made, SystemStorageData):
                storage_def.refuse_made("a SystemStorageData", made)
            return IntermediateStorageIOManager(made.intermediate_storage, run_id, made.file_manager)
        made = storage_def.create(
            InitIntermediateStorageContext(
                intermediate_storage_def=_intermediate(storage_def),
                intermediate_storage_config=config,
                **told,
            )
        )
        if not isinstance(made, IntermediateStorage):
            storage_def.refuse_made("an IntermediateStorage", made)
        return IntermediateStorageIOManager(made, run_id)

    return IOManagerDefinition(
        resource_fn=make,
        config_schema=storage_def.config_schema if config_schema is None else config_schema,
        description=storage_def.description,
        required_resource_keys=storage_def.required_resource_keys,
    )


def _intermediate(storage_def: StorageDefinition) -> IntermediateStorageDefinition:
    if not isinstance(storage_def, IntermediateStorageDefinition):
        raise check.ParameterCheckError(
            expected("storage_def", "an intermediate storage or a system storage", storage_def)
        )
    return storage_def
