"""The first stages of a step: load its inputs and check their types."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from dagster._core.definitions.types.dagster_type import DagsterType
from dagster._core.errors import (
    DagsterError,
    DagsterExecutionLoadInputError,
    DagsterInvariantViolationError,
    DagsterTypeCheckDidNotPass,
    DagsterTypeCheckError,
    DagsterTypeLoadingError,
    raise_from_user_code,
)
from dagster._core.events.event import DagsterEvent
from dagster._core.events.event_type import DagsterEventType
from dagster._core.events.payloads import LoadedInputData, StepInputData, TypeCheckData
from dagster._core.execution.io_contexts import StepInputContext, StepOutputContext
from dagster._core.execution.step_context import StepExecutionContext
from dagster._core.plan.sources import (
    FromConfig,
    FromDefaultValue,
    FromDirectInputValue,
    FromInputManager,
    FromMultipleSources,
    FromStepOutput,
    InputSource,
)
from dagster._core.plan.step import StepInput
from dagster._core.records.user_events import TypeCheck

_LOADED = DagsterEventType.LOADED_INPUT.value
_INPUT = DagsterEventType.STEP_INPUT.value


def load_inputs(context: StepExecutionContext, values: dict[str, Any]) -> Iterator[DagsterEvent]:
    """Load and check all inputs of a step.

    Args:
        context: The step.
        values: Gets the values by input name; inputs of type Nothing have none.
    """
    for step_input in context.step.inputs:
        if step_input.is_nothing:
            continue
        source = step_input.source
        if type(source) is FromStepOutput:
            value, event, earlier = _from_step_output(context, step_input, source)
            if earlier is not None:
                yield from earlier
            yield event
        else:
            box: list[Any] = []
            yield from _LOADERS[type(source)](context, step_input, source, box)
            value = box[0]
        yield check_input(context, step_input, value)
        values[step_input.name] = value


def check_input(context: StepExecutionContext, step_input: StepInput, value: Any) -> DagsterEvent:
    """Check the type of an input and return the event that says so.

    Raises:
        DagsterTypeCheckDidNotPass: If the value is not of the type.
    """
    dagster_type = step_input.dagster_type
    definition = step_input.definition
    if dagster_type.is_any:
        check = None
    else:
        check = run_type_check(context, dagster_type, value, "input", step_input.name)
    if check is None or (check.success and not check.metadata and not check.description):
        facts = definition.passed_event
        if facts is None:
            facts = definition.passed_event = (
                StepInputData(step_input.name, TypeCheckData(True, step_input.name)),
                f'Got input "{step_input.name}" of type "{dagster_type.display_name}". (Type check passed).',
            )
        return context.emit(_INPUT, facts[1], facts[0])
    data = TypeCheckData(check.success, step_input.name, check.description, check.metadata)
    outcome = "(Type check passed)." if check.success else "Warning! Type check failed."
    event = context.emit(
        _INPUT,
        f'Got input "{step_input.name}" of type "{dagster_type.display_name}". {outcome}',
        StepInputData(step_input.name, data),
    )
    if not check.success:
        context.log_user_event(event)  # handed on with the failure
        raise DagsterTypeCheckDidNotPass(
            description=(
                f'Type check failed for step input "{step_input.name}" - '
                f'expected type "{dagster_type.display_name}". '
                f"Description: {check.description or 'the check gave none'}"
            ),
            metadata=check.metadata,
            dagster_type=dagster_type,
        )
    return event


def run_type_check(
    context: StepExecutionContext, dagster_type: DagsterType, value: Any, what: str, name: str
) -> TypeCheck:
    """Run a type check inside an error boundary."""
    try:
        # Builtin checks need no context; making one is half the cost of a check.
        return dagster_type.type_check(
            context.for_type(dagster_type) if dagster_type.needs_context else None, value
        )
    except DagsterError:
        raise
    except Exception as exc:  # noqa: BLE001 - the boundary
        raise_from_user_code(
            DagsterTypeCheckError,
            exc,
            f'Error occurred while type-checking {what} "{name}" of type "{dagster_type.display_name}", '
            f'with Python value of type {type(value).__name__}, in step "{context.step.key}"',
        )


def _from_step_output(
    context: StepExecutionContext, step_input: StepInput, source: FromStepOutput
) -> tuple[Any, DagsterEvent, Sequence[DagsterEvent] | None]:
    """Return the value of an upstream output, the event that it was loaded, and those before it."""
    upstream_step = context.plan_context.step_of(source.step, source.step_key)
    manager_key = step_input.definition.connected_manager_key
    if manager_key is None:
        manager_key = upstream_step.outputs[source.output_name].io_manager_key
    upstream = StepOutputContext(context, upstream_step, source.output_name, source.mapping_key)
    return _load_with_manager(context, step_input, upstream, manager_key)


def _load_with_manager(
    context: StepExecutionContext,
    step_input: StepInput,
    upstream: StepOutputContext | None,
    manager_key: str,
) -> tuple[Any, DagsterEvent, Sequence[DagsterEvent] | None]:
    io_context = StepInputContext(context, step_input, upstream, manager_key)
    manager = context.plan_context.resources_by_key.get(manager_key)
    if manager is None or not hasattr(manager, "load_input"):
        manager = context.io_manager(manager_key)
    try:
        value = manager.load_input(io_context)
    except DagsterError:
        raise
    except Exception as exc:  # noqa: BLE001 - the boundary
        raise_from_user_code(
            DagsterExecutionLoadInputError,
            exc,
            f'Error occurred while loading input "{step_input.name}" of step "{context.step.key}"',
            step_key=context.step.key,
            input_name=step_input.name,
        )
    metadata = io_context.consume_logged_metadata()
    earlier = io_context._events  # noqa: SLF001 - asking costs a generator
    if upstream is None:
        event = context.emit(
            _LOADED,
            f'Loaded input "{step_input.name}" using input manager "{manager_key}"',
            LoadedInputData(step_input.name, manager_key, None, None, metadata),
        )
        return value, event, earlier
    output_name, step_key, run_id = upstream.name, upstream.step_key, upstream.run_id
    own = run_id == context.plan_context.run_id
    event = context.emit(
        _LOADED,
        f'Loaded input "{step_input.name}" using input manager "{manager_key}", from output '
        f'"{output_name}" of step "{step_key}"{"" if own else f" of run {run_id}"}',
        LoadedInputData(
            step_input.name, manager_key, output_name, step_key, metadata, None if own else run_id
        ),
    )
    return value, event, earlier


Loader = Callable[[StepExecutionContext, StepInput, Any, list[Any]], Iterator[DagsterEvent]]


def _load_output(
    context: StepExecutionContext, step_input: StepInput, source: FromStepOutput, box: list[Any]
) -> Iterator[DagsterEvent]:
    value, event, earlier = _from_step_output(context, step_input, source)
    box.append(value)
    yield from earlier or ()
    yield event


def _load_many(
    context: StepExecutionContext, step_input: StepInput, source: FromMultipleSources, box: list[Any]
) -> Iterator[DagsterEvent]:
    values: list[Any] = []
    for inner in source.sources:
        yield from _LOADERS[type(inner)](context, step_input, inner, values)
    box.append(values)


def _load_default(
    context: StepExecutionContext, step_input: StepInput, source: FromDefaultValue, box: list[Any]
) -> Iterator[DagsterEvent]:
    box.append(source.value)
    return iter(())


def _load_direct(
    context: StepExecutionContext, step_input: StepInput, source: FromDirectInputValue, box: list[Any]
) -> Iterator[DagsterEvent]:
    box.append(source.value)
    return iter(())


def _load_config(
    context: StepExecutionContext, step_input: StepInput, source: FromConfig, box: list[Any]
) -> Iterator[DagsterEvent]:
    config = context.plan_context.run_config_resolved
    inputs = config.for_op(source.node).inputs if source.node else config.inputs
    loader = step_input.dagster_type.loader
    if loader is None:
        raise DagsterInvariantViolationError(
            f'Input "{step_input.name}" of step "{context.step.key}" is given by config, but its type '
            f"{step_input.dagster_type.display_name} has no loader."
        )
    try:
        loader_context = context.get_type_loader_context(loader.required_resource_keys())
        box.append(loader.construct_from_config_value(loader_context, inputs[source.input_name]))
    except DagsterError:
        raise
    except Exception as exc:  # noqa: BLE001 - the boundary
        raise_from_user_code(
            DagsterTypeLoadingError,
            exc,
            f'Error occurred while loading input "{step_input.name}" of step "{context.step.key}" from '
            "run config",
        )
    return iter(())


def _load_managed(
    context: StepExecutionContext, step_input: StepInput, source: FromInputManager, box: list[Any]
) -> Iterator[DagsterEvent]:
    key = step_input.definition.input_manager_key
    assert key is not None  # the plan made the source because of it
    value, event, earlier = _load_with_manager(context, step_input, None, key)
    box.append(value)
    yield from earlier or ()
    yield event


_LOADERS: dict[type[InputSource], Loader] = {
    FromStepOutput: _load_output,
    FromMultipleSources: _load_many,
    FromDefaultValue: _load_default,
    FromDirectInputValue: _load_direct,
    FromConfig: _load_config,
    FromInputManager: _load_managed,
}
