"""The middle stage of a step: call the op's function and read what it gives as events.

Functions may be plain, generators, coroutines or async generators. What they give is a value, an
:class:`Output`, several of them, or events.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping
from types import AsyncGeneratorType, CoroutineType, GeneratorType
from typing import TYPE_CHECKING, Any, NoReturn

from dagster._core.definitions.outputs import DEFAULT_OUTPUT
from dagster._core.errors import (
    DagsterError,
    DagsterExecutionInterruptedError,
    DagsterExecutionStepExecutionError,
    DagsterInvariantViolationError,
    raise_from_user_code,
)
from dagster._core.execution.op_context import CURRENT_STEP
from dagster._core.records.user_events import (
    AssetMaterialization,
    AssetObservation,
    DynamicOutput,
    ExpectationResult,
    Failure,
    Materialization,
    Output,
    RetryRequested,
)
from dagster._text import did_you_mean, listed, shown

if TYPE_CHECKING:
    from dagster._core.definitions.op.definition import OpDefinition
    from dagster._core.execution.step_context import StepExecutionContext

#: What passes through every boundary: the run is told to stop.
INTERRUPTS = (KeyboardInterrupt, DagsterExecutionInterruptedError)
#: What a function gave that is not a plain value: read it with :func:`read_stream`.
STREAMS = (GeneratorType, AsyncGeneratorType)
#: What functions give that is not data.
EVENT_CLASSES = (
    Output,
    DynamicOutput,
    AssetMaterialization,
    AssetObservation,
    ExpectationResult,
    Materialization,
)


def call_op(context: StepExecutionContext, inputs: Mapping[str, Any]) -> Any:
    """Call the function of a step's op and return what it returns; a coroutine is run to its end.

    Raises:
        DagsterExecutionStepExecutionError: If it raises.
    """
    return _run_user_code(context, _invoke, context, inputs)


def _invoke(context: StepExecutionContext, inputs: Mapping[str, Any]) -> Any:
    function = context.step.op_def.function
    op_context = context.op_context if function.has_context or function.takes_extras else None
    result = function.invoke(op_context, inputs)
    if type(result) is CoroutineType:
        return context.plan_context.coroutines.run(result)
    return result


def _run_user_code(context: StepExecutionContext, fn: Callable[..., Any], *args: Any) -> Any:
    """Call a function of the user inside the error boundary, with the step as the current one."""
    outer = CURRENT_STEP.get()
    CURRENT_STEP.set(context)
    log = context.log
    log.begin_python_log_capture()
    try:
        return fn(*args)
    except INTERRUPTS:
        raise
    except BaseException as exc:  # noqa: BLE001 - the boundary; sys.exit() ends the op only
        raise_user_error(context, exc)
    finally:
        log.end_python_log_capture()
        CURRENT_STEP.set(outer)


def raise_user_error(context: StepExecutionContext, exc: BaseException) -> NoReturn:
    """Raise what the boundary around an op makes of an exception in its function."""
    if isinstance(exc, (DagsterError, Failure, RetryRequested)):
        raise exc
    step = context.step
    raise_from_user_code(
        DagsterExecutionStepExecutionError,
        exc,
        f'Error occurred while executing {step.op_def.node_kind} "{step.node.name}":',
        step_key=step.key,
        op_name=step.node.name,
        op_def_name=step.op_def.name,
    )


def read_stream(context: StepExecutionContext, stream: Any) -> Generator[Any]:
    """Yield what a generator function gives, each piece asked for inside the error boundary."""
    if isinstance(stream, AsyncGeneratorType):
        stream = _drain(context, stream)
    try:
        while True:
            item, is_last = _run_user_code(context, _advance, stream)
            if not is_last:
                yield item
                continue
            if item is not None:
                yield from events_of_value(context.step.op_def, item)
            return
    finally:
        stream.close()


def _advance(stream: Any) -> tuple[Any, bool]:
    """Return the next item of a generator, or what it returned at its end."""
    try:
        return next(stream), False
    except StopIteration as end:
        return end.value, True


def _drain(context: StepExecutionContext, stream: AsyncGeneratorType[Any, Any]) -> Generator[Any]:
    run = context.plan_context.coroutines.run
    try:
        while True:
            try:
                yield run(stream.__anext__())
            except StopAsyncIteration:
                return
    finally:
        run(stream.aclose())


def events_of_value(op_def: OpDefinition, value: Any) -> Generator[Any]:
    """Yield the outputs and events that a returned value means.

    Args:
        op_def: The op that returned it.
        value: A plain value, an Output, a tuple or dict of these for several outputs, or an event.

    Raises:
        DagsterInvariantViolationError: If the value does not fit the op's outputs.
    """
    defs = op_def.output_defs
    if is_event(value):
        yield _named_by_definition(op_def, value)
    elif len(defs) == 1:
        yield from _single_output(op_def, value)
    elif not defs:
        if value is not None:
            raise DagsterInvariantViolationError(
                f"Error in {op_def.describe_node()}: it has no outputs, but its function returned "
                f"{shown(value)}. Declare an output, or return nothing."
            )
    elif isinstance(value, Mapping) and not isinstance(value, Output):
        yield from _outputs_by_name(op_def, value)
    elif isinstance(value, tuple):
        yield from _outputs_by_position(op_def, value)
    elif isinstance(value, list) and value and all(is_event(item) for item in value):
        yield from value
    elif value is not None:
        raise DagsterInvariantViolationError(
            f"Error in {op_def.describe_node()}: it has multiple outputs ({listed(op_def.output_dict)}), "
            f"but its function returned {shown(value)} of type {type(value).__name__}. Return a tuple with "
            "one value for each, a dict by output name, or yield Output objects."
        )


def _named_by_definition(op_def: OpDefinition, event: Any) -> Any:
    """Return a returned output object under the name of the only output, if it has none of its own."""
    defs = op_def.output_defs
    if (
        isinstance(event, Output)
        and len(defs) == 1
        and event.output_name == DEFAULT_OUTPUT != defs[0].name
        and not defs[0].is_dynamic
    ):
        return Output(event.value, defs[0].name, event.metadata, event.data_version, tags=event.tags)
    return event


def _single_output(op_def: OpDefinition, value: Any) -> Iterator[Any]:
    output_def = op_def.output_defs[0]
    if output_def.is_dynamic:
        if isinstance(value, (list, tuple)) and all(is_event(item) for item in value):
            yield from value
            return
        if value is None and output_def.optional:
            return
        raise DagsterInvariantViolationError(
            f"Error in {op_def.describe_node()}: output '{output_def.name}' is dynamic, so its function "
            f"must yield DynamicOutput objects or return a list of them, got: {shown(value)}. Each needs a "
            "value and a mapping_key."
        )
    yield Output(value, output_def.name)


def _outputs_by_name(op_def: OpDefinition, value: Mapping[Any, Any]) -> Iterator[Any]:
    for name, item in value.items():
        if name not in op_def.output_dict:
            raise DagsterInvariantViolationError(
                f"Error in {op_def.describe_node()}: its function returned a dict with the key "
                f"{shown(name)}, which is not one of its outputs.{did_you_mean(str(name), op_def.output_dict)}"
                f" Its outputs: {listed(op_def.output_dict)}."
            )
        yield from _named(op_def, name, item)


def _outputs_by_position(op_def: OpDefinition, value: tuple[Any, ...]) -> Iterator[Any]:
    if value and all(is_event(item) for item in value):
        named = [item.output_name for item in value if isinstance(item, Output)]
        if len(set(named)) == len(named) and set(named) != {"result"}:
            yield from value
            return
    if len(value) != len(op_def.output_defs):
        raise DagsterInvariantViolationError(
            f"Error in {op_def.describe_node()}: it has {len(op_def.output_defs)} outputs "
            f"({listed(op_def.output_dict)}), but its function returned a tuple of length {len(value)}: "
            f"{shown(value)}. Return one value for each output, in the order of their definition."
        )
    for output_def, item in zip(op_def.output_defs, value, strict=True):
        yield from _named(op_def, output_def.name, item)


def _named(op_def: OpDefinition, name: str, item: Any) -> Iterator[Any]:
    output_def = op_def.output_dict[name]
    if output_def.is_dynamic:
        for each in item if isinstance(item, (list, tuple)) else [item]:
            if not isinstance(each, DynamicOutput):
                raise DagsterInvariantViolationError(
                    f"Error in {op_def.describe_node()}: output '{name}' is dynamic and takes a list of "
                    f"DynamicOutput objects, got: {shown(each)}"
                )
            yield (
                each
                if each.output_name == name
                else DynamicOutput(each.value, each.mapping_key, name, each.metadata)
            )
    elif isinstance(item, Output):
        if item.output_name not in (name, "result"):
            raise DagsterInvariantViolationError(
                f"Error in {op_def.describe_node()}: bad state: received a tuple of outputs. An output was "
                f"explicitly named '{item.output_name}', which does not match the output definition "
                f"specified for this position: '{name}'."
            )
        yield (
            item
            if item.output_name == name
            else Output(item.value, name, item.metadata, item.data_version, tags=item.tags)
        )
    else:
        yield Output(item, name)


def is_event(value: Any) -> bool:
    """Return whether a value is an output or event object and not plain data."""
    return isinstance(value, EVENT_CLASSES)
