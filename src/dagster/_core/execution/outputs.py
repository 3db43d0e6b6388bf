"""The last stages of a step: check the outputs that its function gives, and store them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from dagster._core.definitions.types.builtin_schemas import FILE_MATERIALIZER
from dagster._core.definitions.types.materializer import materialize_value
from dagster._core.errors import (
    DagsterError,
    DagsterExecutionHandleOutputError,
    DagsterInvariantViolationError,
    DagsterStepOutputNotFoundError,
    DagsterTypeCheckDidNotPass,
    DagsterTypeMaterializationError,
    raise_from_user_code,
)
from dagster._core.events.event import DagsterEvent
from dagster._core.events.event_type import DagsterEventType
from dagster._core.events.payloads import HandledOutputData, StepOutputData, TypeCheckData
from dagster._core.execution.inputs import run_type_check
from dagster._core.execution.io_contexts import StepOutputContext
from dagster._core.execution.step_context import StepExecutionContext
from dagster._core.io.io_manager import IOManager
from dagster._core.plan.step import StepOutput
from dagster._core.records.handles import StepOutputHandle
from dagster._core.records.metadata import NO_METADATA, MetadataEntry, MetadataValue
from dagster._core.records.user_events import (
    AssetMaterialization,
    AssetObservation,
    DynamicOutput,
    Materialization,
    Output,
)
from dagster._text import did_you_mean, expected, listed

_OUTPUT = DagsterEventType.STEP_OUTPUT.value
_HANDLED = DagsterEventType.HANDLED_OUTPUT.value

#: What was given so far: output names, and for dynamic ones names with keys.
Seen = set[Any]


def take_output(
    context: StepExecutionContext, given: Output[Any] | DynamicOutput[Any], seen: Seen
) -> Iterator[DagsterEvent]:
    """Check and store an output object that the op gave.

    Raises:
        DagsterInvariantViolationError: If the op has no such output, or gives it twice, or it is dynamic
            and the object is not, or the reverse.
    """
    name = given.output_name
    output = context.step.outputs.get(name)
    if output is None:
        raise DagsterInvariantViolationError(
            f'Core compute for {context.describe_op()} returned an output "{name}" that does not exist.'
            f"{did_you_mean(name, context.step.outputs)} Its outputs: {listed(context.step.outputs)}."
        )
    if isinstance(given, DynamicOutput):
        mapping_key = given.mapping_key
        if not output.is_dynamic:
            raise DagsterInvariantViolationError(
                f'Compute for {context.describe_op()} for output "{name}" defined as OutputDefinition must '
                "emit Output, got DynamicOutput. Declare it with DynamicOut."
            )
        key: Any = (name, mapping_key)
        if key in seen:
            raise DagsterInvariantViolationError(
                f"Compute for {context.describe_op()} yielded a DynamicOutput with mapping_key "
                f'"{mapping_key}" multiple times.'
            )
        seen.add(key)
    else:
        mapping_key = None
        if output.is_dynamic:
            raise DagsterInvariantViolationError(
                f'Compute for {context.describe_op()} for output "{name}" defined as '
                "DynamicOutputDefinition must emit DynamicOutput, got Output. It needs a mapping_key."
            )
        if name in seen:
            raise DagsterInvariantViolationError(
                f'Compute for {context.describe_op()} returned an output "{name}" multiple times'
            )
    seen.add(name)
    version = given.data_version if isinstance(given, Output) else None
    return store_value(
        context,
        output,
        given.value,
        mapping_key,
        given.metadata,
        None if version is None else version.value,
    )


def store_value(
    context: StepExecutionContext,
    output: StepOutput,
    value: Any,
    mapping_key: str | None,
    metadata: Mapping[str, MetadataValue],
    version: str | None = None,
) -> Iterator[DagsterEvent]:
    """Check the type of a value, say that it was given, and store it.

    Args:
        context: The step.
        output: The output.
        value: The value.
        mapping_key: Its key, if the output is dynamic.
        metadata: Metadata that the op gave with it.
        version: The version of the data, if the op gave one.
    """
    if context.output_metadata is not None:
        added = context.output_metadata.get((output.name, mapping_key))
        if added:
            metadata = {**metadata, **added}
    yield _check_output(context, output, value, mapping_key, metadata, version)
    plan_context = context.plan_context
    capture = plan_context.output_capture
    if capture is not None:
        capture[context.step.key, output.name, mapping_key] = value
    if context.output_values is not None:
        _keep_for_hooks(context.output_values, output, value, mapping_key)
    if output.is_nothing:
        return
    config = context.config.outputs
    if isinstance(config, list):
        yield from _materialize(context, output, value, config)
    yield from _handle(context, output, value, mapping_key, metadata)


def _keep_for_hooks(
    kept: dict[str, Any], output: StepOutput, value: Any, mapping_key: str | None
) -> None:
    if mapping_key is None:
        kept[output.name] = value
    else:
        kept.setdefault(output.name, {})[mapping_key] = value


def _check_output(
    context: StepExecutionContext,
    output: StepOutput,
    value: Any,
    mapping_key: str | None,
    metadata: Mapping[str, MetadataValue],
    version: str | None,
) -> DagsterEvent:
    dagster_type = output.dagster_type
    if dagster_type.is_any:
        check = None
    else:
        check = run_type_check(context, dagster_type, value, "output", output.name)
    handle = StepOutputHandle(context.step.key, output.name, mapping_key)
    if check is None or (check.success and not check.metadata and not check.description):
        facts = output.passed_event
        if facts is None:
            facts = output.passed_event = (
                TypeCheckData(True, output.name),
                f'Yielded output "{output.name}" of type "{dagster_type.display_name}". (Type check passed).',
            )
        data = StepOutputData(handle, facts[0], version, metadata)
        if mapping_key is None:
            return context.emit(_OUTPUT, facts[1], data)
        return context.emit(
            _OUTPUT,
            f'Yielded output "{output.name}" mapping key "{mapping_key}" of type '
            f'"{dagster_type.display_name}". (Type check passed).',
            data,
        )
    type_data = TypeCheckData(check.success, output.name, check.description, check.metadata)
    outcome = "(Type check passed)." if check.success else "Warning! Type check failed."
    keyed = f' mapping key "{mapping_key}"' if mapping_key is not None else ""
    event = context.emit(
        _OUTPUT,
        f'Yielded output "{output.name}"{keyed} of type "{dagster_type.display_name}". {outcome}',
        StepOutputData(handle, type_data, version, metadata),
    )
    if not check.success:
        context.log_user_event(event)  # handed on with the failure
        raise DagsterTypeCheckDidNotPass(
            description=(
                f'Type check failed for step output "{output.name}" - '
                f'expected type "{dagster_type.display_name}". '
                f"Description: {check.description or 'the check gave none'}"
            ),
            metadata=check.metadata,
            dagster_type=dagster_type,
        )
    return event


def _handle(
    context: StepExecutionContext,
    output: StepOutput,
    value: Any,
    mapping_key: str | None,
    metadata: Mapping[str, MetadataValue],
) -> Iterator[DagsterEvent]:
    """Store a value with its I/O manager and say so."""
    key = output.io_manager_key
    manager = context.plan_context.resources_by_key.get(key)
    if manager is None or not hasattr(manager, "handle_output"):
        manager = context.io_manager(key)
    io_context = StepOutputContext(context, context.step, output.name, mapping_key, metadata)
    logged: dict[str, MetadataValue] = {}
    try:
        returned = manager.handle_output(io_context, value)
        if returned is not None:
            for item in returned if hasattr(returned, "__next__") else [returned]:
                if isinstance(item, (AssetMaterialization, AssetObservation, Materialization)):
                    yield context.emit_user_event(item)
                elif isinstance(item, MetadataEntry):
                    logged[item.label] = item.value
                else:
                    raise DagsterInvariantViolationError(
                        f'The I/O manager "{key}" must return None from handle_output, or yield '
                        f"AssetMaterialization or MetadataEntry objects; "
                        + expected("what it gave", "one of these", item)
                    )
    except DagsterError:
        raise
    except Exception as exc:  # noqa: BLE001 - the boundary
        raise_from_user_code(
            DagsterExecutionHandleOutputError,
            exc,
            f'Error occurred while handling output "{output.name}" of step "{context.step.key}"',
            step_key=context.step.key,
            output_name=output.name,
        )
    if io_context._events is not None:  # noqa: SLF001 - asking costs a generator
        yield from io_context.consume_events()
    if io_context._logged_metadata is not None:  # noqa: SLF001 - as above
        logged.update(io_context.consume_logged_metadata())
    asset_key = _asset_key(io_context, output, manager)
    if asset_key is not None:
        yield context.emit_user_event(
            AssetMaterialization(asset_key=asset_key, metadata={**metadata, **logged})
        )
    if logged:
        data = HandledOutputData(output.name, key, logged)
    else:
        data = output.handled_data
        if data is None:
            data = output.handled_data = HandledOutputData(output.name, key, NO_METADATA)
    yield context.emit(_HANDLED, f'Handled output "{output.name}" using IO manager "{key}"', data)


def _asset_key(io_context: StepOutputContext, output: StepOutput, manager: Any) -> Any:
    """Return the asset that an output is, by its definition or its I/O manager."""
    key = output.definition.asset_key
    if key is not None:
        return key(io_context) if callable(key) else key
    get_key = getattr(type(manager), "get_output_asset_key", None)
    if get_key is None or get_key is IOManager.get_output_asset_key:
        return None
    return manager.get_output_asset_key(io_context)


def _materialize(
    context: StepExecutionContext, output: StepOutput, value: Any, config: list[Mapping[str, Any]]
) -> Iterator[DagsterEvent]:
    """Write a value where the ``outputs`` of run config say."""
    materializer = output.dagster_type.materializer or FILE_MATERIALIZER
    for entry in config:
        if output.name not in entry:
            continue
        try:
            io_context = context.get_type_loader_context(materializer.required_resource_keys())
            written = materialize_value(materializer, io_context, entry[output.name], value)
        except DagsterError:
            raise
        except Exception as exc:  # noqa: BLE001 - the boundary
            raise_from_user_code(
                DagsterTypeMaterializationError,
                exc,
                f'Error occurred during output materialization of output "{output.name}" of step '
                f'"{context.step.key}"',
            )
        for materialization in written:
            yield context.emit_user_event(materialization)


def check_all_given(context: StepExecutionContext, seen: Seen) -> Iterator[DagsterEvent]:
    """Refuse a step that ended without a required output; give those of type Nothing by themselves.

    Raises:
        DagsterStepOutputNotFoundError: With the missing output.
    """
    for name, output in context.step.outputs.items():
        if name in seen:
            continue
        if output.is_nothing and not output.is_dynamic:
            yield from store_value(context, output, None, None, NO_METADATA)
        elif output.is_required and not output.is_dynamic:
            given = f" It gave: {listed(n for n in seen if isinstance(n, str))}." if seen else ""
            raise DagsterStepOutputNotFoundError(
                f"Core compute for {context.describe_op()} did not return an output for non-optional "
                f'output "{name}".{given} Yield it, or declare it with is_required=False.',
                step_key=context.step.key,
                output_name=name,
            )
